"""Gate `change`: how much worse than the model in service it may be over all silos.

Protects the federation against a step back. Both models scored the same rows, so the
interval is that of the change itself, which is far narrower than those of the two.
"""

from __future__ import annotations

from components.fairness_evaluator.figures.intervals import Interval
from components.fairness_evaluator.gate_settings import LOWER_IS_BETTER, Change
from components.fairness_evaluator.gates import words
from components.fairness_evaluator.gates.bounds import Bound, interval_of, widened
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import CannotJudge, Finding
from components.fairness_evaluator.gates.ruling import (
    Case,
    held_by,
    interval_words,
    rule,
    way_out,
)
from components.scoring.table import BASELINE, CHANGE, Figure

PROTECTS = "The federation, against a step back from the model in service."
MEND = (
    "Compare this run with that of the model in service: silos that came or went, "
    "columns that drift, settings of the training"
)
# A model of an earlier span, or, without spans, one blessed earlier.
FIRST = Finding(True, "There is no earlier blessed model to compare with.")


def demand(settings: Change) -> str:
    """Return what is demanded, in a few words."""
    name = words.metric(settings.metric, settings.threshold)
    return (
        f"{name} over all silos at most {words.plain(settings.at_most_worse)} worse "
        "than the model in service"
    )


def judge(evidence: Evidence, settings: Change) -> Finding:
    """Judge the change over all silos.

    Raises:
        CannotJudge: One of the models has no figure, or they scored different rows.
    """
    if not evidence.has_baseline:
        return FIRST
    metric, threshold = settings.metric, settings.threshold
    now = evidence.overall(metric, threshold)
    before = evidence.overall(metric, threshold, BASELINE)
    if before.rows != now.rows:
        raise CannotJudge(
            f"the model in service could score {before.rows:,} rows and the candidate "
            f"{now.rows:,}, so they can't be compared",
            "see under the silos of FairnessEvaluator which could not be scored",
        )
    change = evidence.overall(metric, threshold, CHANGE)
    return rule(
        [case("the federation", settings, change, before, now, 1)],
        Bound(settings.at_most_worse, False, settings.refuse_if),
        way_out=way_out("change", "at_most_worse", MEND),
    )


def case(
    who: str,
    settings: Change,
    change: Figure,
    before: Figure,
    now: Figure,
    number: int,
) -> Case:
    """Return the case of one change; its figure is the loss, above 0 where worse.

    Args:
        who: Whom it is about.
        settings: The gate.
        change: Candidate minus baseline.
        before: The baseline's figure.
        now: The candidate's.
        number: For how many changes the interval is to hold at once.

    Raises:
        CannotJudge: The change has no interval, and that is to be judged.
    """
    name = words.metric(settings.metric, settings.threshold)
    changed = widened(
        interval_of(change, f"the change of {name}", settings.refuse_if), number
    )
    lower_is_better = settings.metric in LOWER_IS_BETTER
    size = words.number(abs(changed.value))
    if lower_is_better:
        verb = "rises" if changed.value > 0 else "falls"
        told = f"the {name} of {who} {verb} by {size}"
    else:
        told = f"{who} {'loses' if changed.value < 0 else 'gains'} {size} {name}"
    spread = interval_words(changed, "the change", held_by(number, "silo"))
    both = f"{words.figure(before.value)} to {words.figure(now.value)}"
    facts = f"{told} ({both}{spread and f', {spread}'})"
    worse = changed if lower_is_better else _negative(changed)
    return Case(who, facts, worse)


def _negative(interval: Interval) -> Interval:
    return Interval(-interval.value, -interval.high, -interval.low)
