"""What updates repeat: known answers, and a second way to compute them."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from components.federation import echo
from components.federation.echo import NONE, Updates


def updates(weights=(), **vectors):
    found = np.array([*vectors.values()], np.float32)
    weights = np.array(weights or [1.0] * len(found))
    return Updates(np.array([*vectors]), found, weights)


def column(field, now, before=NONE):
    return [getattr(each, field) for each in echo.compare(now, before)]


def test_echo_is_to_what_the_others_moved_the_model():
    before = updates((1, 2, 1), a=(4, 1), b=(0, 1), c=(1, 0))
    now = updates(a=(0, 3), b=(1, 0), c=(1, 1))
    # Of a: 2 (0, 1) + (1, 0); of b: (4, 1) + (1, 0); of c: (4, 1) + 2 (0, 1).
    expected = [2 / 5**0.5, 5 / 26**0.5, 7 / 50**0.5]
    assert column("echo", now, before) == pytest.approx(expected)


def test_a_silo_that_was_not_there_is_compared_with_all():
    before = updates(a=(1, 0), b=(0, 1))
    now = updates(a=(1, 0), c=(2, 2))
    assert column("echo", now, before) == pytest.approx([0.0, 1.0])
    assert column("repeat", now, before) == [pytest.approx(1.0), None]


def test_honest_silo_that_outweighs_the_others_does_not_echo_itself():
    before = updates((1000, 1), large=(1, 0), small=(0, 1))
    now = updates(large=(1, 0), small=(0.1, 1))
    assert column("echo", now, before)[0] == 0.0


def test_no_round_before_no_others_or_no_move_is_none():
    now = updates(a=(1, 0), b=(0, 1))
    assert column("echo", now) == column("repeat", now) == [None, None]
    assert column("echo", now, updates(a=(1, 1))) == [None, pytest.approx(0.5**0.5)]
    assert column("echo", now, updates(a=(1, 1), b=(0, 0)))[0] is None
    assert column("echo", now, updates((3, 0), a=(1, 1), b=(1, 0)))[0] is None
    opposed = updates(a=(1, 0), b=(1, 2), c=(-1, -2))
    assert column("echo", now, opposed)[0] is None
    assert echo.compare(NONE) == []


def test_zero_update_has_cosines_of_zero():
    before = updates(a=(1, 0), b=(0, 1))
    (zero, _) = echo.compare(updates(a=(0, 0), b=(0, 1)), before)
    assert (zero.echo, zero.repeat, zero.twin) == (0.0, 0.0, 0.0)
    (after, _) = echo.compare(before, updates(a=(0, 0), b=(0, 1)))
    assert after.repeat == 0.0


def test_twin_is_the_nearest_of_the_others():
    assert column("twin", updates(a=(1, 2))) == [None]
    now = updates(a=(1, 0), b=(2, 0), c=(-1, 0), d=(0, -3))
    assert column("twin", now) == pytest.approx([1.0, 1.0, 0.0, 0.0])
    assert column("twin", updates(a=(1, 0), b=(-1, 0))) == [-1.0, -1.0]


def test_norms_at_the_ends_of_float32_give_no_nan():
    now = updates(a=(1e-44, 0), b=(1e-44, 0), c=(1e38, 1e38), d=(1e38, -1e37))
    assert column("twin", now)[:2] == pytest.approx([0.0, 0.0])
    assert column("twin", now)[2] == pytest.approx(0.9 / (2 * 1.01) ** 0.5)
    for one in echo.compare(now, now):
        assert np.isfinite(np.array([one.echo, one.repeat, one.twin], float)).all()


def test_digest_is_of_the_little_endian_bytes():
    expected = hashlib.sha256(struct.pack("<3f", 1.0, -2.5, 0.1)).hexdigest()[:16]
    assert echo.digest(np.array([1.0, -2.5, 0.1], np.float32)) == expected
    assert echo.digest(np.array([1.0, -2.5, 0.1], ">f4")) == expected


def test_many_silos_are_compared_with_all_others():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(407, 5)).astype(np.float32)
    names = np.array([f"s{i}" for i in range(len(vectors))])
    found = column("twin", Updates(names, vectors, np.ones(len(vectors))))
    wide = vectors.astype(np.float64)
    cosines = wide @ wide.T / np.outer(*[np.linalg.norm(wide, axis=1)] * 2)
    np.fill_diagonal(cosines, -2)
    assert found == pytest.approx(cosines.max(1), abs=1e-6)


VECTORS = arrays.arrays(np.float32, (4, 3), elements=st.integers(-(2**20), 2**20))


@given(VECTORS, VECTORS, st.integers(-20, 20))
@settings(max_examples=200, deadline=None)
def test_figures_are_cosines_and_know_no_scale_of_the_weights(now, before, by):
    names, weights = np.array([*"abcd"]), np.array([3.0, 0.5, 20.0, 1.0])
    current = Updates(names, now, weights)
    found = echo.compare(current, Updates(names, before, weights))
    scaled = echo.compare(current, Updates(names, before, weights * 2.0**by))
    assert found == scaled
    for one in found:
        for figure in (one.echo, one.repeat, one.twin):
            assert figure is None or -1 <= figure <= 1


def test_who_is_copied_does_not_echo_its_copy():
    before = updates((1, 5, 1), own=(1, 0), copy=(2, 1e-4), other=(0, 1))
    now = updates(own=(1, 0), copy=(1, 0), other=(1, 0))
    # Of both: the other alone; of the other: both of them.
    assert column("echo", now, before) == pytest.approx([0.0, 0.0, 1.0], abs=1e-4)
    assert column("echo", now, updates(own=(1, 0), copy=(1, 0)))[:2] == [None, None]


def test_two_who_send_back_what_the_honest_moved_still_echo_it():
    before = updates(rider=(0.5, 0.5), other_rider=(0.5, 0.5), a=(1, 0), b=(0.8, 0.1))
    now = updates(rider=(1.8, 0.1), other_rider=(1.8, 0.1), a=(0, 1), b=(0, 1))
    assert column("echo", now, before)[:2] == pytest.approx([1.0, 1.0], abs=1e-6)
