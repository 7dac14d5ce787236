"""Evaluates scores that were made elsewhere: any model, the same figures and gates.

What lies in the folder afterwards: `evaluation/` (TFMA's result, `table.parquet`,
`table.csv`, what left each silo), `decision.json` where gates are set, `index.html`.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from components.dashboard.settings import DashboardSettings
from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads import egress, table
from components.payloads.decision import Baseline, Decision
from components.payloads.minimum_data import MinimumData
from pipelines import settings as settings_file
from pipelines.settings import ScoresSettings

PAGE = "index.html"
EVALUATION = "evaluation"


@dataclasses.dataclass(frozen=True)
class Request:
    """What to evaluate, and how."""

    folder: pathlib.Path  # one Parquet file a silo
    name: str  # what the evaluation is called on its page
    label: str  # the label's column
    score: str  # the scores' column
    baseline_score: str  # the column of the model to compare with; empty for none
    settings: ScoresSettings


class Verdict(NamedTuple):
    """What came of it."""

    summary: dict[str, Any]  # for scripts
    decision: Decision | None  # None where no gate is set
    notes: Sequence[str]  # what columns some silos lack, in sentences


def request(
    folder: pathlib.Path,
    label: str,
    score: str,
    baseline_score: str,
    use_case: str,
    overrides: Sequence[str],
) -> Request:
    """Return what is asked for, its settings checked.

    Args:
        folder: Holds one Parquet file a silo.
        label: The label's column; empty for the use case's own, or `label`.
        score: The scores' column.
        baseline_score: The column of the model to compare with; empty for none.
        use_case: The use case whose settings count; empty for none.
        overrides: Settings to change, `a.b=c` each.

    Raises:
        SettingsError: The settings can't be used, or two columns are the same one.
    """
    if use_case:
        from pipelines import use_case as use_cases

        found = use_cases.find(use_case, overrides).settings
        chosen = ScoresSettings(evaluation=found.evaluation, gates=found.gates)
        label = label or found.rows.label
    else:
        chosen, label = settings_file.of_scores(overrides), label or "label"
    columns = [label, score, *filter(None, [baseline_score])]
    if len(set(columns)) < len(columns):
        raise SettingsError(
            f"found the columns {', '.join(columns)} for label and scores, expected "
            "different ones",
            "give --label, --score and --baseline-score",
        )
    return Request(
        folder, use_case or folder.name, label, score, baseline_score, chosen
    )


def evaluate(request: Request, to: pathlib.Path) -> Verdict:
    """Measure, decide where gates are set, and write the page into a folder.

    What an earlier call wrote there is replaced.

    Raises:
        FairSiloError: The folder can't be used, no file has one of the columns, or
            no silo could be evaluated.
    """
    from components import digests
    from components.dashboard import report, run_page
    from components.fairness_evaluator import (
        decision,
        evaluation,
        predictions,
        score_columns,
    )
    from components.fairness_evaluator.sketches.rows import ScoredModel

    examples = predictions.find(request.folder, request.name)
    named = {request.label: score_columns.LABEL, request.score: score_columns.SCORE}
    if request.baseline_score:
        named[request.baseline_score] = score_columns.BASELINE
    for column in request.settings.evaluation.slices:
        named.setdefault(column, score_columns.SLICE)
    lacks = score_columns.check(examples, named)
    columns = {table.CANDIDATE: request.score, table.BASELINE: request.baseline_score}
    models = [
        ScoredModel(model, "", predictions.digest(examples, column), column)
        for model, column in columns.items()
        if column
    ]
    below = to / EVALUATION
    below.mkdir(parents=True, exist_ok=True)
    (to / Decision.FILE_NAME).unlink(missing_ok=True)  # an earlier call's
    gates, left_out = request.settings.gates, ""
    if gates:
        gates, left_out = without_gains(gates)
    measured = evaluation.measure(
        examples,
        predictions.cohort(examples),
        models,
        request.label,
        request.settings.evaluation,
        gates.minimum_data if gates else MinimumData(),
        below,
    )
    predictions.require_some_evaluated(examples, measured.left_out)
    measured.figures.write(below)
    egress.write(below, measured.egress)
    decided = None
    if gates:
        baseline = Baseline("", models[1].digest, "") if models[1:] else None
        decided = decision.decide(
            measured.figures, examples.silos, measured.left_out, gates, baseline
        )
        decided.write(to)
    about = report.About(
        use_case=request.name,
        span="",
        code=digests.of_code("dashboard"),
        settings=request.settings.model_dump(mode="json"),
    )
    found = report.of_evaluation(about, decided, measured.figures)
    html = run_page.with_views(found, below, DashboardSettings())
    (to / PAGE).write_text(html, encoding="utf-8")
    counted = {silo: lacks[silo] for silo in lacks if silo not in measured.left_out}
    overall = measured.figures.metric("auc")
    auc = overall.value if overall else None
    summary = {
        "silos": len(examples.silos),
        "rows": overall.rows if overall else 0,
        "auc": None if auc is None else round(auc, 4),
        "left_out": measured.left_out,
        "missing_columns": {silo: lack.columns for silo, lack in counted.items()},
        "blessed": decided.blessed if decided else None,
        "reasons": list(decided.reasons) if decided else [],
        "table": str(below / table.CSV),
        "page": str(to / PAGE),
    }
    notes = [*score_columns.sentences(counted), *filter(None, [left_out])]
    return Verdict(summary, decided, notes)


def without_gains(gates: GateSettings) -> tuple[GateSettings, str]:
    """Return the gates that scores can be judged by, and a sentence on the others."""
    from components.fairness_evaluator.gates.registry import GATES

    named = [name for name in gates.configured if GATES[name].metric == table.GAIN]
    note = (
        f"left out: {' and '.join(named)}, since no model that a silo trained alone "
        "scored these rows"
    )
    return gates.model_copy(update=dict.fromkeys(named)), note if named else ""
