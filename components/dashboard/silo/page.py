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
import re
import shlex
import unicodedata

import jinja2

from components.dashboard import formats, templating
from components.dashboard.report import Report
from components.dashboard.silo.content import pages
from components.dashboard.silo.others import MIN_OTHERS
from components.dashboard.silo.words import GATES, MEANINGS
from components.payloads.table import Figure, Table

FOLDER = "silos"
TEMPLATES = pathlib.Path(__file__).parent / "templates"
MAX_SLUG = 40


def write(report: Report, table: Table, folder: str | pathlib.Path) -> None:
    """Write a page for each silo, `silos/<file_name(silo)>` below a folder.

    The pages hold nothing of each other: whoever serves them decides who may read
    which.

    Args:
        report: The run.
        table: The figures of its evaluation; without any where nothing was trained.
        folder: The folder in which the run's own page lies.
    """
    below = pathlib.Path(folder, FOLDER)
    below.mkdir(parents=True, exist_ok=True)
    template, of_run = _template(), _of_run(report)
    for page in pages(report, table):
        silo = page.line.member.silo
        html = template.render(page=page, silo=silo, **of_run)
        (below / file_name(silo)).write_text(html, encoding="utf-8")


def file_name(silo: str) -> str:
    """Return the name of a silo's page, for any id and any file system.

    Readable where the id is plain; the digest tells ids apart that a file system or
    an address would take for one.
    """
    plain = unicodedata.normalize("NFKD", silo).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:MAX_SLUG].strip("-")
    digest = hashlib.sha256(silo.encode()).hexdigest()[:16]
    return f"{slug or 'silo'}-{digest}.html"


def _of_run(report: Report) -> dict[str, object]:
    """Return what the template needs of the run, the same on each page."""
    decision = report.decision
    css = templating.styles(templating.STYLE, TEMPLATES / "silo.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    failed = [gate.gate for gate in decision.gates if not gate.passed]
    return {
        "use_case": report.about.use_case,
        "span": report.about.span,
        "is_trained": report.is_trained,
        "blessed": decision.blessed,
        "failed": [GATES.get(gate, gate) for gate in failed],
        "num_gates": len(decision.gates),
        "gates": GATES,
        "baseline": decision.baseline,
        "num_admitted": len(report.admitted),
        "num_silos": len(report.silos),
        "quorum": report.quorum,
        "min_others": MIN_OTHERS,
        "meanings": MEANINGS,
        "check": f"fairsilo silo check {shlex.quote(report.about.use_case)}",
        "css": css,
        "style": f"'sha256-{digest}'",
    }


@functools.cache
def _template() -> jinja2.Template:
    environment = templating.environment(TEMPLATES)
    environment.filters |= {
        "number": _number,
        "sentence": _sentence,
        "signed_interval": _signed_interval,
    }
    return environment.get_template("page.html.j2")


def _sentence(text: str) -> str:
    """Return a text with its first letter large, and the others as they are."""
    return text[:1].upper() + text[1:]


def _number(cell: Figure | None) -> str:
    """Return a cell's value, a dash where it has none, be it noted why."""
    return formats.metric(cell.number if cell and cell.is_number else None)


def _signed_interval(cell: Figure | None) -> str:
    """Return the interval of a change: `-0.044 to -0.018`; empty without one."""
    if cell is None or not cell.is_number or cell.low is None or cell.high is None:
        return ""
    return f"{formats.signed(cell.low)} to {formats.signed(cell.high)}"
