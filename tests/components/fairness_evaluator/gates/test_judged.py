from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gates.judged import not_judged, too_little
from components.payloads import table
from components.payloads.decision import NotEvaluated
from components.payloads.minimum_data import MinimumData
from tests.components.fairness_evaluator.gates.evidence import figure

FIGURES = table.of(
    figure("rows", None, silo=silo, rows=rows, positives=positives)
    for silo, rows, positives in [
        ("9E", 500, 100),
        ("AA", 500, 100),
        ("F9", 99, 50),
        ("HA", 500, 9),
        ("OO", 500, 495),
        ("VX", 20, None),
    ]
)
SILOS = ["9E", "AA", "F9", "HA", "OO", "VX", "YV", "ZZ"]
LEFT_OUT = {"AA": "quarantined: its labels are shifted", "ZZ": "no file of the span"}
FOUND = [
    NotEvaluated("AA", "quarantined: its labels are shifted"),
    NotEvaluated("F9", "99 evaluation rows, 100 are needed"),
    NotEvaluated("HA", "9 positive rows, 10 are needed"),
    NotEvaluated("OO", "5 negative rows, 10 are needed"),
    NotEvaluated("VX", "20 evaluation rows, 100 are needed"),
    NotEvaluated("YV", "it has no labelled evaluation rows"),
    NotEvaluated("ZZ", "no file of the span"),
]


@given(st.permutations(SILOS))
def test_silos_that_are_not_judged_have_reasons_in_their_order(silos):
    assert not_judged(FIGURES, silos, LEFT_OUT, MinimumData()) == FOUND


def test_the_needed_rows_are_the_settings():
    needed = MinimumData(rows=21, rows_of_each_label=5)
    found = not_judged(FIGURES, SILOS, {}, needed)
    assert [item.silo for item in found] == ["VX", "YV", "ZZ"]
    assert found[0].reason == "20 evaluation rows, 21 are needed"


def test_a_hidden_count_of_a_label_is_too_little():
    hidden = figure("auc", None, rows=20, positives=None)
    assert too_little(hidden, MinimumData(rows=10)) == (
        "20 evaluation rows, 10 are needed"
    )
