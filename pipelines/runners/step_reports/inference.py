"""BatchInferrer: what was scored, what was not and why."""

from __future__ import annotations

from collections.abc import Mapping

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.payloads import ledger
from components.payloads.ledger import Ledger
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import outputs
from pipelines.runners.step_reports.content import (
    Column,
    Content,
    Mood,
    Table,
    verb,
)

VERDICTS: dict[str, tuple[str, Mood]] = {
    ledger.SKIPPED: ("Nothing was scored", "bad"),
    ledger.NOTHING: ("There is nothing to score", "plain"),
    ledger.FAILED: ("Not all could be scored", "bad"),
}


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    done = outputs.required(nodes, "BatchInferrer", "inference_result", Ledger.read)
    rows = (
        f"{formats.count(done.rows)} {verb(done.rows, 'row was', 'rows were')} scored"
    )
    verdict, mood = VERDICTS.get(done.status, (rows, "good"))
    if done.unscored:
        silos = verb(len(done.unscored), "silo was", "silos were")
        verdict = f"{verdict}; {len(done.unscored)} {silos} not or not wholly scored"
        mood = "bad"
    return Content(
        verdict,
        mood,
        reasons=tuple(
            filter(None, (done.reason, *(one.reason for one in done.unscored)))
        ),
        figures=(
            KeyFigure("Rows scored", formats.count(done.rows)),
            KeyFigure(
                "Dead letters",
                formats.count(done.dead_letters),
                "rows that could not be scored",
            ),
            KeyFigure(
                "Taken over",
                formats.count(done.resumed),
                "pieces of work done by an earlier run",
            ),
        )
        if done.silos
        else (),
        tables=(_failures(done), _silos(done)),
        metrics={"rows scored": done.rows, "dead letters": done.dead_letters},
    )


def _failures(done: Ledger) -> Table:
    columns = (Column("Silo"), Column("Piece of work"), Column("Why", "sentence"))
    rows = tuple((item.silo, item.item, item.reason) for item in done.failures)
    return Table("What was not scored", columns, rows)


def _silos(done: Ledger) -> Table:
    return Table(
        "Predictions by silo",
        (
            Column("Silo"),
            Column("Rows", "number"),
            Column("Dead letters", "number"),
            Column("Digest"),
            Column("Place"),
        ),
        tuple(
            (
                item.silo,
                formats.count(item.rows),
                formats.count(item.dead_letters),
                formats.short(item.digest),
                item.path,
            )
            for item in sorted(done.silos, key=lambda item: -item.dead_letters)
        ),
        "Each silo's predictions lie in its own place; the most dead letters first.",
    )
