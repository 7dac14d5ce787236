"""Budgets hold for any order of runs, crashes and clocks; a changed entry is found."""

import dataclasses
import datetime
import itertools
import json
import signal
import socket
import subprocess
import sys

import pytest
import sqlalchemy as sa

from components.errors import FairSiloError, SettingsError
from components.privacy.accounting import Mechanism, epsilon
from components.privacy.ledger import (
    Budget,
    BudgetSpentError,
    PrivacyLedger,
    Window,
    budget_of,
    window_of,
)
from components.privacy.settings import PrivacySettings
from components.store import StoreDownError
from tests.components.privacy import gaussian
from tests.support.program import PROJECT

DAY = datetime.date.fromisoformat
YEAR = Window(DAY("2026-01-01"), DAY("2026-12-31"))
ONE = Mechanism(noise=10.0, steps=4)
DELTA = 1e-5


def budget(number):
    """Return a budget for so many of `ONE`, but not for one more."""
    least, most = (
        gaussian.epsilon(DELTA, 10 / (4 * fits) ** 0.5) for fits in (number, number + 1)
    )
    return Budget((least + most) / 2, DELTA)


class Clock:
    """A clock that tests set."""

    def __init__(self, time="2026-03-01T12:00:00"):
        self.time = time

    def __call__(self, zone):
        return datetime.datetime.fromisoformat(self.time).replace(tzinfo=zone)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(store_url, clock):
    return PrivacyLedger(store_url, "flights", clock)


@pytest.fixture
def local(tmp_path, clock):
    return PrivacyLedger(f"sqlite:///{tmp_path}/store.db", "flights", clock)


@pytest.mark.parametrize(
    ("setting", "today", "first", "last"),
    [
        ("month", "2026-12-31", "2026-12-01", "2026-12-31"),
        ("month", "2028-02-29", "2028-02-01", "2028-02-29"),
        ("quarter", "2026-03-31", "2026-01-01", "2026-03-31"),
        ("quarter", "2026-04-01", "2026-04-01", "2026-06-30"),
        ("quarter", "2026-12-31", "2026-10-01", "2026-12-31"),
        ("year", "2026-12-31", "2026-01-01", "2026-12-31"),
        ("year", "2028-01-01", "2028-01-01", "2028-12-31"),
        ("2026-07-01/2027-06-30", "2026-07-01", "2026-07-01", "2027-06-30"),
        ("2026-07-01/2027-06-30", "2027-06-30", "2026-07-01", "2027-06-30"),
        ("2026-07-01/2026-07-01", "2026-07-01", "2026-07-01", "2026-07-01"),
    ],
)
def test_a_day_lies_in_the_window_of_the_calendar(setting, today, first, last):
    found = window_of(setting, DAY(today))
    assert found == Window(DAY(first), DAY(last))
    assert found.resets_on == DAY(last) + datetime.timedelta(days=1)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("week", "found `week`, expected `month`, `quarter`, `year`, or days that"),
        ("2026-07-01", "found `2026-07-01`, expected"),
        ("2026-07-01/2026-13-01", "found `2026-07-01/2026-13-01`, expected"),
        ("2027-01-01/2026-01-01", "found `2027-01-01/2026-01-01`, expected"),
        ("2025-01-01/2026-02-28", "a window that ended on 2026-02-28, expected"),
        ("2026-03-02/2026-12-31", "a window that begins on 2026-03-02, expected"),
    ],
)
def test_what_is_no_window_of_today_is_refused(setting, says):
    with pytest.raises(SettingsError) as caught:
        window_of(setting, DAY("2026-03-01"))
    assert caught.value.message.startswith(f"privacy.window: found `{setting}`")
    assert says in caught.value.message
    assert "today (2026-03-01), such as `2026-03-01/2027-02-28`" in str(caught.value)


def test_a_silo_has_its_own_budget_where_it_asks_for_one():
    own = {"north": {"epsilon": 3.0}, "south": {"delta": 1e-7}}
    settings = PrivacySettings(epsilon=8.0, silos=own)
    assert budget_of(settings, "north") == Budget(3.0, 1e-5)
    assert budget_of(settings, "south") == Budget(8.0, 1e-7)
    assert budget_of(settings, "east") == Budget(8.0, 1e-5)


