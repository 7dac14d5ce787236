"""Which errors are faults of circumstance, and who hears of them."""

from __future__ import annotations

import errno

import pyarrow as pa
import pytest

from components import circumstances
from components.errors import FairSiloError, QuorumError, SiloError


@pytest.mark.parametrize(
    ("error", "is_one", "is_of_the_machine", "message"),
    [
        (MemoryError("x"), True, True, "out of memory"),
        (pa.ArrowMemoryError("x"), True, True, "out of memory"),
        (OSError(errno.ENOSPC, "x"), True, True, "No space left on device"),
        (OSError(errno.EMFILE, "x"), True, True, "Too many open files"),
        # Arrow's, for damaged bytes: of a file of the silo, the reader says so.
        (OSError("x"), True, False, "OSError"),
        (KeyError("x"), True, False, "KeyError"),
        (SiloError("a", "x.csv", "nothing", "rows"), False, False, "SiloError"),
    ],
    ids=repr,
)
def test_errors_are_told_apart(error, is_one, is_of_the_machine, message):
    assert circumstances.is_one(error) is is_one
    assert circumstances.is_of_the_machine(error) is is_of_the_machine
    assert circumstances.system_message(error) == message


def test_an_error_of_ours_is_one_where_it_is_marked():
    error = circumstances.of_circumstance(QuorumError("gone"))
    assert circumstances.is_one(error)
    assert not circumstances.is_one(QuorumError("gone"))
    assert not FairSiloError.circumstance


def test_what_is_noted_is_heard_by_the_innermost_who_collects():
    circumstances.note("nobody hears")
    with circumstances.collected() as outer:
        circumstances.note("one")
        with circumstances.collected() as inner:
            circumstances.note("two")
        circumstances.note("three")
    assert (outer, inner) == (["one", "three"], ["two"])
