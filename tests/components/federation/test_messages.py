"""The seeds of shuffles. That workers read the right rows: `test_training.py`."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from components.federation import messages


@given(st.integers(0, 2**32 - 1), st.integers(1, 10**5), st.text())
@settings(deadline=None)
def test_seed_is_a_non_negative_int64_that_stays(seed, number, silo):
    found = messages.seed_of(seed, number, silo)
    assert 0 <= found < 2**63
    assert found == messages.seed_of(seed, number, silo)


def test_seed_differs_by_run_round_and_silo():
    cases = [(s, r, n) for s in (0, 1) for r in (1, 2) for n in ("a", "b", "1/a")]
    assert len({messages.seed_of(*case) for case in cases}) == len(cases)