def test_what_is_not_settled_counts_whole_and_what_is_by_its_steps(ledger, store_url):
    may = budget(5)
    first = ledger.reserve("a", "north", YEAR, may, ONE)
    second = ledger.reserve("b", "north", YEAR, may, ONE)
    third = ledger.reserve("c", "north", YEAR, may, ONE)
    assert (first, second, third) == (1, 2, 3)
    found = ledger.balance("north", YEAR, may)
    assert (found.budget, found.spent, found.resets_on) == (
        may.epsilon, 0, "2027-01-01"
    )  # fmt: skip
    assert found.reserved == epsilon([ONE] * 3, DELTA)
    ledger.settle(first, 3)
    ledger.settle(third, 0)
    found = PrivacyLedger(store_url, "flights").balance("north", YEAR, may)
    assert found.spent == epsilon([Mechanism(10.0, 3)], DELTA)
    assert found.reserved == epsilon([Mechanism(10.0, 3), ONE], DELTA)
    assert found.left == may.epsilon - found.reserved
    for other, silo in [("flights", "south"), ("census", "north")]:
        apart = PrivacyLedger(store_url, other)
        assert apart.balance(silo, YEAR, may).reserved == 0
    assert [one.settles for one in ledger.entries()] == [None, None, None, 1, 3]
    assert ledger.entries()[3].cost == Budget(found.spent, DELTA)
    ledger.verify(ledger.entries()[2].hash)


def test_a_run_that_can_not_be_paid_for_is_refused_with_the_figures(local):
    may = budget(2)
    local.reserve("a", "north", YEAR, may, ONE)
    local.settle(local.reserve("b", "north", YEAR, may, ONE), 4)
    before = local.entries()
    with pytest.raises(BudgetSpentError) as caught:
        local.reserve("c", "north", YEAR, may, ONE)
    one, two, three = (epsilon([ONE] * number, DELTA) for number in (1, 2, 3))
    assert caught.value.message == (
        f"silo `north`: found {two:.3g} of its privacy budget spent or reserved since "
        f"2026-01-01, and a run that asks for {one:.3g}, together {three:.3g}, "
        f"expected at most {may.epsilon:g} until it is full again on 2027-01-01"
    )
    assert "`privacy.run_epsilon`" in caught.value.hint
    assert local.entries() == before
    local.reserve("c", "south", YEAR, may, ONE)


def test_the_best_of_several_trainings_is_paid_for_by_all_of_them(local):
    may = budget(7)
    for seed in range(7):
        number = local.reserve(f"seed-{seed}", "north", YEAR, may, ONE)
        local.settle(number, ONE.steps)
    with pytest.raises(BudgetSpentError):
        local.reserve("seed-7", "north", YEAR, may, ONE)
    exact = gaussian.epsilon(DELTA, 10 / (4 * 7) ** 0.5)
    found = local.balance("north", YEAR, may).spent
    assert exact <= found <= 1.02 * exact


def test_the_budget_is_full_again_in_the_next_window(local, clock):
    may, month = budget(1), window_of("month", DAY("2026-03-31"))
    clock.time = "2026-03-31T23:59:59"
    late = local.reserve("a", "north", month, may, ONE)
    clock.time = "2026-04-01T00:00:00"
    with pytest.raises(SettingsError, match="expected days that hold the time of the"):
        local.reserve("b", "north", month, may, ONE)
    following = window_of("month", DAY("2026-04-01"))
    assert local.balance("north", following, may).reserved == 0
    local.reserve("b", "north", following, may, ONE)
    local.settle(late, 3)  # counts where it was reserved
    assert local.balance("north", following, may).spent == 0
    assert local.balance("north", month, may).spent > 0
    quarter = window_of("quarter", DAY("2026-04-01"))  # that setting may change
    assert local.balance("north", quarter, may).reserved == epsilon([ONE], DELTA)


@pytest.mark.parametrize("setting", ["month", "quarter", "2026-03-05/2027-03-04"])
def test_another_form_of_window_makes_no_budget_full_before_its_time(
    local, clock, setting
):
    may, day = budget(1), DAY("2026-03-05")
    clock.time = "2026-02-10T12:00:00"
    local.reserve("a", "north", window_of("year", DAY("2026-02-10")), may, ONE)
    clock.time = "2026-03-05T12:00:00"
    with pytest.raises(BudgetSpentError):
        local.reserve("b", "north", window_of(setting, day), may, ONE)
    local.reserve("b", "south", window_of(setting, day), may, ONE)
    after = window_of("month", DAY("2027-01-01"))
    assert local.balance("north", after, may).reserved == 0


