"""What silos' privacy budgets were spent on: entries that are added, never changed.

A run reserves what it may release of a silo before anything leaves it, and settles
afterwards for the steps that did leave. What is not settled counts whole, so a crash
spends its reservation. All that is reserved for a silo on the days of a window (in UTC)
costs no more than its budget, together, and a window of other days that still lasts
counts with it. Each training counts, so choosing the best of
several is paid for by all of them.

Each entry holds the hash of the one before, and its own number once: of two runs that
add an entry at the same moment one finds the number taken, and looks at the balance
again. Who can write to the store can make a new chain; the hash on a run's page tells.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from components.errors import FairSiloError, SettingsError
from components.payloads.privacy import Balance
from components.privacy.accounting import Mechanism, epsilon
from components.privacy.settings import PrivacySettings
from components.store import MYSQL, Store, StoreDownError

_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_TRIES = 60  # to add an entry while others do
_ENTRIES = sa.Table(
    "privacy_ledger",
    sa.MetaData(),
    sa.Column("use_case", sa.String(128), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("settles", sa.Integer),
    sa.Column("release_json", sa.Text, nullable=False),
    *(
        sa.Column(name, sa.String(128), nullable=False)
        for name in ("silo", "run_id", "at", "previous", "hash")
    ),
    **MYSQL,
)
_OWN = _ENTRIES.c


class BudgetSpentError(FairSiloError):
    """A silo's budget does not suffice for a run."""


@dataclasses.dataclass(frozen=True)
class Window:
    """Days in which a budget holds, in UTC."""

    first: date
    last: date

    @property
    def resets_on(self) -> date:
        """The first day on which the budget is full again."""
        return self.last + timedelta(1)

    def holds(self, at: str) -> bool:
        """Return whether a time lies in it."""
        return self.first <= datetime.fromisoformat(at).date() <= self.last


