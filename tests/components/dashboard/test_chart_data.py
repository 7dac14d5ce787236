from __future__ import annotations

import decimal
import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.dashboard import chart_data, report
from components.dashboard.chart_data import MAX_LINES
from components.payloads.model_run import Dropped, RoundRecord, SiloRecord
from components.payloads.table import Figure
from tests.components.dashboard.conftest import (
    SILOS,
    TOO_FEW_SILO,
    auc_of,
    figures,
    rows_of,
)


@pytest.fixture(scope="module")
def data():
    found = report.of_evaluation(report.About("f", "7"), None, figures())
    return chart_data.of_report(found, 30)["figures"]


def place_of(part, data, silo, group=""):
    silos = [data["silos"][place] if place >= 0 else "" for place in part["silo"]]
    return list(zip(silos, part["group"], strict=True)).index((silo, group))


def test_a_silos_auc_can_be_read_back(data):
    part = data["slices"]
    place = place_of(part, data, "silo-07")
    value, below, above = (
        column[place] for column in part["figures"]["candidate"]["auc"]
    )
    assert value == round(auc_of("silo-07") * chart_data.UNIT)
    width = 0.7 / rows_of("silo-07") ** 0.5
    assert below == pytest.approx(width * chart_data.UNIT, abs=1)
    assert above == pytest.approx(1.5 * width * chart_data.UNIT, abs=1)
    assert part["rows"][place] == rows_of("silo-07")


def test_too_few_rows_have_a_note_and_no_figure(data):
    part = data["slices"]
    place = place_of(part, data, TOO_FEW_SILO)
    assert (part["note"][place], part["rows"][place]) == ("too few", 7)
    for metrics in part["figures"].values():
        assert all(columns[0][place] is None for columns in metrics.values())


def test_all_rows_come_first_with_rates_at_each_threshold(data):
    assert data["thresholds"] == [0.25, 0.5, 0.75]
    assert place_of(data["slices"], data, "") == 0
    known = data["slices"]["figures"]["candidate"]
    assert {"tpr@0.25", "tpr@0.5", "tpr@0.75"} <= set(known)


def test_groups_inside_silos_are_cut_to_the_surely_worst_and_counted(data):
    part = data["slices"]
    outside = 1 + len(SILOS) + (3 + 1) + 2 + 6
    assert len(part["rows"]) == outside + 30
    assert data["numInside"] == 15 * (3 + 2 + 6)
    value, _, above = (it[outside:] for it in part["figures"]["candidate"]["auc"])
    ends = [one + other for one, other in zip(value, above, strict=True)]
    assert ends == sorted(ends)
    # Of the baseline they have what ranks them alone.
    lengths = {
        name: len(it[0]) - outside for name, it in part["figures"]["baseline"].items()
    }
    assert {name for name, length in lengths.items() if length} == {"auc"}
    assert lengths["auc"] == 30


def test_columns_come_single_ones_first(data):
    assert data["columns"] == ["carrier", "sex", "sex x carrier"]
    gaps = data["gaps"]
    assert list(dict.fromkeys(gaps["column"])) == data["columns"]
    assert gaps["column"].count("sex") == len(SILOS)
    assert len(gaps["figures"]["candidate"]["auc_gap"]) == 1  # no intervals


def test_a_calibration_curve_is_there_for_all_rows_groups_and_silos(data):
    part = data["calibration"]
    assert (part["silo"][0], part["group"][0]) == (-1, "")
    known = part["figures"]["candidate"]
    assert len(known) == 2 * 10  # bins: what happened, and the score
    value, *_, rows = known["calibration_observed@0.1"]
    assert sum(each is not None for each in value) == 1 + (3 + 2 + 6) + 15
    assert rows[0] > rows[1]


def test_charts_know_of_which_metrics_less_is_better(data):
    assert data["lowerIsBetter"] == ["brier", "calibration_error", "fpr", "log_loss"]


def test_it_is_json(data):
    assert json.loads(json.dumps(data, allow_nan=False)) == data


@given(st.floats(-1, 1), st.floats(0, 0.5), st.floats(0, 0.5))
def test_intervals_are_read_back_to_a_unit(value, below, above):
    figure = Figure(
        *("candidate", "eval", "", "", "", "auc", None),
        *(value, value - below, value + above, 9),
    )
    (whole,), (down,), (up,) = chart_data.columns([figure])
    assert whole is not None
    assert down is not None
    assert up is not None
    assert (whole - down) / chart_data.UNIT == pytest.approx(figure.low, abs=1e-4)
    assert (whole + up) / chart_data.UNIT == pytest.approx(figure.high, abs=1e-4)


@given(st.floats(-1, 1))
@example(0.67846)
@example(0.6785)
@example(0.67849999)
@example(0.0625)
@example(-0.0005)
def test_a_figure_reads_alike_in_tables_and_in_charts(value):
    whole = chart_data.in_units(value)
    assert whole is not None
    shown = decimal.Decimal(whole) / chart_data.UNIT
    digits = decimal.Decimal("0.001")
    for ties in (decimal.ROUND_HALF_UP, decimal.ROUND_HALF_EVEN):
        assert shown.quantize(digits, ties) == decimal.Decimal(f"{value:.3f}")
    assert whole / chart_data.UNIT == pytest.approx(value, abs=2 / chart_data.UNIT)


def test_what_is_no_number_is_null():
    assert chart_data.in_units(float("nan")) is None
    assert chart_data.columns([None]) == [[None]]


def record(number: int, losses: dict[str, float], mean: float) -> RoundRecord:
    silos = tuple(
        SiloRecord(silo, 10, loss, loss, 1.0, 0.5) for silo, loss in losses.items()
    )
    return RoundRecord(number, mean, mean - 0.1, silos, (Dropped("z", "late"),))


def test_worst_and_worst_tenth_are_the_highest_losses():
    losses = {f"s{i:02}": 0.4 + i / 100 for i in range(15)}  # s14 is worst: 0.54
    (point,) = chart_data.rounds([record(3, losses, 0.45)])["rounds"]
    assert point == {
        "round": 3,
        "worst": 0.54,
        "worstSilo": "s14",
        "worstTenth": 0.535,  # the mean of two of fifteen: 0.54 and 0.53
        "mean": 0.45,
        "after": 0.35,
        "numSilos": 15,
        "numDropped": 1,
    }


def test_rounds_without_a_finite_loss_are_left_out():
    empty = RoundRecord(1, math.nan, math.nan, ())
    assert chart_data.rounds([empty, record(2, {"a": math.inf}, 0.5)]) == {
        "rounds": [],
        "silos": [{"silo": "a", "points": []}],
    }


def test_rounds_without_a_loss_are_left_out():
    hidden = SiloRecord("a", 10, None, None, 1.0, 0.5)
    assert chart_data.rounds([RoundRecord(1, None, None, (hidden,))]) == {
        "rounds": [],
        "silos": [{"silo": "a", "points": []}],
    }


def test_few_silos_have_a_line_of_their_own_and_many_have_none():
    few = chart_data.rounds([record(1, {"a": 0.3, "b": 0.5}, 0.4)])
    assert few["silos"][1] == {"silo": "b", "points": [[1, 0.5]]}
    many = {f"s{i}": 0.5 for i in range(MAX_LINES + 1)}
    assert chart_data.rounds([record(1, many, 0.5)])["silos"] == []