def test_a_clock_that_is_behind_can_not_spend_the_budget_of_an_old_window(local, clock):
    month = window_of("month", DAY("2026-03-31"))
    clock.time = "2026-04-01T00:00:00"
    following = window_of("month", DAY("2026-04-01"))
    local.reserve("a", "north", following, budget(2), ONE)
    clock.time = "2026-03-31T23:59:59"
    with pytest.raises(SettingsError) as caught:
        local.reserve("b", "north", month, budget(2), ONE)
    assert "found 2026-03-01 to 2026-03-31, expected" in caught.value.message
    assert "check the clocks" in caught.value.hint
    local.reserve("b", "north", following, budget(2), ONE)
    assert local.entries()[-1].at == "2026-04-01T00:00:00+00:00"


@pytest.mark.parametrize(("number", "steps"), [(1, 5), (1, -1), (2, 1), (3, 1), (9, 0)])
def test_what_can_not_be_settled_is_refused(local, number, steps):
    local.reserve("a", "north", YEAR, budget(2), ONE)
    local.settle(local.reserve("b", "north", YEAR, budget(2), ONE), 2)
    with pytest.raises(FairSiloError) as caught:
        local.settle(number, steps)
    assert caught.value.message == (
        f"entry {number} of the privacy ledger of `flights`: found {steps} steps to "
        "settle, expected a reservation of as many or more that is not settled yet"
    )
    assert len(local.entries()) == 3


def test_a_store_that_is_down_is_found_before_anything_leaves():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"mysql+pymysql://a:b@127.0.0.1:{nobody.getsockname()[1]}/fairsilo"
        with pytest.raises(StoreDownError):
            PrivacyLedger(url, "flights")


@pytest.fixture
def chain(local, tmp_path):
    """A ledger of five entries, and what changes its table behind its back."""
    for run in "abcde":
        local.reserve(run, "north", YEAR, budget(9), ONE)
    local.verify(local.head())
    engine = sa.create_engine(f"sqlite:///{tmp_path}/store.db")

    def change(*statements):
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    return local, change


REMOVE = "DELETE FROM privacy_ledger WHERE number = "
CHANGE = "UPDATE privacy_ledger SET "
MOVE = f"{CHANGE}number = "
CHEAPER = json.dumps({"mechanism": {"noise": 10.0, "steps": 1}, "cost": {}})


@pytest.mark.parametrize(
    ("statements", "bad"),
    [
        ([f"{CHANGE} silo = 'south' WHERE number = 3"], 3),
        ([f"{CHANGE} release_json = '{CHEAPER}' WHERE number = 2"], 2),
        ([f"{CHANGE} at = '2020-01-01' WHERE number = 1"], 1),
        ([f"{CHANGE} release_json = '' WHERE number = 5"], 5),
        ([f"{CHANGE} previous = '' WHERE number = 4"], 4),
        ([REMOVE + "3"], 3),
        ([REMOVE + "1"], 1),
        # Removed, and the others moved up.
        ([REMOVE + "2", MOVE + "number - 1 WHERE number > 2"], 2),
        # Two of them change places.
        ([f"{MOVE}{to} WHERE number = {of}" for of, to in ((2, 0), (4, 2), (0, 4))], 2),
        # Inserted at the end, with the hash of another.
        (
            [
                "INSERT INTO privacy_ledger SELECT use_case, 6, settles, release_json, "
                "silo, run_id, at, previous, hash FROM privacy_ledger WHERE number = 5"
            ],
            6,
        ),
    ],
)
def test_an_entry_that_was_changed_removed_inserted_or_moved_is_named(
    chain, statements, bad
):
    ledger, change = chain
    change(*statements)
    with pytest.raises(FairSiloError) as caught:
        ledger.verify()
    assert caught.value.message == (
        f"entry {bad} of the privacy ledger of `flights`: found it changed, removed or "
        "in another's place, expected the one that was added"
    )
    assert "restore the store from a copy" in caught.value.hint


def forge(chain, number, **fields):
    """Change an entry, and make its hash fit."""
    ledger, change = chain
    changed = dataclasses.replace(ledger.entries()[number - 1], **fields)
    changed = dataclasses.replace(changed, hash=changed.hashed("flights"))
    values = ", ".join(f"{name} = '{getattr(changed, name)}'" for name in fields)
    change(f"{CHANGE} {values}, hash = '{changed.hash}' WHERE number = {number}")
    return changed.hash


def test_an_entry_with_a_hash_that_fits_does_not_fit_the_next_one(chain):
    forge(chain, 2, silo="south")
    with pytest.raises(FairSiloError, match="entry 3 of"):
        chain[0].verify()


def test_who_forges_the_whole_chain_is_seen_by_the_hash_that_a_page_shows(chain):
    shown = chain[0].head()
    previous = forge(chain, 3, silo="south")
    for number in (4, 5):
        previous = forge(chain, number, previous=previous)
    chain[0].verify()
    with pytest.raises(FairSiloError, match=r"no entry with the hash .* among 5,"):
        chain[0].verify(shown)


