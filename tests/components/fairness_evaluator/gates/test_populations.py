"""Who is judged: silos and groups with enough data, whatever their order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.fairness_evaluator.gates.populations import (
    Evidence,
    Query,
    not_judged,
)
from components.payloads import table
from components.payloads.decision import NotEvaluated
from components.payloads.minimum_data import MinimumData
from tests.components.fairness_evaluator.gates.evidence import figure, group

FIGURES = table.make_table(
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
    found = not_judged(FIGURES, SILOS, {}, MinimumData(rows=21, rows_of_each_label=5))
    assert [item.silo for item in found] == ["VX", "YV", "ZZ"]
    assert found[0].reason == "20 evaluation rows, 21 are needed"


GROUPS = [
    *group("B", 0.7, slice="race", rows=300, positives=90),
    *group("A", 0.9, slice="race"),
    *group("D", 0.1, slice="race", rows=99, positives=50),
    *group("E", 0.1, slice="race", positives=9),
    # Small groups joined: many rows, but no count of labels and no figures.
    *group("too few", None, slice="race", rows=170, positives=None),
    *group("A", 0.8, slice="race", silo="AA"),
    *group("B", 0.7, slice="race", silo="AA"),
    *group("D", 0.1, slice="race", silo="AA", rows=20, positives=10),
    *group("A", 0.9, slice="race", silo="HA"),  # a silo that is not judged
    figure("auc", 0.7, slice="race", group="A", model="baseline"),
    figure("auc_gap", 0.1, slice="race"),  # over the groups, no group
    figure("gap_auc", 0.1, slice="silo_id"),
]


@given(st.permutations(GROUPS))
def test_groups_are_of_the_candidate_over_all_silos_and_in_judged_ones(figures):
    evidence = Evidence(table.make_table(figures), ("AA", "OO"), (), MinimumData())

    def found(*kinds):
        query = Query(kinds, "auc", in_pairs=True)
        places, _, note = evidence.population(query)
        return [[str(each) for each in place] for place in places], note

    over_all = ["race A over all silos", "race B over all silos"]
    inside = ["race A in silo AA", "race B in silo AA"]
    assert found("groups") == (
        [over_all],
        " Groups with too few rows: 3.",
    )
    assert found("groups", "groups in silos") == (
        [over_all, inside],
        " Compared over all silos and inside 1 of 2 judged silos. Groups with too few "
        "rows: 4.",
    )
