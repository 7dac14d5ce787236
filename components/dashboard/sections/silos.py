"""The silos: what the model does for each, how they are spread, one row each."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

from components.dashboard import formats
from components.dashboard.report import Report, SiloLine
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Cell,
    Chart,
    Column,
    Part,
    Section,
    Table,
    Text,
    cell,
    interval,
    sentences,
    table,
)
from components.payloads.manifest import EVAL, TRAIN
from components.payloads.table import (
    BASELINE,
    CANDIDATE,
    OVER_SILOS,
    ROWS,
    Figure,
    MetricKey,
    Slice,
)
from components.payloads.table import Table as Scores

METRICS = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "log_loss": "Log loss",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
    "tpr": "True positive rate",
    "fpr": "False positive rate",
    "positive_rate": "Positive rate",
    "precision": "Precision",
}
OVER = {
    "worst_tenth": "Worst tenth",
    "mean": "Mean",
    "gap": "Gap",
    "variance": "Variance",
    "gini": "Gini",
    "size_correlation": "Correlation with size",
}
OWN = "own_threshold"
OWN_RATES = {
    f"{OWN}_tpr": "True positive rate",
    f"{OWN}_fpr": "False positive rate",
    f"{OWN}_positive_rate": "Positive rate",
}
CANDIDATE_MARK = (("candidate", "candidate"),)


def section(report: Report) -> Section:
    """Return the charts and tables of the silos."""
    parts: list[Part] = []
    if report.scores.silos:
        parts += _charts(report)
        parts += [across_silos(report), own_thresholds(report.scores)]
    if left_out := rows_left_out(report):
        parts.append(
            Text(
                f"Figures over all silos leave out {formats.count(left_out)} rows: "
                "those of silos that were left out of training, and of silos with too "
                "few rows where these would follow from the total."
            )
        )
    parts.append(all_silos(report))
    return Section("silos", "Silos", tuple(parts))


def both(report: Report) -> tuple[tuple[str, str], ...]:
    """Return the legend of the models that there are."""
    baseline = (("baseline", "baseline"),) if report.scores.has_baseline else ()
    return CANDIDATE_MARK + baseline


def _charts(report: Report) -> Iterator[Part]:
    word, legend = report.judged_word, both(report)
    pale = " Pale marks are silos that no gate judged." if word == "judged" else ""
    yield Chart(
        "silos",
        "Each silo, with its 95 % interval",
        f"The dashed line is the candidate over all rows.{pale}",
        legend,
    )
    if report.scores.has_baseline:
        yield Chart(
            "changes",
            "Changes against the baseline",
            "Candidate less the baseline on the same rows. Where the paired 95 % "
            "interval crosses the line, the change may be chance.",
            (
                ("better", "surely better"),
                ("worse", "surely worse"),
                ("unsure", "may be chance"),
            ),
        )
    yield Chart(
        "sizes", "Is it a model for the large ones?", "Metric against the silo's rows."
    )
    yield Chart(
        "ecdf",
        "How silos are spread",
        f"Share of {word} silos at or below each value; the dotted line is the "
        "candidate over all rows.",
        legend,
    )
    yield Chart(
        "lorenz",
        "How evenly silos are served",
        f"Lorenz curve over the {word} silos; on the dotted line all would be alike.",
        legend,
    )


def rows_left_out(report: Report) -> int:
    """Return how many of the silos' rows figures over all silos leave out."""
    total = report.scores.get(MetricKey(ROWS))
    if total is None:
        return 0
    scores = report.scores
    silos = [scores.get(MetricKey(ROWS, Slice(silo))) for silo in scores.silos]
    return max(0, sum(figure.rows for figure in silos if figure) - total.rows)


def all_silos(report: Report) -> Table:
    """Return the table of all silos, the surely worst first.

    Its columns are those of the artifacts that were read.
    """
    scores, has_cohort = report.scores, "cohort" in report.parts
    columns: list[Column[SiloLine]] = [Column("Silo", lambda line: line.member.silo)]
    if scores.silos:
        columns += [
            Column("AUC", lambda line: line.auc, NUMBER),
            Column("95 % interval", lambda line: interval(line.auc), NUMBER),
        ]
    if scores.has_baseline:
        columns.append(Column("Baseline", lambda line: line.baseline_auc, NUMBER))
    if report.decision.gates:
        columns.append(Column("Judged", _judged, SENTENCE))
    columns.append(
        Column("Rows to evaluate", lambda line: line.member.rows.get(EVAL, 0), NUMBER)
    )
    caption = ""
    if scores.silos:
        caption = (
            "First the silos whose AUC is surely low: by the upper end of its "
            "interval. "
        )
    if has_cohort:
        columns += [
            Column("Admission", _admission, SENTENCE),
            Column(
                "Rows to train", lambda line: line.member.rows.get(TRAIN, 0), NUMBER
            ),
            Column("Share", _share, NUMBER),
        ]
        if scores.silos:
            following = Column[SiloLine](
                "AUC, following span", lambda line: line.next_auc, NUMBER
            )
            columns.append(following)
        columns.append(Column("Differs most in", _differs))
        caption += (
            "Differs most in: its distance to the federation, from 0 (alike) to 1."
        )
    if has_cohort and report.egress:
        columns.append(Column("Left the silo", _left, NUMBER))
    return table("All silos", report.silos, columns, caption)


