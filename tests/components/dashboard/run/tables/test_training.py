from __future__ import annotations

from components.dashboard.run.tables import training
from tests.components.dashboard.conftest import EVIL
from tests.components.dashboard.run.tables.reading import texts


def test_drop_outs_say_when_and_why(run):
    made = training.dropped(run.report())
    assert made is not None
    assert texts(made) == [[EVIL, "3", "no answer in 60 s"]]


def test_the_last_round_has_the_highest_loss_first(run):
    made = training.last_round(run.report())
    assert made is not None
    losses = [float(row[1]) for row in texts(made)]
    assert losses == sorted(losses, reverse=True)


def test_where_nothing_was_trained_there_is_no_table(refused):
    found = refused.report()
    assert training.last_round(found) is None
    assert training.dropped(found) is None
