"""The page of one silo: for its owner, who sees no other silo's name or figure.

Sentences about the federation are written here from what is structured: those of the
gates name silos, and so may a waiver, so none of them is repeated. The page is plain
HTML: no script, nothing loaded, inert whatever a name holds.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import pathlib
import shlex

import jinja2

from components.dashboard import formats, templating
from components.dashboard.report import Report
from components.dashboard.silo import content, training
from components.dashboard.silo.location import FOLDER, file_name
from components.dashboard.silo.others import MIN_OTHERS
from components.dashboard.silo.words import GATES, MEANINGS, RATES
from components.payloads.table import TOO_FEW, Figure

TEMPLATES = pathlib.Path(__file__).parent / "templates"


def write(report: Report, folder: str | pathlib.Path) -> None:
    """Write a page for each silo, `silos/<file_name(silo)>` below a folder.

    The pages hold nothing of each other: whoever serves them decides who may read
    which.

    Args:
        report: The run.
        folder: The folder in which the run's own page lies.
    """
    below = pathlib.Path(folder, FOLDER)
    below.mkdir(parents=True, exist_ok=True)
    template, of_run = _template(), _of_run(report)
    for page in content.pages(report):
        html = template.render(page=page, silo=page.silo, **of_run)
        (below / file_name(page.silo)).write_text(html, encoding="utf-8")


def _of_run(report: Report) -> dict[str, object]:
    """Return what the template needs of the run, the same on each page."""
    css = templating.styles(templating.STYLE, TEMPLATES / "silo.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    failed = [gate.gate for gate in report.decision.gates if not gate.passed]
    return {
        "run": report,
        "about": report.about,
        "decision": report.decision,
        "failed": [GATES.get(gate, gate) for gate in failed],
        "gates": GATES,
        "baseline": report.decision.baseline,
        "min_others": MIN_OTHERS,
        "rates": RATES,
        "too_few": TOO_FEW,
        "meanings": MEANINGS,
        "check": f"fairsilo silo check {shlex.quote(report.about.use_case)}",
        "css": css,
        "style": f"'sha256-{digest}'",
    }


@functools.cache
def _template() -> jinja2.Template:
    environment = templating.environment(TEMPLATES)
    environment.filters |= {
        "number": lambda f: formats.metric(f.number if f and f.is_number else None),
        "sentence": lambda text: text[:1].upper() + text[1:],
        "change": _change,
        "ranges": training.ranges,
        "change_range": _change_range,
    }
    return environment.get_template("page.html.j2")


def _change(figure: Figure | None) -> str:
    """Return a change with its sign: `-0.018`; a note or a dash where it has none."""
    known = figure is not None and figure.is_number
    return formats.signed(figure.number) if figure and known else formats.cell(figure)


def _change_range(figure: Figure | None) -> str:
    """Return the interval of a change: `-0.044 to -0.018`; empty without one."""
    if figure is None or not figure.is_number:
        return ""
    if figure.low is None or figure.high is None:
        return ""
    return f"{formats.signed(figure.low)} to {formats.signed(figure.high)}"
