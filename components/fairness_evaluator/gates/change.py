"""Gate `change`: how much worse than the earlier blessed model it may be, over all.

Protects the federation against a step back. Both models scored the same rows, so the
interval is that of the change itself, which is far narrower than those of the two.
"""

from __future__ import annotations

from components.fairness_evaluator.figures import roc
from components.fairness_evaluator.gate_settings import Change
from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.bounds import (
    ROUNDING,
    Bound,
    interval_of,
    widened,
)
from components.fairness_evaluator.gates.earlier import NAME
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import CannotJudge, Finding
from components.fairness_evaluator.gates.ruling import (
    Case,
    held_by,
    interval_words,
    rule,
    way_out,
)
from components.payloads.metrics import is_lower_better
from components.payloads.table import BASELINE, CHANGE, Figure
from components.scoring.intervals import Interval

PROTECTS = f"The federation, against a step back from {NAME}."
MEND = (
    f"Compare this run with that of {NAME}: silos that came or went, "
    "columns that drift, settings of the training"
)
# A model of an earlier span, or, without spans, one blessed earlier.
FIRST = Finding(True, "There is no earlier blessed model to compare with.")


def demand(settings: Change) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return (
        f"{name} over all silos at most {words.plain(settings.at_most_worse)} worse "
        f"than {NAME}"
    )


def judge(evidence: Evidence, settings: Change) -> Finding:
    """Judge the change over all silos.

    Raises:
        CannotJudge: One of the models has no figure, they scored different rows, or
            the earlier one is gone.
    """
    if not evidence.earlier:
        return FIRST
    evidence.earlier.check()
    metric, threshold = settings.metric, settings.threshold
    now = evidence.overall(metric, threshold)
    before = evidence.overall(metric, threshold, BASELINE)
    if before.rows != now.rows:
        raise CannotJudge(
            f"{evidence.earlier.name} could score {before.rows:,} rows and the "
            f"candidate {now.rows:,}, so they can't be compared",
            "see under the silos of FairnessEvaluator which could not be scored",
        )
    change = evidence.overall(metric, threshold, CHANGE)
    bound = Bound(settings.at_most_worse, False, settings.refuse_if)
    return rule(
        [case("the federation", settings, bound, change, before, now, 1)],
        bound,
        way_out=way_out("change", "at_most_worse", MEND),
    )


def case(
    who: str,
    settings: Change,
    bound: Bound,
    change: Figure,
    before: Figure,
    now: Figure,
    number: int,
) -> Case:
    """Return the case of one change; its figure is the loss, above 0 where worse.

    Args:
        who: Whom it is about.
        settings: The gate.
        bound: Its bound.
        change: Candidate minus baseline.
        before: The baseline's figure.
        now: The candidate's.
        number: For how many changes the interval is to hold at once.

    Raises:
        CannotJudge: The change has no interval, and that is to be judged.
    """
    name = words.metric(settings.metric, settings.threshold)
    changed = widened(
        interval_of(change, f"the change of {name}", settings.refuse_if),
        number,
        freedom=_freedom(settings, change),
    )
    lower_is_better = is_lower_better(settings.metric)
    told = _told(who, name, changed.value, bound.value, lower_is_better)
    beside = bound.value if lower_is_better else -bound.value
    spread = interval_words(changed, beside, "the change", held_by(number, "silo"))
    both = (
        f"{words.figure(before.value, now.value)} to "
        f"{words.figure(now.value, before.value)}"
    )
    facts = f"{told} ({both}{spread and f', {spread}'})"
    worse = changed if lower_is_better else _negative(changed)
    return Case(who, facts, worse)


def _told(
    who: str, name: str, change: float, bound: float, lower_is_better: bool
) -> str:
    size = words.number(abs(change), 0.0, bound)
    if abs(change) <= ROUNDING:
        same = f"the {name} of {who} is unchanged"
        return same if lower_is_better else f"{who} neither loses nor gains {name}"
    if lower_is_better:
        return f"the {name} of {who} {'rises' if change > 0 else 'falls'} by {size}"
    return f"{who} {'loses' if change < 0 else 'gains'} {size} {name}"


def _freedom(settings: Change, change: Figure) -> int | None:
    """Return the degrees of freedom that a change's interval was made with."""
    if settings.metric != "auc" or change.positives is None:
        return None
    return roc.freedom(change.positives, change.rows - change.positives)


def _negative(interval: Interval) -> Interval:
    return Interval(-interval.value, -interval.high, -interval.low)
