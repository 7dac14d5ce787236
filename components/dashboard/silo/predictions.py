"""The predictions of one silo, for its owner: what was scored, and who may read it."""

from __future__ import annotations

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.section import (
    Bullets,
    KeyFigure,
    KeyFigures,
    Part,
    Section,
    Text,
    facts,
)
from components.dashboard.sections import account
from components.payloads import ledger

NOTHING = "None of your rows were to be scored."
SKIPPED = "No model was allowed to score in this run, so no row of yours was scored."
PUBLISHED = "Your predictions are published: readers of your place see them."
HELD_BACK = "What was scored is not published: readers see what was there before."


def section(report: Report) -> Section:
    """Return what was scored, of a report that holds the silo's own line alone."""
    done = report.ledger
    parts: list[Part] = [Text(SKIPPED if done.status == ledger.SKIPPED else NOTHING)]
    for line in done.silos:
        good = line.is_published
        rows, dead = formats.count(line.rows), formats.count(line.dead_letters)
        before = f"{formats.count(line.unchanged)} of them before, unchanged"
        figures = (
            KeyFigure("Rows scored", rows, before),
            KeyFigure("Dead letters", dead, "rows that could not be scored"),
        )
        parts = [
            Text(PUBLISHED if good else HELD_BACK, "good" if good else "bad"),
            KeyFigures(figures),
            account.dead_letters(done),
            facts(
                "Where they are, and what made them",
                {
                    "Place": line.path,
                    "Scored by": f"the model `{line.served}`",
                    "Digest of the model": line.model,
                    "Size": f"{formats.size(line.bytes)} in {line.files} files",
                },
            ),
        ]
    if done.silos_not_scored:
        why = Bullets(tuple(one.reason for one in done.silos_not_scored))
        parts = [*(parts if done.silos else ()), why]
    return Section("predictions", "Your predictions", tuple(parts))
