"""The silos: what the model does for each, how they are spread, one row each."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

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
    CHANGE,
    MODELS,
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
OWN_RATES = ("tpr", "fpr", "positive_rate")
CANDIDATE_MARK = (("candidate", "candidate"),)


def section(report: Report) -> Section:
    """Return the charts and tables of the silos."""
    parts: list[Part] = []
    if report.scores.silos:
        parts += _charts(report)
        parts += [across_silos(report), own_thresholds(report.scores)]
    if left_out := _rows_left_out(report.scores):
        parts.append(
            Text(
                f"Figures over all silos leave out {formats.count(left_out)} rows: "
                "those of silos that were left out of training, and of silos with too "
                "few rows where these would follow from the total."
            )
        )
    parts += _heterogeneity(report)
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


def _heterogeneity(report: Report) -> Iterator[Part]:
    """Yield how far the silos' columns lie from the federation's, if that is known."""
    largest = sorted(
        (-distance, line.member.silo, column)
        for line in report.silos
        for column, distance in line.member.heterogeneity.items()
    )[:3]
    if largest:
        note = "Distance of each column to the federation's, from 0 (alike) to 1."
        yield Chart("heterogeneity", "How unlike the silos' data is", note)
        named = (f"`{silo}`: column `{it}` {-away:.2f}" for away, silo, it in largest)
        yield Text(f"Least alike are {'; '.join(named)}.")


def _rows_left_out(scores: Scores) -> int:
    """Return how many of the silos' rows figures over all silos leave out."""
    total = scores.get(MetricKey(ROWS))
    if total is None:
        return 0
    silos = [scores.get(MetricKey(ROWS, Slice(silo))) for silo in scores.silos]
    return max(0, sum(figure.rows for figure in silos if figure) - total.rows)


def all_silos(report: Report) -> Table:
    """Return the table of all silos, the surely worst first.

    Its columns are those of the artifacts that were read.
    """
    scores, has_cohort = report.scores, "cohort" in report.parts
    columns = [Column("Silo", "member.silo")]
    caption = ""
    if scores.silos:
        columns += [
            Column("AUC", "auc", NUMBER),
            Column("95 % interval", lambda line: interval(line.auc), NUMBER),
        ]
        caption = (
            "First the silos whose AUC is surely low: by the upper end of its "
            "interval. "
        )
    if scores.has_baseline:
        columns.append(Column("Baseline", "baseline_auc", NUMBER))
    if report.decision.gates:
        columns.append(Column("Judged", _judged, SENTENCE))
    columns.append(
        Column("Rows to evaluate", lambda line: line.member.rows.get(EVAL, 0), NUMBER)
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
            columns.append(Column("AUC, following span", "next_auc", NUMBER))
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
    distances = sorted(line.member.heterogeneity.items())
    if not distances:
        return Cell(formats.NONE, "")
    column, distance = max(distances, key=lambda item: item[1])
    return Cell(f"{column} ({distance:.2f})", float(f"{distance:.4g}"))


def _left(line: SiloLine) -> Cell:
    size = sum(item.bytes for item in line.left)
    return Cell(formats.size(size), size)


def across_silos(report: Report) -> Table:
    """Return the table of figures over the judged silos: worst, mean, gap."""

    def get(name: str, key: MetricKey) -> Figure | None:
        return report.scores.get(
            dataclasses.replace(key, metric=f"{name}_{key.metric}")
        )

    def variance(key: MetricKey) -> Cell:
        figure = get("variance", key)  # too small for three decimals
        made = cell(figure)
        if figure is None or not figure.is_number:
            return made
        return dataclasses.replace(made, text=f"{figure.number:.2g}")

    keys = (
        MetricKey(metric, OVER_SILOS, model, threshold=threshold)
        for metric in METRICS
        for threshold in (None, *report.scores.thresholds(f"mean_{metric}"))
        for model in MODELS
        if model != CHANGE
    )
    columns = [
        Column("Metric", lambda key: METRICS[key.metric]),
        Column("Threshold", lambda key: at(key.threshold), NUMBER),
        Column("Model", "model"),
        Column("Worst", functools.partial(get, "worst"), NUMBER),
        Column("Worst silo", lambda key: about(get("worst", key))),
    ]
    columns += [
        Column(
            heading,
            variance if name == "variance" else functools.partial(get, name),
            NUMBER,
        )
        for name, heading in OVER.items()
    ]
    word = report.judged_word
    return table(
        f"Across the {word} silos",
        [key for key in keys if get("worst", key)],
        columns,
        "Worst tenth: mean of the worst tenth of the silos. Gini and variance are 0 "
        "where all silos are alike. Correlation with size: Spearman's, of the metric "
        "with the silo's rows."
        + ("" if word == "judged" else " Silos with too little data are left out."),
        lambda key: key.threshold,
    )


def at(threshold: float | None) -> Cell:
    """Return the place of a threshold, empty for a metric that has none."""
    return Cell("" if threshold is None else f"{threshold:g}", threshold or "")


def about(figure: Figure | None) -> str:
    """Return the silo or the groups that a figure is taken from."""
    return figure.about if figure else ""


def own_thresholds(scores: Scores) -> Table:
    """Return the silos' own thresholds: what equal opportunity would take.

    They were evaluated, not imposed: scores and gates know nothing of them.
    """

    def get(metric: str, silo: str) -> Figure | None:
        return scores.get(MetricKey(metric, Slice(silo)))

    def between(metric: str, silo: str) -> Cell:
        return interval(get(metric, silo))

    columns = [
        Column("Silo", str),
        Column("Threshold", functools.partial(get, OWN), NUMBER),
    ]
    for rate in OWN_RATES:
        name = f"{OWN}_{rate}"
        columns += [
            Column(METRICS[rate], functools.partial(get, name), NUMBER),
            Column("95 % interval", functools.partial(between, name), NUMBER),
        ]
    found = {silo: get(OWN, silo) for silo in scores.silos}
    return table(
        "A threshold for each silo",
        [silo for silo, figure in found.items() if figure and figure.is_number],
        columns,
        "With this threshold a silo would reach the true positive rate of all silos "
        "together (equal opportunity). Evaluated, not imposed: nothing uses it. It was "
        "chosen on the rows that it is measured on, so it looks a little too good.",
    )
