"""Evaluates scores that were made elsewhere: any model, the same figures and gates.

What lies in the folder afterwards: `evaluation/` (TFMA's result, `table.parquet`,
`table.csv`, what left each silo), `decision.json` where gates are set, `index.html`.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from components.dashboard.settings import DashboardSettings
from components.errors import SettingsError
from components.payloads import egress, table
from components.payloads.decision import Baseline, Decision
from components.payloads.minimum_data import MinimumData
from pipelines import settings as settings_file
from pipelines.settings import ScoresSettings

if TYPE_CHECKING:
    from components.fairness_evaluator.evaluation import Measured
    from components.fairness_evaluator.score_columns import Lack

PAGE = "index.html"
EVALUATION = "evaluation"


@dataclasses.dataclass(frozen=True)
class Request:
    """What to evaluate, and how.

    Attributes:
        folder: Holds one Parquet file a silo.
        name: What the evaluation is called on its page.
        label: The label's column.
        score: The scores' column.
        baseline_score: The column of the model to compare with; empty for none.
        settings: What is measured and demanded.
    """

    folder: pathlib.Path
    name: str
    label: str
    score: str
    baseline_score: str
    settings: ScoresSettings


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What came of it.

    Attributes:
        measured: The figures, and who was left out.
        decision: What the gates say; None where none is set.
        silos: Ids of all silos.
        folder: Where it was written to.
        lacks: What columns some silos lack, by silo.
    """

    measured: Measured
    decision: Decision | None
    silos: tuple[str, ...]
    folder: pathlib.Path
    lacks: dict[str, Lack]

    def summary(self) -> dict[str, Any]:
        """Return it for scripts."""
        overall = self.measured.figures.metric("auc")
        auc = overall.value if overall else None
        return {
            "silos": len(self.silos),
            "rows": overall.rows if overall else 0,
            "auc": None if auc is None else round(auc, 4),
            "left_out": self.measured.left_out,
            "missing_columns": {
                silo: lack.columns for silo, lack in self.lacks.items()
            },
            "blessed": self.decision.blessed if self.decision else None,
            "reasons": list(self.decision.reasons) if self.decision else [],
            "table": str(self.folder / EVALUATION / table.CSV),
            "page": str(self.folder / PAGE),
        }


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
    """Measure, decide where gates are set, and write the page.

    Args:
        request: What to evaluate.
        to: Folder for all that is written; what an earlier call wrote is replaced.

    Raises:
        FairSiloError: The folder can't be used, no file has one of the columns, or
            no silo could be evaluated.
    """
    from components.fairness_evaluator import (
        decision,
        evaluation,
        predictions,
        score_columns,
    )
    from components.fairness_evaluator.sketches.rows import ScoredModel

    examples = predictions.find(request.folder, request.name)
    lacks = score_columns.check(examples, _named(request))
    columns = {
        table.CANDIDATE: request.score,
        table.BASELINE: request.baseline_score,
    }
    models = [
        ScoredModel(model, "", predictions.digest(examples, column), column)
        for model, column in columns.items()
        if column
    ]
    below = to / EVALUATION
    below.mkdir(parents=True, exist_ok=True)
    (to / Decision.FILE_NAME).unlink(missing_ok=True)  # an earlier call's
    gates = request.settings.gates
    measured = evaluation.measure(
        examples,
        predictions.cohort(examples),
        models,
        request.label,
        request.settings.evaluation,
        gates.minimum_data if gates else MinimumData(),
        below,
    )
    predictions.check_told(examples, measured.left_out)
    measured.figures.write(below)
    egress.write(below, measured.departures)
    counted = {silo: lacks[silo] for silo in lacks if silo not in measured.left_out}
    decided = None
    if gates:
        baseline = Baseline("", models[1].digest, "") if models[1:] else None
        decided = decision.decide(
            measured.figures, examples.silos, measured.left_out, gates, baseline
        )
        decided.write(to)
    _write_page(request, measured, decided, to)
    return Verdict(measured, decided, tuple(examples.silos), to, counted)


def _named(request: Request) -> dict[str, str]:
    """Return the columns that are asked for, with what named each."""
    from components.fairness_evaluator import score_columns

    named = {request.label: score_columns.LABEL, request.score: score_columns.SCORE}
    if request.baseline_score:
        named[request.baseline_score] = score_columns.BASELINE
    slices = dict.fromkeys(request.settings.evaluation.slices, score_columns.SLICE)
    return {**named, **{k: by for k, by in slices.items() if k not in named}}


def _write_page(
    request: Request, measured: Measured, decided: Decision | None, to: pathlib.Path
) -> None:
    from components import digests
    from components.dashboard import report, run_page

    about = report.About(
        use_case=request.name,
        span="",
        code=digests.of_code("dashboard"),
        settings=request.settings.model_dump(mode="json"),
    )
    html = run_page.render_evaluation(
        about, decided, measured.figures, to / EVALUATION, DashboardSettings()
    )
    (to / PAGE).write_text(html, encoding="utf-8")
