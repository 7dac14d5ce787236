from __future__ import annotations

from components.dashboard import scores
from components.dashboard.run.tables.own_thresholds import own_thresholds
from components.payloads import table
from components.payloads.table import Figure


def own(silo: str, metric: str, value: float, low: float | None = None) -> Figure:
    high = None if low is None else value + 0.1
    return Figure(
        *("candidate", "eval", silo, "", "", metric, None, value, low, high, 90, 30)
    )


def test_each_silo_has_its_threshold_and_the_rates_with_it():
    found = own_thresholds(
        scores.of_table(
            table.of(
                [
                    own("süd", "own_threshold", 0.41),
                    own("süd", "own_threshold_tpr", 0.625, 0.5),
                    own("süd", "own_threshold_fpr", 0.25, 0.125),
                    own("süd", "own_threshold_positive_rate", 0.375, 0.25),
                    own("süd", "auc", 0.7),
                    own("nord", "own_threshold", 0.125),
                    own("nord", "auc", 0.8),
                ]
            )
        )
    )
    assert found is not None
    assert [[cell.text for cell in row.cells] for row in found.rows] == [
        ["nord", "0.125", *("\N{EN DASH}", "") * 3],
        [
            *("süd", "0.410", "0.625", "0.500 to 0.725"),
            *("0.250", "0.125 to 0.350", "0.375", "0.250 to 0.475"),
        ],
    ]
    assert len(found.columns) == 8


def test_there_is_no_table_where_none_were_sought():
    assert own_thresholds(scores.of_table(table.of([own("süd", "auc", 0.7)]))) is None
