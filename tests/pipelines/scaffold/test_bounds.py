"""Bounds are reached by the data from which they are proposed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import SettingsError
from components.payloads.minimum_data import MinimumData
from components.silo_validator.checks import LabelCounts
from pipelines.scaffold.bounds import reached
from pipelines.scaffold.survey import Measured

LABELS = st.tuples(st.integers(0, 400), st.integers(0, 400))


def _silo(train: tuple[int, int], held_out: tuple[int, int]) -> Measured:
    return Measured(train=LabelCounts(*train, 0), held_out=LabelCounts(*held_out, 0))


@given(st.lists(st.builds(_silo, LABELS, LABELS), max_size=5))
def test_each_bound_is_reached_or_there_is_no_proposal(silos):
    if not any(min(*silo.train[:2], *silo.held_out[:2]) for silo in silos):
        with pytest.raises(SettingsError, match="both label values"):
            reached(silos)
        return
    found = reached(silos)
    bounds = found.validation
    admitted = [
        silo
        for silo in silos
        if sum(silo.train) >= bounds.min_rows
        and min(silo.train[:2]) >= bounds.min_rows_per_class
    ]
    minimum = MinimumData(
        rows=found.judged_rows, rows_of_each_label=found.rows_of_each_label
    )
    judged = [
        silo
        for silo in admitted
        if minimum.has_enough(sum(silo.held_out), silo.held_out[1])
    ]
    assert 1 <= bounds.quorum <= min(2, len(admitted))
    assert len(judged) == found.judged_silos >= 1


@pytest.mark.parametrize(
    ("silos", "judged_rows", "judged_silos"),
    [
        ([((400, 80), (100, 20))] * 3, 60, 3),
        ([((400, 80), (100, 20))], 60, 1),
        ([((400, 80), (100, 20)), ((40, 8), (10, 3))], 13, 2),  # both are compared
        ([((400, 80), (100, 20)), ((18, 8), (3, 3))], 30, 1),  # too small to compare
        ([((9, 8), (2, 2))], 4, 1),
        ([((4000, 800), (1000, 200))] * 2, 100, 2),
    ],
)
def test_silos_are_judged_by_half_of_what_they_hold_out(
    silos, judged_rows, judged_silos
):
    found = reached([_silo(*silo) for silo in silos])
    assert (found.judged_rows, found.judged_silos) == (judged_rows, judged_silos)
