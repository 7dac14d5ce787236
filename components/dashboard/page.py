"""The page: one self-contained HTML file with no road to the network.

Every text goes through the template's escaping, data for scripts through JSON
with `<`, `>`, `&` and `'` escaped. The Content-Security-Policy runs only the
scripts that are written here, by digest, so no injected handler or script runs
even where an escape were forgotten, and forbids every request.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import markupsafe
import yaml

from components.dashboard import (
    across_silos,
    chart_data,
    group_gaps,
    own_thresholds,
    rounds,
    silo_tables,
    templating,
)
from components.dashboard import report as reports
from components.dashboard.key_figures import key_figures
from components.dashboard.payloads import Decision
from components.dashboard.report import About, Report
from components.dashboard.scores import Scores
from components.dashboard.settings import DashboardSettings

if TYPE_CHECKING:
    from components.dashboard.tfma_view import Family

FILE_NAME = "index.html"
TEMPLATES = pathlib.Path(__file__).parent / "templates"
VENDOR = pathlib.Path(__file__).parent / "vendor"
PLOTTING = (VENDOR / "d3.min.js", VENDOR / "plot.min.js", TEMPLATES / "libraries.js")
CHARTS = ("data.js", "plots.js", "charts.js", "figures.js", "groups.js")

# The marks of legends as SVG paths; page.css colours them as plots.js does.
MARKS = {
    "candidate": "M0 6H26M17 6a4 4 0 1 1-8 0a4 4 0 1 1 8 0",
    "baseline": "M0 6H26M13 1l5 5l-5 5l-5-5z",
    "better": "M13 1l5 9h-10z",
    "worse": "M9 2h8v8h-8z",
    "unsure": "M17 6a4 4 0 1 1-8 0a4 4 0 1 1 8 0",
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


@dataclasses.dataclass(frozen=True)
class Scripts:
    """The page's scripts, ready to stand in `<script>`, in their order."""

    inlined: tuple[markupsafe.Markup, ...]

    @property
    def policy(self) -> str:
        """The Content-Security-Policy under which only these scripts run."""
        sources = " ".join(f"'sha256-{_digest(script)}'" for script in self.inlined)
        return (
            f"default-src 'none'; script-src {sources}; "
            "style-src 'unsafe-inline'; img-src data:; font-src data:; "
            "base-uri 'none'; form-action 'none'"
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
        sections=[section for section in SECTIONS if process or not section.process],
        key_figures=key_figures(report, process),
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
        css=markupsafe.Markup(_text(TEMPLATES / "page.css")),  # noqa: S704  ours
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
    from components.dashboard import tfma_view

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
    return {
        "unjudged": silo_tables.unjudged(report),
        "all_silos": silo_tables.all_silos(report, process),
        "across": across_silos.across_silos(report.scores),
        "silos_thresholds": own_thresholds.own_thresholds(report.scores),
        "gaps": group_gaps.group_gaps(report),
        "findings": silo_tables.findings(report),
        "left": silo_tables.left_silos(report),
        "predictions": silo_tables.predictions(report),
        "last_round": silo_tables.last_round(report),
        "dropped": silo_tables.dropped(report),
    }


def _properties(family: Family) -> dict[str, dict[str, object]]:
    """Return the properties of a family's elements, metrics packed.

    The fairness view's column of changes is compare / eval - 1, so the model in
    service is `slicingMetrics` and the candidate is compared with it.
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
            "evalName": "in service",
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
    texts.append(_text(TEMPLATES / "page.js"))
    if has_charts:
        texts += [_text(TEMPLATES / name) for name in CHARTS]
    if bundle:
        texts.append(_text(TEMPLATES / "google_charts.js"))
        texts += [bundle, _text(TEMPLATES / "tfma_view.js")]
    texts.append(_text(TEMPLATES / "interactive.js"))
    return Scripts(tuple(inline(text) for text in texts))


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


def inline(script: str) -> markupsafe.Markup:
    """Return JavaScript that can't end its `<script>` element early.

    Both replacements mean the same inside a string or a regular expression, the
    only places where these characters occur in valid JavaScript.
    """
    safe = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return markupsafe.Markup(safe.replace("\r\n", "\n"))  # noqa: S704  code, not data


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
