"""SiloValidator: which silos train, and why the others don't."""

from __future__ import annotations

from collections.abc import Mapping

from components.dashboard import formats
from components.dashboard.report import SiloLine
from components.dashboard.run.key_figures import KeyFigure
from components.payloads.cohort import Cohort, Member
from components.payloads.findings import sentences
from components.payloads.manifest import EVAL, TRAIN
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import outputs
from pipelines.runners.step_reports.content import (
    Cell,
    Column,
    Content,
    Mark,
    Table,
)

COLUMNS = (
    Column("Silo"),
    Column("Admission", "sentence"),
    Column("Findings that did not keep it out", "sentence"),
    Column("Rows to train", "number"),
    Column("Rows to evaluate", "number"),
    Column("Differs most in"),
)


def find(nodes: Mapping[str, NodeResult]) -> Cohort | None:
    """Read the cohort of a run; None where it is not there."""
    return outputs.optional(nodes, "SiloValidator", "cohort", Cohort.read)


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    found = outputs.required(nodes, "SiloValidator", "cohort", Cohort.read)
    out = [member for member in found.members if not member.admitted]
    noted = [member for member in found.members if member.notes]
    verdict = "Nothing may be trained" if found.refusal else _admitted(found)
    return Content(
        verdict,
        "bad" if found.refusal else "good",
        reasons=(found.refusal,) if found.refusal else (),
        figures=(
            KeyFigure(
                "Silos admitted",
                _share(found),
                f"the quorum is {formats.count(found.quorum)}",
            ),
            KeyFigure("Silos quarantined", formats.count(len(out))),
            KeyFigure("Silos with a note", formats.count(len(noted))),
        ),
        tables=(
            Table(
                "Silos",
                COLUMNS,
                tuple(_row(member) for member in sorted(found.members, key=_rank)),
                "Quarantined silos first. The last column is the distance to the "
                "federation, from 0 (alike) to 1.",
            ),
        ),
        metrics={"silos admitted": len(found.admitted), "silos quarantined": len(out)},
    )


def _admitted(found: Cohort) -> str:
    return f"{_share(found)} silos were admitted"


def _share(found: Cohort) -> str:
    admitted, number = len(found.admitted), len(found.members)
    return f"{formats.count(admitted)} of {formats.count(number)}"


def _rank(member: Member) -> tuple[bool, bool, str]:
    return (member.admitted, not member.notes, member.silo)


def _row(member: Member) -> tuple[Cell, ...]:
    # The dashboard's line knows in which column a silo differs most.
    differs = SiloLine(member, None, None, None, ()).differs_in
    word = "admitted" if member.admitted else "not admitted"
    return (
        member.silo,
        Mark(member.admitted, word, sentences(member.reasons)),
        sentences(member.notes),
        formats.count(member.rows.get(TRAIN, 0)),
        formats.count(member.rows.get(EVAL, 0)),
        f"{differs[0]} ({differs[1]:.2f})" if differs else formats.NONE,
    )