def window_of(setting: str, today: date) -> Window:
    """Return the window in which a day (of UTC) lies, from `privacy.window`.

    Raises:
        SettingsError: The setting is no window, or one of other days.
    """
    if months := _MONTHS.get(setting):
        first = today.replace(month=(today.month - 1) // months * months + 1, day=1)
        following = (first + timedelta(31 * months)).replace(day=1)
        return Window(first, following - timedelta(1))
    found = f"`{setting}`"
    with contextlib.suppress(ValueError):
        first, last = map(date.fromisoformat, setting.split("/"))
        if first <= today <= last < date.max:
            return Window(first, last)
        if first <= last < date.max:
            when = f"ended on {last}" if last < today else f"begins on {first}"
            found += f", a window that {when}"
    raise SettingsError(
        f"privacy.window: found {found}, expected `month`, `quarter`, `year`, or days "
        f"that hold today ({today}), such as `{today}/{today + timedelta(364)}`"
    )


@dataclasses.dataclass(frozen=True)
class Budget:
    """What releases of a silo may cost together."""

    epsilon: float
    delta: float


def budget_of(settings: PrivacySettings, silo: str) -> Budget:
    """Return a silo's budget: its own where it asks for one, or the federation's."""
    own = settings.of_silo(silo)
    return Budget(own.epsilon, own.delta)


@dataclasses.dataclass(frozen=True)
class Entry:
    """A reservation, or what settles one."""

    silo: str = ""
    run_id: str = ""
    settles: int | None = None  # the reservation's number; None: it is one
    release_json: str = ""  # mechanism, what it costs alone, last day of its window
    at: str = ""  # ISO 8601, UTC
    number: int = 0  # from 1
    previous: str = ""  # hash of the entry before
    hash: str = ""  # SHA-256 of all else, and of the use case, as canonical JSON

    @property
    def mechanism(self) -> Mechanism:
        """What is released; where it is settled, with the steps that were."""
        return Mechanism(**json.loads(self.release_json)["mechanism"])

    @property
    def cost(self) -> Budget:
        """What it costs alone, at the delta of then."""
        return Budget(**json.loads(self.release_json)["cost"])

    @property
    def until(self) -> date:
        """Last day of the window that it was reserved in."""
        return date.fromisoformat(json.loads(self.release_json)["until"])

    def hashed(self, use_case: str) -> str:
        """Return what its hash should be."""
        fields = {**dataclasses.asdict(self), "hash": "", "use_case": use_case}
        text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class PrivacyLedger:
    """One use case's entries in a store, given by its URL or a reference to it.

    Raises:
        StoreDownError: The store does not answer: nothing may leave a silo.
    """

    def __init__(
        self, url: str, use_case: str, now: Callable[..., datetime] = datetime.now
    ) -> None:
        self._store = Store(url, _ENTRIES.metadata)
        self._use_case = use_case
        self._now = now

    def reserve(
        self,
        run_id: str,
        silo: str,
        window: Window,
        budget: Budget,
        mechanism: Mechanism,
    ) -> int:
        """Reserve what a run may release of a silo, and return the entry's number.

        Raises:
            BudgetSpentError: With what is reserved it would cost more than the budget.
            SettingsError: The window is not that of now.
        """

        def made(at: str, entries: list[Entry]) -> Entry:
            if not window.holds(at):
                raise SettingsError(
                    f"privacy.window: found {window.first} to {window.last}, expected "
                    f"days that hold the time of the ledger's next entry, {at}",
                    "start the run anew; if that doesn't help, check the clocks",
                )
            held, new = list(_held(entries, window).values()), [mechanism]
            together = epsilon([*held, *new], budget.delta)
            if together > budget.epsilon:
                spent, more = (epsilon(one, budget.delta) for one in (held, new))
                raise BudgetSpentError(
                    f"silo `{silo}`: found {spent:.3g} of its privacy budget spent or "
                    f"reserved since {window.first}, and a run that asks for "
                    f"{more:.3g}, together {together:.3g}, expected at most "
                    f"{budget.epsilon:g} until it is full again on {window.resets_on}",
                    "wait for that day, let a run spend less (`privacy.run_epsilon`), "
                    "or agree on a larger budget with the silo's owner",
                )
            release = _json(mechanism, budget.delta, window.last)
            return Entry(silo, run_id, None, release, at)

        return self._add(made, _OWN.silo == silo)

    def settle(self, number: int, steps: int) -> None:
        """Record how many steps of a reservation were released; 0 takes it back.

        Raises:
            FairSiloError: There is no such reservation, it has fewer steps, or it is
                settled already.
        """

        def made(at: str, entries: list[Entry]) -> Entry:
            whole, *settled = entries or [Entry(settles=-1)]
            if settled or whole.settles or not 0 <= steps <= whole.mechanism.steps:
                raise FairSiloError(
                    f"{self._named(number)}: found {steps:,} steps to settle, expected "
                    "a reservation of as many or more that is not settled yet"
                )
            released = dataclasses.replace(whole.mechanism, steps=steps)
            release = _json(released, whole.cost.delta, whole.until)
            return Entry(whole.silo, whole.run_id, number, release, at)

        self._add(made, sa.or_(_OWN.number == number, _OWN.settles == number))

    def balance(self, silo: str, window: Window, budget: Budget) -> Balance:
        """Return what a silo has spent in a window, and what is reserved."""
        _, entries = self._read(_OWN.silo == silo)
        held = _held(entries, window)
        settled = [held[one.settles] for one in entries if one.settles in held]
        spent, reserved = (epsilon(x, budget.delta) for x in (settled, held.values()))
        return Balance(budget.epsilon, spent, reserved, window.resets_on.isoformat())

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first."""
        return self._read(sa.true())[1]

    def head(self) -> str:
        """Return the hash of the last entry; empty where there is none."""
        return self._read(sa.false())[0].hash

    def verify(self, head: str = "") -> None:
        """Compute the chain of hashes anew; it must hold `head`, of a run's page.

        Raises:
            FairSiloError: The chain does not hold; the first bad entry is named.
        """
        entries, previous = self.entries(), ""
        hashes = [one.hashed(self._use_case) for one in entries]
        bad = 0
        for number, (one, computed) in enumerate(zip(entries, hashes, strict=True), 1):
            if (one.number, one.previous, one.hash) != (number, previous, computed):
                bad = number
                break
            previous = one.hash
        if bad:
            raise FairSiloError(
                f"{self._named(bad)}: found it changed, removed or in another's place, "
                "expected the one that was added",
                "find out by whom, and restore the store from a copy before anything "
                "is trained",
            )
        if head and head not in hashes:
            raise FairSiloError(
                f"the privacy ledger of `{self._use_case}`: found no entry with the "
                f"hash `{head}` among {len(entries):,}, expected one: that of a run's "
                "page is never removed",
                "compare the hash with the page; if it is the same, the ledger's end "
                "was cut, or the ledger made anew: find out by whom",
            )

    def _named(self, number: int) -> str:
        return f"entry {number} of the privacy ledger of `{self._use_case}`"

    def _add(
        self, made: Callable[[str, list[Entry]], Entry], which: sa.ColumnElement[bool]
    ) -> int:
        """Add what `made` makes of the time and some entries; return its number."""
        for _ in range(_TRIES):
            head, entries = self._read(which)
            number = head.number + 1
            now = self._now(UTC).isoformat(timespec="seconds")
            # A clock that is behind must not count an entry in a window before.
            entry = made(max(now, head.at), entries)
            entry = dataclasses.replace(entry, number=number, previous=head.hash)
            row = {**dataclasses.asdict(entry), "hash": entry.hashed(self._use_case)}
            # Else another was faster, or holds the store, or won a deadlock.
            with contextlib.suppress(sa.exc.IntegrityError, StoreDownError):
                with self._store.begin() as connection:
                    row["use_case"] = self._use_case
                    connection.execute(_ENTRIES.insert().values(**row))
                return number
        raise StoreDownError(f"{self._named(number)}: others hold it", "try again")

    def _read(self, which: sa.ColumnElement[bool]) -> tuple[Entry, list[Entry]]:
        """Return the last entry, and all for which a condition holds."""
        columns = [_OWN[field.name] for field in dataclasses.fields(Entry)]
        query = sa.select(*columns).where(_OWN.use_case == self._use_case)
        last = query.order_by(_OWN.number.desc()).limit(1)
        with self._store.begin() as connection:
            # In this order: one that comes between them takes the next number.
            head = connection.execute(last).one_or_none() or ()
            rows = connection.execute(query.where(which).order_by(_OWN.number))
            return Entry(*head), [Entry(*row) for row in rows]


def _json(released: Mechanism, delta: float, until: date) -> str:
    cost = {"epsilon": epsilon([released], delta), "delta": delta}
    found = {"mechanism": dataclasses.asdict(released), "cost": cost}
    return json.dumps(found | {"until": until.isoformat()})


def _held(entries: list[Entry], window: Window) -> dict[int | None, Mechanism]:
    """Return what reservations hold in a window, by number; settled ones by steps.

    Those made on its days, and those of an earlier window that still lasted then: a
    change of the setting makes no budget full again before its time.
    """
    held: dict[int | None, Mechanism] = {}
    for one in entries:
        is_new = one.settles is None and (
            window.holds(one.at) or one.until >= window.first
        )
        if one.settles in held or is_new:
            held[one.settles or one.number] = one.mechanism
    return held
