from __future__ import annotations

import math

import pytest

from components.dashboard import report, scores
from components.dashboard.run.tables.group_gaps import MEASURES, group_gaps, widest
from components.payloads import table
from components.payloads.minimum_data import MinimumData
from components.payloads.table import Figure

ABOUT = report.About("f", "7", "", {})


def ratio(value: float, silo: str = "", model: str = "candidate") -> Figure:
    return Figure(
        *(model, "eval", silo, "sex", "", "demographic_parity_ratio", 0.5, value),
        *(value - 0.1, value + 0.05, 900, 300, "", "F (0.3) and M (0.4)"),
    )


def auc(silo: str, slice: str = "", group: str = "") -> Figure:
    return Figure("candidate", "eval", silo, slice, group, "auc", None, 0.7, rows=500)


def rows(*figures: Figure):
    found = report.of_evaluation(ABOUT, None, scores.of_table(table.of(figures)))
    made = group_gaps(found)
    return made and [[cell.text for cell in row.cells] for row in made.rows]


def test_the_80_percent_rule_has_a_verdict_over_all_silos_and_in_the_worst():
    found = rows(
        auc("", "sex", "F"),
        *(auc("a"), auc("b")),
        *(ratio(0.85), ratio(0.71, "a"), ratio(0.65, "b")),
    )
    assert found == [
        [
            *("Demographic parity, ratio", "sex", "0.5", "0.850, at least 0.8"),
            *("0.750 to 0.900", "F (0.3) and M (0.4)", "0.650, below 0.8", "b"),
        ]
    ]


def test_exactly_four_fifths_is_enough():
    assert rows(auc("", "sex", "F"), ratio(0.8))[0][3] == "0.800, at least 0.8"


def test_the_baseline_has_a_column_where_there_is_one():
    made = rows(auc("", "sex", "F"), ratio(0.85), ratio(0.9, model="baseline"))
    assert made[0][6] == "0.900"


def test_without_figures_over_groups_there_is_no_table():
    assert rows(auc("", "sex", "F")) is None


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.metric)
def test_the_worst_silo_is_the_largest_but_of_a_ratio_and_an_auc(measure):
    def over_groups(silo: str, value: float) -> Figure:
        place = ("candidate", "eval", silo, "sex", "")
        return Figure(*place, measure.metric, None, value, rows=900)

    (found,) = rows(
        auc("", "sex", "F"),
        *(auc("a"), auc("b")),
        *(over_groups("", 0.3), over_groups("a", 0.2), over_groups("b", 0.4)),
    )
    low = measure.metric in {"demographic_parity_ratio", "worst_auc"}
    assert found[-1] == ("a" if low else "b")


def group_auc(group: str, value: float, rows: int, positives: int) -> Figure:
    return Figure(
        *("candidate", "eval", "", "race", group, "auc", None, value),
        *(value - 0.03, value + 0.02, rows, positives),
    )


def test_a_group_with_too_little_data_does_not_lead_the_widest_gap():
    known = scores.of_table(
        table.of(
            [
                group_auc("A", 0.8, 900, 300),
                group_auc("B", 0.7, 500, 100),
                group_auc("C", 0.2, 210, 3),
                group_auc("D", 0.99, 90, 40),
            ]
        )
    )
    gap = widest(known, "race", MinimumData())
    assert gap.about == "A (0.800) and B (0.700)"
    assert gap.number == pytest.approx(0.1)
    assert gap.low == pytest.approx(0.1 - math.hypot(0.03, 0.02))
    assert gap.high == pytest.approx(0.1 + math.hypot(0.02, 0.03))
    assert widest(known, "race", MinimumData(rows=600)) is None


def test_where_all_groups_have_enough_data_the_gap_is_the_evaluations_own():
    from components.fairness_evaluator.figures import found
    from components.scoring.intervals import Interval

    figures = [group_auc("A", 0.80, 900, 300), group_auc("B", 0.79, 500, 100)]
    expected, _ = found.gap(
        {"A": Interval(0.80, 0.77, 0.82), "B": Interval(0.79, 0.76, 0.81)}
    )
    gap = widest(scores.of_table(table.of(figures)), "race", MinimumData())
    assert [gap.value, gap.low, gap.high] == pytest.approx([*expected])
