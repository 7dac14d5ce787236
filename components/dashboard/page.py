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
from typing import TYPE_CHECKING

import jinja2
import markupsafe
import yaml

from components.dashboard import figures, formats
from components.dashboard.key_figures import key_figures
from components.dashboard.report import Report
from components.dashboard.settings import DashboardSettings
from components.dashboard.slice_tables import slice_tables
from components.silos.departures import KINDS

if TYPE_CHECKING:
    from components.dashboard.tfma_view import Family

FILE_NAME = "index.html"
TEMPLATES = pathlib.Path(__file__).parent / "templates"
# TFMA's bundle would ask Google for a font, which a flag of its own forbids, and
# for Google Charts unless they are there. The fairness view draws without them,
# so they are there in name and never become ready.
NO_NETWORK = """window.polymerSkipLoadingFontRoboto = true;
window.google = { charts: { load: () => new Promise(() => {}) } };
"""


@dataclasses.dataclass(frozen=True)
class Scripts:
    """The page's scripts, ready to stand in `<script>`.

    Attributes:
        page: Our own, for comfort.
        bundle: TFMA's elements.
        view: Our own, which feeds them.
    """

    page: markupsafe.Markup
    bundle: markupsafe.Markup
    view: markupsafe.Markup

    @property
    def policy(self) -> str:
        """The Content-Security-Policy under which only these scripts run."""
        sources = " ".join(
            f"'sha256-{_digest(script)}'"
            for script in (self.page, self.bundle, self.view)
        )
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
) -> str:
    """Return the page as HTML; the same report gives the same bytes.

    Args:
        report: What the page says.
        families: TFMA's views, empty where nothing was evaluated.
        bundle: The JavaScript of TFMA's elements; left out without views.
        settings: How much is shown.
    """
    scripts = Scripts(
        page=_inline(_text("page.js")),
        bundle=_inline(NO_NETWORK + bundle),
        view=_inline(_text("tfma_view.js")),
    )
    template = _environment().get_template("page.html.j2")
    return template.render(
        report=report,
        key_figures=key_figures(report),
        auc_axis=figures.auc_axis(
            cell for line in report.silos for cell in (line.auc, line.baseline_auc)
        ),
        bar=figures.bar,
        training=figures.training(report.run.rounds, settings.training_panels),
        dropped=[
            (record.round, len(record.dropped))
            for record in report.run.rounds
            if record.dropped
        ],
        slice_tables=slice_tables(report.scores, settings.slice_rows),
        families=families,
        tfma_data=[_properties(family) for family in families],
        kinds=KINDS,
        run_settings=yaml.safe_dump(
            report.about.settings, allow_unicode=True, sort_keys=False
        ),
        css=markupsafe.Markup(_text("page.css")),  # noqa: S704  a file of ours
        scripts=scripts,
    )


def _properties(family: Family) -> dict[str, object]:
    """Return the element's properties.

    Its column of changes is compare / eval - 1, so the model in service is
    `slicingMetrics` and the candidate is compared with it.
    """
    if not family.baseline:
        return {"slicingMetrics": family.candidate, "evalName": "candidate"}
    return {
        "slicingMetrics": family.baseline,
        "slicingMetricsCompare": family.candidate,
        "evalName": "in service",
        "evalNameCompare": "candidate",
    }


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= formats.FILTERS
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": True,
        "separators": (",", ":"),
        "allow_nan": False,
    }
    return environment


def _text(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _inline(script: str) -> markupsafe.Markup:
    """Return JavaScript that can't end its `<script>` element early.

    Both replacements mean the same inside a string or a regular expression, the
    only places where these characters occur in valid JavaScript.
    """
    safe = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return markupsafe.Markup(safe.replace("\r\n", "\n"))  # noqa: S704  code, not data


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
