from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gates import groups
from tests.components.fairness_evaluator.gates.evidence import evidence, figure

FIGURES = [
    figure(metric, value, slice="race", group=name, rows=rows, positives=positives)
    for name, value, rows, positives in [
        ("B", 0.7, 300, 90),
        ("A", 0.9, 500, 100),
        ("C", 0.7, 200, 20),
        ("D", 0.1, 99, 50),
        ("E", 0.1, 500, 9),
        ("too few", None, 17, None),
    ]
    for metric in ("auc", "rows")
]


@given(st.permutations(FIGURES))
def test_only_groups_with_enough_rows_are_compared_whatever_their_order(figures):
    found = groups.compare(evidence(figures), "auc", None, ())
    (place,) = found.places
    assert [each.group for each in place.figures] == ["A", "B", "C"]
    assert place.where == "over all silos"
    assert found.too_few == 3
    assert found.counted == " 3 groups have too few rows."


def test_the_slices_of_a_setting_are_told():
    assert groups.named(()) == "each slice"
    assert groups.named(("sex", "sex x race")) == "sex or sex x race"
