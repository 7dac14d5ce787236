"""The table of the silos' own thresholds: what equal opportunity would take.

They were evaluated, not imposed: scores and gates know nothing of them.
"""

from __future__ import annotations

from components.dashboard.run.tables.long_tables import Cell as TableCell
from components.dashboard.run.tables.long_tables import (
    Column,
    LongTable,
    Row,
    between,
    figure,
)
from components.dashboard.scores import Question, Scores, Slice

OWN = "own_threshold"
RATES = {
    f"{OWN}_tpr": "True positive rate",
    f"{OWN}_fpr": "False positive rate",
    f"{OWN}_positive_rate": "Positive rate",
}


def own_thresholds(scores: Scores) -> LongTable | None:
    """Return the table, sorted by silo; None where none were sought."""
    rows = [
        Row(
            (
                TableCell(silo),
                figure(found),
                *(
                    cell
                    for rate in RATES
                    for answer in [scores.ask(Question(rate, Slice(silo)))]
                    for cell in (figure(answer), between(answer))
                ),
            )
        )
        for silo in sorted(scores.silos)
        for found in [scores.ask(Question(OWN, Slice(silo)))]
        if found is not None and found.is_number
    ]
    if not rows:
        return None
    return LongTable(
        "A threshold for each silo",
        (
            Column("Silo"),
            Column("Threshold", "number"),
            *(
                column
                for name in RATES.values()
                for column in (
                    Column(name, "number"),
                    Column("95 % interval", "number"),
                )
            ),
        ),
        tuple(rows),
        "With this threshold a silo would reach the true positive rate of all silos "
        "together (equal opportunity). Evaluated, not imposed: nothing uses it. It was "
        "chosen on the rows that it is told of, so it looks a little too good.",
    )
