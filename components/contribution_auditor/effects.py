"""Help: contributions, who helps whom, and shares, from what the silos scored."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import special

from components.contribution_auditor import estimates, scores, shapley, sharing
from components.contribution_auditor.estimates import AuditedRound
from components.contribution_auditor.scores import Left, Scores
from components.contribution_auditor.shapley import Plan
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL
from components.payloads.model_run import RunRecord

if TYPE_CHECKING:
    from components.contribution_auditor.auditor import Request

Array = NDArray[np.float64]
T = TypeVar("T")

UNIT = 1000.0  # thousandths of a nat
LEAST_SILOS = 3  # that score: of two, each is the other's only judge
MOST_SILOS = 100  # of which the report says who helps whom, a figure a pair


@dataclasses.dataclass(frozen=True)
class Effects:
    """What the updates did for the other silos, by silo; unit: see `UNIT`."""

    method: str = ""
    contributions: dict[str, Interval] = dataclasses.field(default_factory=dict)
    helps: dict[str, dict[str, Interval]] = dataclasses.field(default_factory=dict)
    ranks: dict[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    shares: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    is_better: bool = True  # whether the audited rounds lowered the loss in all

    def per_thousand(self, silo: str, rows: int) -> Interval | None:
        """Return a silo's contribution by a thousand of its training rows."""
        total = self.contributions.get(silo)
        if total is None or not rows:
            return None
        return Interval(*(value * 1000.0 / rows for value in total))


def measure(request: Request, record: RunRecord) -> tuple[Effects, Left, str]:
    """Return the effects, what left each silo, and why there are none, if so."""
    audited = [one for one in record.rounds if one.round in record.audited]
    players = sorted({one.silo for each in audited for one in each.silos})
    least = max(1, request.min_rows)
    entries = [
        entry
        for silo in players
        if (entry := request.manifest[silo]).rows(EVAL) >= least
    ]
    if not audited:
        return Effects(), {}, "no round was kept for the audit (audit.rounds)"
    found: Scores = {}
    left: Left = {}
    plans: dict[int, Plan] = {}
    if len(entries) >= LEAST_SILOS:
        plans = {it.round: shapley.coalitions(len(players), it.round) for it in audited}
        found, left, why = scores.ask(request, players, plans, entries)
        if why:
            return Effects(), left, why
    if len(found) < LEAST_SILOS:
        why = (
            f"{len(found) or len(entries)} of {len(players)} silos could score, each "
            f"with at least {least:,} evaluation rows; {LEAST_SILOS} are needed"
        )
        return Effects(), left, why
    # Whose update was not in all of these rounds would have done half its work.
    whole = set.intersection(*({one.silo for one in it.silos} for it in audited))
    return _effects(players, [*plans.values()], found, whole), left, ""


def _effects(
    players: Sequence[str],
    plans: Sequence[Plan],
    found: Scores,
    whole: Collection[str],
) -> Effects:
    rows = np.array([found[silo][0] if silo in found else 0 for silo in players])
    rounds, squares = zip(*_rounds(players, plans, found), strict=True)
    totals = [_in_unit(*one) for one in estimates.totals(rounds, rows)]
    contributions = np.mean(
        [shapley.contributions(one.plan, one.values) for one in rounds], axis=0
    )
    losses = -np.mean([one.values[1] for one in rounds], axis=0)
    shares = sharing.shares(contributions, losses, rows)
    effects = [shapley.leave_one_out(one.plan, one.values) for one in rounds]
    # The rounds score the same rows, so errors are averaged, not their squares.
    errors = np.mean(np.sqrt(squares), axis=0) / np.maximum(rows, 1)
    gained = np.mean([one.values[1] - one.values[0] for one in rounds], axis=0)

    def of_whole(values: Iterable[T]) -> dict[str, T]:
        pairs = zip(players, values, strict=True)
        return {silo: value for silo, value in pairs if silo in whole}

    return Effects(
        plans[0].method,
        of_whole(totals),
        of_whole(_helps(players, rows, np.mean(effects, axis=0), errors)),
        of_whole(estimates.ranks(totals)),
        of_whole(shares),
        bool(gained @ rows > 0),
    )


def _rounds(
    players: Sequence[str], plans: Sequence[Plan], found: Scores
) -> Iterator[tuple[AuditedRound, Array]]:
    """Yield each round, and squares of the effects of leaving each player out.

    The latter are summed over a silo's rows, shape `(players, silos)`.
    """
    number, start = len(players), 0
    for plan in plans:
        ends = start + len(plan.coalitions), start + len(plan.coalitions) + 2 * number
        values = np.zeros((len(plan.coalitions), number))
        squares = np.zeros((2 * number, number))
        for place, silo in enumerate(players):
            if silo in found:
                rows, sums = found[silo]
                values[:, place] = -sums[start : ends[0]] / rows
                squares[:, place] = sums[ends[0] : ends[1]]
        start = ends[1]
        yield AuditedRound(plan, values, squares[number:]), squares[:number]


def _helps(
    players: Sequence[str], rows: NDArray[np.int64], effects: Array, errors: Array
) -> list[dict[str, Interval]]:
    """Return each silo's effects on the others that scored, all sure at once."""
    if len(players) > MOST_SILOS:
        return [{} for _ in players]
    cells = np.count_nonzero(rows) * (len(players) - 1)
    half = -special.ndtri(0.025 / cells) * errors
    return [
        {
            other: _in_unit(
                effects[place, at],
                effects[place, at] - half[place, at],
                effects[place, at] + half[place, at],
            )
            for at, other in enumerate(players)
            if at != place and rows[at]
        }
        for place in range(len(players))
    ]


def _in_unit(value: float, low: float, high: float) -> Interval:
    return Interval(*(round(UNIT * float(it), 6) for it in (value, low, high)))
