"""The gates: plain code over the tidy table, each answering in a sentence.

Admitted silos with enough rows are judged; the others are shown and counted. A
silo is refused only when even the upper end of its interval is below the floor,
so that chance alone refuses few. A gate that can't be computed refuses.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Mapping

from components.fairness_evaluator.intervals import Z
from components.fairness_evaluator.settings import GateSettings
from components.scoring import table
from components.scoring.table import Figure, Table

REFUSED = "Not blessed: "


@dataclasses.dataclass(frozen=True)
class GateResult:
    """What a gate says.

    Attributes:
        gate: Its name, that of its setting.
        passed: Whether the model passes.
        sentence: Why, for a person to read.
    """

    gate: str
    passed: bool
    sentence: str


@dataclasses.dataclass(frozen=True)
class Unjudged:
    """A silo that the gates do not judge.

    Attributes:
        silo: Its id.
        reason: Why, in a sentence.
    """

    silo: str
    reason: str


def unjudged(
    figures: Table,
    silos: Collection[str],
    quarantined: Mapping[str, str],
    failures: Mapping[str, str],
    settings: GateSettings,
) -> list[Unjudged]:
    """Return the silos that are not judged, with reasons, sorted.

    Args:
        figures: The table.
        silos: Ids of all silos.
        quarantined: Reason by silo that does not train.
        failures: Reason by silo that could not be evaluated.
        settings: The gates.
    """
    rows = {figure.silo: figure for figure in figures.by_silo("rows")}
    found = []
    for silo in sorted(silos):
        reason = (
            failures.get(silo)
            or _quarantine(silo, quarantined)
            or _too_little(rows.get(silo), settings)
        )
        if reason:
            found.append(Unjudged(silo, reason))
    return found


def _quarantine(silo: str, quarantined: Mapping[str, str]) -> str:
    return f"quarantined: {quarantined[silo]}" if silo in quarantined else ""


def _too_little(rows: Figure | None, settings: GateSettings) -> str:
    if rows is None:
        return "it has no labelled evaluation rows"
    if rows.rows < settings.min_rows or rows.positives is None:
        return f"{rows.rows:,} evaluation rows, {settings.min_rows:,} are needed"
    fewer = min(rows.positives, rows.rows - rows.positives)
    if fewer < settings.min_positives:
        kind = "positive" if fewer == rows.positives else "negative"
        return f"{fewer:,} {kind} rows, {settings.min_positives:,} are needed"
    return ""


def judge(
    figures: Table,
    not_judged: Collection[Unjudged],
    settings: GateSettings,
    has_baseline: bool,
) -> list[GateResult]:
    """Return what each configured gate says.

    Args:
        figures: The table.
        not_judged: Silos to leave out.
        settings: The gates.
        has_baseline: Whether there is a model to compare with.

    Returns:
        At least one result a configured gate; the model passes if all do.
    """
    left_out = {silo.silo for silo in not_judged}
    judged = [
        figure
        for figure in figures.by_silo("auc")
        if figure.silo not in left_out and figure.value is not None
    ]
    results: list[GateResult] = []
    if settings.silo_floor_auc is not None:
        results += _silo_floor(judged, settings.silo_floor_auc)
    if settings.worst_silo_auc is not None:
        results.append(_worst_silo(judged, settings.worst_silo_auc))
    if settings.gap_auc is not None:
        results.append(_gap(judged, settings.gap_auc))
    if settings.max_auc_drop is not None:
        results.append(_drop(figures, settings.max_auc_drop, has_baseline))
    return results


def _silo_floor(judged: list[Figure], floor: float) -> list[GateResult]:
    gate = "silo_floor_auc"
    if not judged:
        return [_nobody(gate)]
    return list(_below(judged, floor)) or [
        GateResult(
            gate,
            True,
            f"Each of {len(judged)} judged silos can reach the floor {floor:.3f}; "
            f"the lowest, {_with_auc(_worst(judged))}.",
        )
    ]


def _below(judged: list[Figure], floor: float) -> Iterator[GateResult]:
    for figure in judged:
        if _high(figure) < floor:
            sentence = (
                f"{REFUSED}{_with_auc(figure)}; its upper end is below the floor "
                f"{floor:.3f}."
            )
            yield GateResult("silo_floor_auc", False, sentence)


def _worst_silo(judged: list[Figure], floor: float) -> GateResult:
    gate = "worst_silo_auc"
    if not judged:
        return _nobody(gate)
    worst = _worst(judged)
    if _high(worst) < floor:
        return GateResult(
            gate,
            False,
            f"{REFUSED}the worst of {len(judged)} judged silos, {_with_auc(worst)}; "
            f"its upper end is below {floor:.3f}.",
        )
    return GateResult(
        gate,
        True,
        f"The worst of {len(judged)} judged silos, {_with_auc(worst)}; its upper end "
        f"reaches {floor:.3f}.",
    )


def _gap(judged: list[Figure], limit: float) -> GateResult:
    """Judge the difference of two independent AUCs by its own interval."""
    gate = "gap_auc"
    if not judged:
        return _nobody(gate)
    worst, best = _worst(judged), max(judged, key=_value)
    gap = _value(best) - _value(worst)
    half = Z * math.hypot(_error(best), _error(worst))
    facts = (
        f"silo `{best.silo}` has AUC {_value(best):.3f} and silo `{worst.silo}` "
        f"{_value(worst):.3f}, a gap of {gap:.3f} (95 % interval "
        f"{max(0.0, gap - half):.3f} to {min(1.0, gap + half):.3f})"
    )
    if gap - half > limit:
        sentence = f"{REFUSED}{facts}; its lower end is above the limit {limit:.3f}."
        return GateResult(gate, False, sentence)
    sentence = f"{_capital(facts)}; its lower end is within the limit {limit:.3f}."
    return GateResult(gate, True, sentence)


def _drop(figures: Table, limit: float, has_baseline: bool) -> GateResult:
    """Judge the change itself: both models scored the same rows."""
    gate = "max_auc_drop"
    if not has_baseline:
        sentence = "There is no blessed model of an earlier span to compare with."
        return GateResult(gate, True, sentence)
    now, before = figures.metric("auc"), figures.metric("auc", model=table.BASELINE)
    if now is None or now.value is None:
        return _refuse(gate, "the overall AUC can't be computed")
    if before is None or before.value is None:
        return _refuse(gate, "the baseline's overall AUC can't be computed")
    if before.rows != now.rows:
        return _refuse(
            gate,
            f"the baseline could score {before.rows:,} of the rows, the candidate "
            f"{now.rows:,}, so they can't be compared",
        )
    drop = before.value - now.value
    facts = (
        f"the overall AUC is {now.value:.3f} against the baseline's {before.value:.3f}"
    )
    if drop > limit:
        return _refuse(
            gate, f"{facts}; it fell by {drop:.3f}, more than the limit {limit:.3f}"
        )
    change = f"fell by {drop:.3f}" if drop > 0 else f"rose by {-drop:.3f}"
    sentence = f"{_capital(facts)}; it {change}, within the limit {limit:.3f}."
    return GateResult(gate, True, sentence)


def _refuse(gate: str, reason: str) -> GateResult:
    return GateResult(gate, False, f"{REFUSED}{reason}.")


def _nobody(gate: str) -> GateResult:
    return _refuse(gate, "not one silo could be judged")


def _with_auc(figure: Figure) -> str:
    return (
        f"silo `{figure.silo}` has AUC {_value(figure):.3f} (95 % interval "
        f"{figure.low or 0.0:.3f} to {_high(figure):.3f})"
    )


def _worst(judged: list[Figure]) -> Figure:
    return min(judged, key=_value)


def _value(figure: Figure) -> float:
    return math.nan if figure.value is None else figure.value


def _high(figure: Figure) -> float:
    return 1.0 if figure.high is None else figure.high


def _error(figure: Figure) -> float:
    """Return the standard error; the wider side, as the other may be cut at 0 or 1."""
    value, low = _value(figure), figure.low or 0.0
    return max(value - low, _high(figure) - value) / Z


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
