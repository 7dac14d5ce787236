"""The page: one self-contained HTML file with no road to the network.

Every text goes through the template's escaping, data for scripts through JSON
with `<`, `>`, `&` and `'` escaped; `scripts.py` says what may run.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import yaml

from components.dashboard import report as reports
from components.dashboard import scripts, templating
from components.dashboard.payloads import Decision
from components.dashboard.report import About, Report
from components.dashboard.run import chart_data, rounds
from components.dashboard.run.key_figures import judged_word, key_figures
from components.dashboard.run.tables import (
    across_silos,
    departures,
    findings,
    group_gaps,
    own_thresholds,
    predictions,
    silos,
    training,
)
from components.dashboard.scores import Scores
from components.dashboard.scripts import PLOTTING, TABLES, Scripts
from components.dashboard.settings import DashboardSettings

if TYPE_CHECKING:
    from components.dashboard.run.tfma_view import Family

FILE_NAME = "index.html"
TEMPLATES = pathlib.Path(__file__).parent / "templates"
CHARTS = ("data.js", "plots.js", "charts.js", "figures.js", "groups.js")
TFMA = ("tfma_style.js", "tfma_mends.js", "tfma_view.js")

# The marks of legends as SVG paths; page.css colours them as plots.js does.
MARKS = {
    "candidate": "M0 6H26M17 6a4 4 0 1 1-8 0a4 4 0 1 1 8 0",
    "baseline": "M0 6H26M13 1l5 5l-5 5l-5-5z",
    "better": "M13 1l5 9h-10z",
    "worse": "M9 2h8v8h-8z",
    "unsure": "M17 6a4 4 0 1 1-8 0a4 4 0 1 1 8 0",
    "withheld": "M5 1H21V11H5ZM5 8L12 1M8 11L18 1M15 11L21 5",
    "undefined": "M5 1H21V11H5ZM10 6H16",
}


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        template: The file in `templates/` that writes it.
        headings: Its headings' ids and titles, in order.
        process: Whether it tells of a run, not of an evaluation alone.
    """

    template: str
    headings: tuple[tuple[str, str], ...]
    process: bool = False


SECTIONS = (
    Section(
        "decision.html.j2",
        (("decision", "Decision"), ("figures", "Key figures"), ("gates", "Gates")),
    ),
    Section("fairness.html.j2", (("fairness", "Fairness view"),)),
    Section("silos.html.j2", (("silos", "Silos"),)),
    Section("groups.html.j2", (("groups", "Groups"),)),
    Section("calibration.html.j2", (("calibration", "Calibration"),)),
    Section("training.html.j2", (("training", "Training"),), process=True),
    Section("findings.html.j2", (("findings", "Validation findings"),), process=True),
    Section(
        "account.html.j2",
        (("left", "What left the silos"), ("predictions", "Predictions")),
        process=True,
    ),
    Section("versions.html.j2", (("versions", "Versions and settings"),)),
)


def render(
    report: Report,
    families: Sequence[Family],
    bundle: str,
    settings: DashboardSettings,
    process: bool = True,
) -> str:
    """Return the page as HTML; the same report gives the same bytes.

    Args:
        report: What the page says.
        families: TFMA's views, empty where nothing was evaluated.
        bundle: The JavaScript of TFMA's elements; left out without views.
        settings: How much is shown.
        process: Whether there was a run; else the page is of an evaluation alone,
            without training, findings, departures and predictions.
    """
    figures = (
        chart_data.chart_data(report, settings.groups_inside_silos)
        if report.scores.silos
        else None
    )
    template = templating.environment(TEMPLATES).get_template("page.html.j2")
    return template.render(
        report=report,
        process=process,
        sections=[section for section in SECTIONS if process or not section.process],
        key_figures=key_figures(report, process),
        judged_word=judged_word(report),
        rows_apart=silos.rows_apart(report),
        waived=[gate for gate in report.decision.gates if gate.waiver],
        marks=MARKS,
        measures=group_gaps.MEASURES,
        thresholds=figures["thresholds"] if figures else [],
        figures_data=figures,
        rounds_data=rounds.rounds_data(report.run.rounds),
        families=families,
        tfma_data=[_properties(family) for family in families],
        run_settings=yaml.safe_dump(
            report.about.settings, allow_unicode=True, sort_keys=False
        ),
        css=templating.styles(templating.STYLE),
        scripts=_scripts(bool(figures), bundle if families else ""),
        **_tables(report, process),
    )


