from __future__ import annotations

from components.dashboard.run.tables import predictions
from tests.components.dashboard.run.tables.reading import texts


def test_predictions_are_listed_by_silo(run):
    made = predictions.predictions(run.report())
    assert made is not None
    assert texts(made)[0][1:] == ["500", "2", "cccccccccccc", "/silo/predictions"]


def test_where_nothing_was_scored_there_is_no_table(refused):
    assert predictions.predictions(refused.report()) is None
