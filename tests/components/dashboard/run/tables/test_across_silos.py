from __future__ import annotations

from components.dashboard import scores
from components.dashboard.run.tables.across_silos import across_silos
from components.payloads import table
from components.payloads.table import Figure, Table


def figure(metric: str, value: float, threshold: float | None = None, about: str = ""):
    place = ("candidate", "eval", "", "silo_id", "", metric, threshold, value)
    return Figure(*place, rows=900, about=about)


def test_each_metric_is_a_row_and_the_worst_silo_is_named():
    made = across_silos(
        scores.of_table(
            table.of(
                [
                    figure("worst_auc", 0.61, about="F9"),
                    figure("mean_auc", 0.7),
                    figure("variance_auc", 0.000_43),
                    figure("gap_auc", 0.2),
                    figure("worst_tpr", 0.3, 0.5, about="AS"),
                    figure("mean_tpr", 0.4, 0.5),
                ]
            )
        )
    )
    assert made is not None
    cells = [[cell.text for cell in row.cells] for row in made.rows]
    none = "\N{EN DASH}"
    assert [row[:5] for row in cells] == [
        ["AUC", "", "candidate", "0.610", "F9"],
        ["True positive rate", "0.5", "candidate", "0.300", "AS"],
    ]
    assert cells[0][5:] == [none, "0.700", "0.200", "0.00043", none, none]
    assert [row.threshold for row in made.rows] == [None, 0.5]


def test_without_figures_over_silos_there_is_no_table():
    assert across_silos(scores.of_table(Table())) is None