def render_evaluation(
    about: About,
    decision: Decision | None,
    scores: Scores,
    evaluation: str | pathlib.Path,
    settings: DashboardSettings,
) -> str:
    """Return the page of an evaluation alone, such as of scores made elsewhere.

    Args:
        about: What was evaluated.
        decision: What the gates say; None where none was asked.
        scores: The evaluation's table (`scores.of_table`).
        evaluation: The folder with TFMA's result.
        settings: How much is shown.
    """
    from components.dashboard.run import tfma_view

    families = tfma_view.families(
        evaluation, scores.families(), settings.slices_in_view
    )
    return render(
        reports.of_evaluation(about, decision, scores),
        families,
        tfma_view.bundle() if families else "",
        settings,
        process=False,
    )


def _tables(report: Report, process: bool) -> dict[str, Any]:
    """Return the tables by the names that the sections give them."""
    judged = judged_word(report)
    return {
        "unjudged": silos.unjudged(report),
        "all_silos": silos.all_silos(report, process),
        "across": across_silos.across_silos(report.scores, judged),
        "silos_thresholds": own_thresholds.own_thresholds(report.scores),
        "gaps": group_gaps.group_gaps(report, judged),
        "findings": findings.findings(report),
        "left": departures.left_silos(report),
        "predictions": predictions.predictions(report),
        "last_round": training.last_round(report),
        "dropped": training.dropped(report),
    }


def _properties(family: Family) -> dict[str, dict[str, object]]:
    """Return the properties of a family's elements, metrics packed.

    The fairness view's column of changes is compare / eval - 1, so the baseline
    is `slicingMetrics` and the candidate is compared with it.
    """
    candidate, baseline = _packed(family.candidate), _packed(family.baseline)
    fairness: dict[str, object] = {
        "slicingMetrics": candidate,
        "evalName": "candidate",
    }
    if family.baseline:
        fairness = {
            "slicingMetrics": baseline,
            "slicingMetricsCompare": candidate,
            "evalName": "baseline",
            "evalNameCompare": "candidate",
        }
    return {
        "fairness-nb-container": fairness,
        "tfma-nb-slicing-metrics": {"data": _packed(family.slicing)},
    }


def _packed(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return rows of TFMA's with each metric's name once, not in every row.

    A value is a number where TFMA has `{"doubleValue": number}`, and null where a
    row has none; `templates/tfma_view.js` unpacks them.
    """
    names = list(dict.fromkeys(name for row in rows for name in row["metrics"]))
    return {
        "names": names,
        "rows": [
            {**row, "metrics": [_value(row["metrics"].get(name)) for name in names]}
            for row in rows
        ],
    }


def _value(metric: dict[str, Any] | None) -> object:
    return (
        metric["doubleValue"] if metric and set(metric) == {"doubleValue"} else metric
    )


def _scripts(has_charts: bool, bundle: str) -> Scripts:
    """Return the scripts that a page needs, libraries first."""
    texts = [_text(path) for path in PLOTTING] if has_charts or bundle else []
    texts.append(_text(TABLES))
    if has_charts:
        texts += [_text(TEMPLATES / name) for name in CHARTS]
    if bundle:
        texts.append(_text(TEMPLATES / "google_charts.js"))
        texts += [bundle, *(_text(TEMPLATES / name) for name in TFMA)]
    texts.append(_text(TEMPLATES / "interactive.js"))
    return scripts.of_texts(texts)


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")
