"""What the owner of each silo reads, apart from how it looks.

Each page is made from the silo's own figures, records and findings, and from
histograms of the others (`others.py`); the whole table never reaches the template.
What was written about the silo is told without the other silos' names (`names.py`).
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator

from components.dashboard.report import Report, SiloLine
from components.dashboard.silo import bounds, figures, findings, judgement, training
from components.dashboard.silo.bounds import Comparison
from components.dashboard.silo.figures import OwnFigures
from components.dashboard.silo.findings import OwnFindings
from components.dashboard.silo.judgement import Judgement
from components.dashboard.silo.names import SiloNames
from components.dashboard.silo.others import MIN_OTHERS, Others
from components.dashboard.silo.training import Part
from components.payloads.findings import Finding
from components.payloads.manifest import TRAIN
from components.payloads.table import Figure, Table


@dataclasses.dataclass(frozen=True)
class SiloPage:
    """What the owner of a silo reads.

    Attributes:
        line: The silo's verdict and departures, without other silos' names.
        judgement: Whether the gates judged it.
        bounds: Their bounds beside its figures.
        figures: What the model does for it; None where it was not evaluated.
        part: What it put into the training.
        unscored: Why rows of it were not scored; empty if all were.
        findings: What was found in its data.
        share: Its share of the training rows; None where that would tell the rows
            of few others.
    """

    line: SiloLine
    judgement: Judgement
    bounds: tuple[Comparison, ...]
    figures: OwnFigures | None
    part: Part
    unscored: str
    findings: tuple[OwnFindings, ...]
    share: float | None


def pages(report: Report, table: Table) -> Iterator[SiloPage]:
    """Yield what each silo's owner reads, in the report's order.

    Args:
        report: The run.
        table: The figures of its evaluation.
    """
    silos = [line.member.silo for line in report.silos]
    names = SiloNames(silos)
    demands = bounds.of_settings(report.about.settings)
    parts = training.parts(report.run, silos)
    unscored = {one.silo: one.reason for one in report.ledger.unscored}
    others = Others(table, {line.member.silo for line in report.judged})
    by_silo: dict[str, list[Figure]] = collections.defaultdict(list)
    for figure in table:
        by_silo[figure.silo].append(figure)
    with_rows = sum(bool(line.member.rows.get(TRAIN)) for line in report.silos)
    for known in report.silos:
        silo = known.member.silo
        line = _without_names(known, names)
        mine = Table(tuple(by_silo[silo]))
        own = mine
        rows = mine.metric("rows", silo=silo)
        has_rows = bool(line.member.rows.get(TRAIN))
        tells_no_few = with_rows - has_rows >= MIN_OTHERS
        yield SiloPage(
            line=line,
            judgement=judgement.judge(
                line,
                rows,
                demands.minimum_data,
                is_trained=report.is_trained,
                has_gates=bool(report.decision.gates),
            ),
            bounds=tuple(bounds.comparisons(demands, own, silo)) if mine else (),
            figures=figures.of_silo(own, others, silo) if mine else None,
            part=_part_without_names(parts[silo], names, silo),
            unscored=names.hide_others(unscored.get(silo, ""), silo),
            findings=findings.findings(line.member),
            share=line.member.share if has_rows and tells_no_few else None,
        )


def _without_names(line: SiloLine, names: SiloNames) -> SiloLine:
    silo = line.member.silo

    def hide(found: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(
            Finding(
                names.hide_others(one.sentence, silo), names.hide_others(one.hint, silo)
            )
            for one in found
        )

    member = dataclasses.replace(
        line.member, reasons=hide(line.member.reasons), notes=hide(line.member.notes)
    )
    not_evaluated = names.hide_others(line.not_evaluated, silo)
    return dataclasses.replace(line, member=member, not_evaluated=not_evaluated)


def _part_without_names(part: Part, names: SiloNames, silo: str) -> Part:
    missed = tuple(
        dataclasses.replace(each, reason=names.hide_others(each.reason, silo))
        for each in part.missed
    )
    left_out = names.hide_others(part.left_out, silo)
    return dataclasses.replace(part, missed=missed, left_out=left_out)
