"""The page of one silo: for its owner, who sees no other silo's name or figure.

Each page is made from the silo's own figures, records and findings, and from
histograms of the others (`others.py`); the whole table never reaches the template.
Sentences about the federation are written here from what is structured: those of the
gates name silos, and so may a waiver, so none of them is repeated. The page is plain
HTML: no script, nothing loaded, inert whatever a name holds.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import functools
import hashlib
import pathlib
import re
import shlex
import unicodedata
from collections.abc import Iterator

import jinja2
import markupsafe

from components.dashboard import (
    formats,
    scores,
    silo_bounds,
    silo_figures,
    silo_findings,
    silo_judgement,
    silo_training,
    templating,
)
from components.dashboard.others import MIN_OTHERS, Others
from components.dashboard.report import Report, SiloLine
from components.dashboard.scores import Cell
from components.dashboard.silo_bounds import Comparison
from components.dashboard.silo_figures import OwnFigures
from components.dashboard.silo_findings import Finding
from components.dashboard.silo_judgement import Judgement
from components.dashboard.silo_names import SiloNames
from components.dashboard.silo_training import Part
from components.dashboard.silo_words import GATES, MEANINGS
from components.scoring.table import Figure, Table
from components.silos.manifest import TRAIN

FOLDER = "silos"
TEMPLATES = pathlib.Path(__file__).parent / "templates"
MAX_SLUG = 40


@dataclasses.dataclass(frozen=True)
class SiloPage:
    """What the owner of a silo reads.

    Attributes:
        line: The silo's verdict, faults and departures, without other silos' names.
        judgement: Whether the gates judged it.
        bounds: Their bounds beside its figures.
        figures: What the model does for it; None where it was not evaluated.
        part: What it put into the training.
        findings: What was found in its data.
        share: Its share of the training rows; None where that would tell the rows
            of few others.
    """

    line: SiloLine
    judgement: Judgement
    bounds: tuple[Comparison, ...]
    figures: OwnFigures | None
    part: Part
    findings: tuple[Finding, ...]
    share: float | None


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


def pages(report: Report, table: Table) -> Iterator[SiloPage]:
    """Yield what each silo's owner reads, in the report's order.

    Args:
        report: The run.
        table: The figures of its evaluation.
    """
    silos = [line.member.silo for line in report.silos]
    names = SiloNames(silos)
    demands = silo_bounds.of_settings(report.about.settings)
    parts = silo_training.parts(report.run, silos)
    others = Others(table, {line.member.silo for line in report.judged})
    figures: dict[str, list[Figure]] = collections.defaultdict(list)
    for figure in table:
        figures[figure.silo].append(figure)
    with_rows = sum(bool(line.member.rows.get(TRAIN)) for line in report.silos)
    for known in report.silos:
        silo = known.member.silo
        line = _without_names(known, names)
        mine = Table(tuple(figures[silo]))
        own = scores.of_table(mine)
        rows = mine.metric("rows", silo=silo)
        has_rows = bool(line.member.rows.get(TRAIN))
        tells_no_few = with_rows - has_rows >= MIN_OTHERS
        yield SiloPage(
            line=line,
            judgement=silo_judgement.judge(
                line,
                rows,
                demands.minimum_data,
                is_trained=report.is_trained,
                has_gates=bool(report.decision.gates),
            ),
            bounds=tuple(silo_bounds.comparisons(demands, own, silo)) if mine else (),
            figures=silo_figures.of_silo(own, others, silo) if mine else None,
            part=_part_without_names(parts[silo], names, silo),
            findings=tuple(silo_findings.findings(line)),
            share=line.member.share if has_rows and tells_no_few else None,
        )


def _without_names(line: SiloLine, names: SiloNames) -> SiloLine:
    silo = line.member.silo

    def hide(sentences: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.hide_others(sentence, silo) for sentence in sentences)

    member = dataclasses.replace(
        line.member, reasons=hide(line.member.reasons), notes=hide(line.member.notes)
    )
    (unjudged,) = hide((line.unjudged,))
    return dataclasses.replace(
        line, member=member, faults=hide(line.faults), unjudged=unjudged
    )


def _part_without_names(part: Part, names: SiloNames, silo: str) -> Part:
    missed = tuple(
        dataclasses.replace(each, reason=names.hide_others(each.reason, silo))
        for each in part.missed
    )
    left_out = names.hide_others(part.left_out, silo)
    return dataclasses.replace(part, missed=missed, left_out=left_out)


def _of_run(report: Report) -> dict[str, object]:
    """Return what the template needs of the run, the same on each page."""
    decision, css = report.decision, _css()
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
        "code": _code,
        "number": _number,
        "sentence": _sentence,
        "signed_interval": _signed_interval,
    }
    return environment.get_template("silo_page.html.j2")


def _css() -> markupsafe.Markup:
    names = ("page.css", "silo_page.css")
    text = "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in names)
    return markupsafe.Markup(text)  # noqa: S704  files of ours


def _code(sentence: str) -> markupsafe.Markup:
    """Return a sentence as HTML, with what stands in backticks as code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:  # a backtick without its other half is only a character
        return markupsafe.escape(sentence)
    return markupsafe.Markup("").join(
        markupsafe.Markup("<code>{}</code>").format(part) if index % 2 else part
        for index, part in enumerate(parts)
    )


def _sentence(text: str) -> str:
    """Return a text with its first letter large, and the others as they are."""
    return text[:1].upper() + text[1:]


def _number(cell: Cell | None) -> str:
    """Return a cell's value, a dash where it has none, be it noted why."""
    return formats.metric(cell.number if cell and cell.is_number else None)


def _signed_interval(cell: Cell | None) -> str:
    """Return the interval of a change: `-0.044 to -0.018`; empty without one."""
    if cell is None or not cell.is_number or cell.low is None or cell.high is None:
        return ""
    return f"{formats.signed(cell.low)} to {formats.signed(cell.high)}"