def _judged(line: SiloLine) -> str:
    return f"no: {line.not_evaluated}" if line.not_evaluated else "yes"


def _admission(line: SiloLine) -> Cell:
    if line.member.admitted:
        return Cell("admitted", mood="good")
    # The hints stand in the table of findings.
    found = sentences(line.member.reasons)
    return Cell("not admitted", mood="bad", findings=found)


def _share(line: SiloLine) -> Cell:
    share = line.member.share
    return Cell(formats.share(share), float(f"{share:.4g}"))


def _differs(line: SiloLine) -> Cell:
    if line.differs_in is None:
        return Cell(formats.NONE, "")
    column, distance = line.differs_in
    return Cell(f"{column} ({distance:.2f})", float(f"{distance:.4g}"))


def _left(line: SiloLine) -> Cell:
    return Cell(formats.size(line.left_bytes), line.left_bytes)


@dataclasses.dataclass(frozen=True)
class _Across:
    """A metric over the silos, of one model and at one threshold."""

    metric: str
    threshold: float | None
    model: str
    worst: Figure
    others: dict[str, Figure | None]


def across_silos(report: Report) -> Table:
    """Return the table of figures over the judged silos: worst, mean, gap."""
    items = [
        item
        for metric in METRICS
        for threshold in (None, *report.scores.thresholds(f"mean_{metric}"))
        for model in (CANDIDATE, BASELINE)
        if (item := _across(report.scores, metric, threshold, model))
    ]
    columns: list[Column[_Across]] = [
        Column("Metric", lambda it: METRICS[it.metric]),
        Column("Threshold", lambda it: at(it.threshold), NUMBER),
        Column("Model", lambda it: it.model),
        Column("Worst", lambda it: it.worst, NUMBER),
        Column("Worst silo", lambda it: it.worst.about),
    ]
    for name, heading in OVER.items():
        columns.append(Column(heading, functools.partial(_over, name), NUMBER))
    word = report.judged_word
    return table(
        f"Across the {word} silos",
        items,
        columns,
        "Worst tenth: mean of the worst tenth of the silos. Gini and variance are 0 "
        "where all silos are alike. Correlation with size: Spearman's, of the metric "
        "with the silo's rows."
        + ("" if word == "judged" else " Silos with too little data are left out."),
        lambda it: it.threshold,
    )


def at(threshold: float | None) -> Cell:
    """Return the place of a threshold, empty for a metric that has none."""
    return Cell("" if threshold is None else f"{threshold:g}", threshold or "")


def _across(
    scores: Scores, metric: str, threshold: float | None, model: str
) -> _Across | None:
    def get(name: str) -> Figure | None:
        key = f"{name}_{metric}"
        return scores.get(MetricKey(key, OVER_SILOS, model, threshold=threshold))

    worst = get("worst")
    if worst is None:
        return None
    return _Across(metric, threshold, model, worst, {name: get(name) for name in OVER})


def _over(name: str, item: _Across) -> Cell:
    """Return a figure's place; a variance is too small for three decimals."""
    figure = item.others[name]
    made = cell(figure)
    if name != "variance" or figure is None or not figure.is_number:
        return made
    return dataclasses.replace(made, text=f"{figure.number:.2g}")


def own_thresholds(scores: Scores) -> Table:
    """Return the silos' own thresholds: what equal opportunity would take.

    They were evaluated, not imposed: scores and gates know nothing of them.
    """
    found = {silo: scores.get(MetricKey(OWN, Slice(silo))) for silo in scores.silos}
    columns: list[Column[str]] = [
        Column("Silo", lambda silo: silo),
        Column("Threshold", lambda silo: found[silo], NUMBER),
    ]
    for metric, name in OWN_RATES.items():
        rate = functools.partial(_of_silo, scores, metric)
        columns += [
            Column(name, rate, NUMBER),
            Column("95 % interval", functools.partial(_interval_of, rate), NUMBER),
        ]
    return table(
        "A threshold for each silo",
        [silo for silo, figure in found.items() if figure and figure.is_number],
        columns,
        "With this threshold a silo would reach the true positive rate of all silos "
        "together (equal opportunity). Evaluated, not imposed: nothing uses it. It was "
        "chosen on the rows that it is told of, so it looks a little too good.",
    )


def _of_silo(scores: Scores, metric: str, silo: str) -> Figure | None:
    return scores.get(MetricKey(metric, Slice(silo)))


def _interval_of(rate: Callable[[str], Figure | None], silo: str) -> Cell:
    return interval(rate(silo))
