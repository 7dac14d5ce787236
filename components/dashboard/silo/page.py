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
from collections.abc import Callable

import jinja2

from components.dashboard import formats, templating
from components.dashboard.silo import content, training
from components.dashboard.silo.content import Run
from components.dashboard.silo.location import FOLDER, file_name
from components.dashboard.silo.others import MIN_OTHERS, number
from components.dashboard.silo.words import GATES, MEANINGS, RATES
from components.payloads.table import TOO_FEW, Figure

Form = Callable[[float], str]
TEMPLATES = pathlib.Path(__file__).parent / "templates"


def write(run: Run, folder: str | pathlib.Path) -> None:
    """Write a page for each silo, `silos/<file_name(silo)>` below a folder.

    The pages hold nothing of each other: whoever serves them decides who may read
    which.

    Args:
        run: The run.
        folder: The folder in which the run's own page lies.
    """
    below = pathlib.Path(folder, FOLDER)
    below.mkdir(parents=True, exist_ok=True)
    template, of_run = _template(), _of_run(run)
    for page in content.pages(run):
        html = template.render(page=page, silo=page.silo, **of_run)
        (below / file_name(page.silo)).write_text(html, encoding="utf-8")


def _of_run(run: Run) -> dict[str, object]:
    """Return what the template needs of the run, the same on each page."""
    css = templating.styles(templating.STYLE, TEMPLATES / "silo.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    failed = [gate.gate for gate in run.decision.gates if not gate.passed]
    return {
        "run": run,
        "decision": run.decision,
        "failed": [GATES.get(gate, gate) for gate in failed],
        "gates": GATES,
        "baseline": run.decision.baseline,
        "min_others": MIN_OTHERS,
        "rates": RATES,
        "too_few": TOO_FEW,
        "meanings": MEANINGS,
        "check": f"fairsilo silo check {shlex.quote(run.use_case)}",
        "css": css,
        "style": f"'sha256-{digest}'",
    }


@functools.cache
def _template() -> jinja2.Template:
    environment = templating.environment(TEMPLATES)
    environment.filters |= {
        "figure": _figure,
        "number": lambda figure: formats.metric(number(figure)),
        "sentence": lambda text: text[:1].upper() + text[1:],
        "change": lambda figure: _figure(figure, formats.signed),
        "range": _range,
        "ranges": training.ranges,
        "change_range": lambda figure: _range(figure, formats.signed),
    }
    return environment.get_template("page.html.j2")


def _figure(figure: Figure | None, form: Form = formats.metric) -> str:
    """Return a figure, its note where it has one, a dash where there is none."""
    value = number(figure)
    if value is not None or figure is None:
        return formats.metric(None) if value is None else form(value)
    if figure.note == TOO_FEW:
        return f"{figure.note} ({formats.count(figure.rows)})"
    return figure.note or formats.metric(None)


def _range(figure: Figure | None, form: Form = formats.metric) -> str:
    """Return the ends of a figure's interval: `0.700 to 0.724`; empty without one."""
    if number(figure) is None or figure is None:
        return ""
    if figure.low is None or figure.high is None:
        return ""
    return f"{form(figure.low)} to {form(figure.high)}"
