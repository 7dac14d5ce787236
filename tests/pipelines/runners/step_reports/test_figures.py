from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dashboard.scores import Cell
from components.payloads.model_run import RoundRecord, SiloRecord
from pipelines.runners.step_reports import figures

finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(finite, min_size=1, max_size=20))
def test_an_axis_holds_all_its_values(values):
    axis = figures.axis(values)
    slack = 1e-6 * max(1, max(values) - min(values))
    assert axis.low <= min(values) + slack
    assert axis.high >= max(values) - slack
    assert 2 <= len(axis.ticks) <= 12


@given(st.lists(finite, min_size=2, max_size=20))
def test_places_keep_the_order_of_values(values):
    axis = figures.axis(values)
    places = [axis.at(value) for value in sorted(values)]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 100


def test_ticks_are_round():
    assert figures.axis([0.5, 0.713]).ticks == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
    assert figures.axis([0.5, 0.713]).decimals == 2


def test_an_axis_of_nothing_is_drawn_from_0_to_1():
    assert (figures.axis([math.nan]).low, figures.axis([]).high) == (0.0, 1.0)


def test_a_bar_starts_at_chance_on_either_side():
    axis = figures.Axis(0.4, 0.8, (0.4, 0.6, 0.8))
    better = figures.bar(axis, Cell(0.7, 0.65, 0.8, 9, ""))
    worse = figures.bar(
        axis, Cell(0.45, None, None, 9, ""), Cell(0.6, None, None, 9, "")
    )
    assert (better.start, better.width, better.value) == (25.0, 50.0, 75.0)
    assert (better.low, better.high, better.baseline) == (62.5, 100.0, None)
    assert (worse.start, worse.width, worse.value) == (12.5, 12.5, 12.5)
    assert (worse.low, worse.high, worse.baseline) == (None, None, 50.0)


def test_a_noted_cell_takes_no_part_in_the_axis():
    axis = figures.auc_axis([Cell(0.7, 0.6, 0.8, 9, ""), Cell(0.0, 0.0, 0.0, 2, "x")])
    assert axis.low == 0.5


def test_a_noted_cell_has_no_bar():
    axis = figures.Axis(0.4, 0.8, (0.4, 0.8))
    with pytest.raises(ValueError, match="noted `too few` is not a number"):
        figures.bar(axis, Cell(None, None, None, 2, "too few"))


def rounds() -> list[RoundRecord]:
    losses = {1: (0.8, 0.4), 2: (0.6, 0.5)}
    return [
        RoundRecord(
            number,
            sum(pair) / 2,
            sum(pair) / 2 - 0.1,
            tuple(
                SiloRecord(silo, 10, loss, loss - 0.1, 1.0, 0.5)
                for silo, loss in zip("ab", pair, strict=True)
            ),
        )
        for number, pair in losses.items()
    ]


def test_curves_go_down_when_losses_do():
    drawn = figures.training(rounds())
    assert drawn is not None
    (x0, y0), (x1, y1) = drawn.before.points
    assert (x0, x1) == (0.0, 100.0)
    assert y0 < y1  # y grows downwards
    assert drawn.before.path == f"{x0},{y0} {x1},{y1}"
    assert (
        "before: from 0.600 to 0.550; after: from 0.500 to 0.450" in drawn.description
    )


def test_a_single_round_is_a_point_in_the_middle():
    drawn = figures.training(rounds()[:1])
    assert drawn is not None
    assert [x for x, _ in drawn.before.points] == [50.0]


def test_no_round_is_no_figure():
    assert figures.training([]) is None
