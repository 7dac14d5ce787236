from __future__ import annotations

from components.dashboard import report, scores
from components.dashboard.group_gaps import MEASURES, group_gaps
from components.scoring import table
from components.scoring.table import Figure

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


def test_the_model_in_service_has_a_column_where_there_is_one():
    made = rows(auc("", "sex", "F"), ratio(0.85), ratio(0.9, model="baseline"))
    assert made[0][6] == "0.900"


def test_without_figures_over_groups_there_is_no_table():
    assert rows(auc("", "sex", "F")) is None


def test_for_differences_the_largest_is_the_worst():
    worse = {measure.metric: measure.lower_is_worse for measure in MEASURES}
    assert worse["demographic_parity_ratio"]
    assert worse["worst_auc"]
    assert not worse["equalized_odds_difference"]