def test_an_end_that_was_cut_is_seen_by_the_hash_that_a_page_shows(chain):
    ledger, change = chain
    shown = ledger.head()
    change(REMOVE + "5", REMOVE + "4")
    ledger.verify()
    with pytest.raises(
        FairSiloError, match=f"no entry with the hash `{shown}` among 3,"
    ):
        ledger.verify(shown)


def test_the_use_case_is_part_of_the_chain(chain):
    ledger, change = chain
    shown = ledger.entries()[0].hash
    change(f"{CHANGE} use_case = 'census'")
    assert (ledger.entries(), ledger.head()) == ([], "")
    ledger.verify()
    with pytest.raises(FairSiloError, match="ledger of `flights`: found no entry"):
        ledger.verify(shown)


class Overtaken(Clock):
    """A clock that lets another run do something whenever it is read.

    A ledger reads it after the balance, and before it adds an entry.
    """

    def __init__(self, meanwhile):
        super().__init__()
        self.meanwhile = meanwhile

    def __call__(self, zone):
        self.meanwhile()
        return super().__call__(zone)


def test_a_run_that_is_overtaken_looks_at_the_balance_again(store_url, ledger):
    for run in ("a", "b"):
        ledger.reserve(run, "north", YEAR, budget(3), ONE)
    others = iter(["north", "south"])

    def meanwhile():
        if silo := next(others, None):
            ledger.reserve("c", silo, YEAR, budget(3), ONE)

    slow = PrivacyLedger(store_url, "flights", Overtaken(meanwhile))
    with pytest.raises(BudgetSpentError):
        slow.reserve("d", "north", YEAR, budget(3), ONE)
    slow.reserve("d", "south", YEAR, budget(3), ONE)
    ledger.verify()
    assert [(one.run_id, one.silo) for one in ledger.entries()[2:]] == [
        ("c", "north"), ("c", "south"), ("d", "south")
    ]  # fmt: skip


def test_a_run_that_is_overtaken_without_end_gives_up(local, tmp_path):
    silos = map(str, itertools.count())
    clock = Overtaken(lambda: local.reserve("c", next(silos), YEAR, budget(1), ONE))
    slow = PrivacyLedger(f"sqlite:///{tmp_path}/store.db", "flights", clock)
    with pytest.raises(StoreDownError, match=r"entry 60 of .*: others hold it"):
        slow.reserve("d", "north", YEAR, budget(1), ONE)
    assert {one.run_id for one in local.entries()} == {"c"}


# Reserves for each line that it reads, and settles at once if the line is `all`.
RUN = """
import datetime, sys
from components.privacy.accounting import Mechanism
from components.privacy.ledger import Budget, BudgetSpentError, PrivacyLedger, Window
url, epsilon, delta = sys.argv[1:]
ledger = PrivacyLedger(url, "flights")
today = datetime.datetime.now(datetime.UTC).date()
window = Window(today - datetime.timedelta(9), today + datetime.timedelta(9))
print("ready", flush=True)
for line in sys.stdin:
    number = 1
    while number:
        try:
            number = ledger.reserve("a", "north", window,
                Budget(float(epsilon), float(delta)), Mechanism(10.0, 4))
        except BudgetSpentError:
            number = 0
        print(number, flush=True)
        if line.strip() == "one":
            break
        if number:
            ledger.settle(number, 4)
"""


@pytest.fixture
def run(store_url):
    """Start processes that reserve until the budget is spent, or one that waits."""
    started = []

    def start(may):
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, store_url, str(may.epsilon), str(may.delta)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_two_runs_at_once_and_one_that_is_killed_spend_the_budget_and_no_more(
    run, store_url
):
    may = budget(12)
    killed, *others = [run(may) for _ in range(3)]
    for process in (killed, *others):
        assert process.stdout.readline() == "ready\n"
    killed.stdin.write("one\n")
    killed.stdin.flush()
    assert killed.stdout.readline() == "1\n"
    killed.send_signal(signal.SIGKILL)
    for process in others:
        process.stdin.write("all\n")
        process.stdin.flush()
    numbers = [list(map(int, process.communicate()[0].split())) for process in others]
    assert [found[-1] for found in numbers] == [0, 0]
    reserved = [number for found in numbers for number in found[:-1]]
    assert len({*reserved}) == len(reserved) == 11
    ledger = PrivacyLedger(store_url, "flights")
    ledger.verify()
    entries = ledger.entries()
    assert [one.number for one in entries] == list(range(1, 24))
    assert {one.settles for one in entries} == {None, *reserved}
