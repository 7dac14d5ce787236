"""What people read of errors; temporary faults; tracebacks without values."""

from __future__ import annotations

import errno
import pickle

import pyarrow as pa
import pytest

from components import digests, temporary_faults, tracebacks
from components.errors import QuorumError, SiloError
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER


def test_an_error_tells_place_found_expected_and_hint_also_in_another_process():
    error = SiloError("süd", "a.csv", "nothing", "rows", "export it again")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (str(again), again.silo) == (
        "silo `süd`: a.csv: found nothing, expected rows\n\nhint: export it again",
        "süd",
    )


@pytest.mark.parametrize(
    ("error", "is_temporary", "is_of_the_machine", "message"),
    [
        (MemoryError("x"), True, True, "out of memory"),
        (pa.ArrowMemoryError("x"), True, True, "out of memory"),
        (OSError(errno.ENOSPC, "x"), True, True, "No space left on device"),
        (OSError(errno.EMFILE, "x"), True, True, "Too many open files"),
        # Arrow's, for damaged bytes: of a file of the silo, the reader says so.
        (OSError("x"), True, False, "OSError"),
        (KeyError("x"), True, False, "KeyError"),
        (SiloError("a", "x.csv", "nothing", "rows"), False, False, "SiloError"),
        (QuorumError("gone"), False, False, "QuorumError"),
        (temporary_faults.mark(QuorumError("x")), True, False, "QuorumError"),
    ],
    ids=repr,
)
def test_temporary_faults_are_told_apart(
    error, is_temporary, is_of_the_machine, message
):
    assert temporary_faults.is_temporary(error) is is_temporary
    assert temporary_faults.is_of_the_machine(error) is is_of_the_machine
    assert temporary_faults.system_message(error) == message


def test_what_is_noted_is_heard_by_the_innermost_who_collects():
    temporary_faults.note("nobody hears")
    with temporary_faults.collected() as outer:
        temporary_faults.note("one")
        with temporary_faults.collected() as inner:
            temporary_faults.note("two")
        temporary_faults.note("three")
    assert (outer, inner) == (["one", "three"], ["two"])


class RecordError(Exception):
    pass


def convert(value):
    """Fail as a library does: the value is in the text, a local and its cause."""
    local = {CANARY: value}
    try:
        int(value)
    except ValueError as error:
        raise RecordError(f"{local} of {CANARY_NUMBER}") from error


@pytest.fixture
def error():
    with pytest.raises(RecordError) as caught:
        convert(f"{CANARY} 8675309.25")
    return caught.value


def test_a_traceback_has_types_and_frames_of_the_whole_chain_and_no_value(error):
    told = tracebacks.of(error)
    lines = told.splitlines()
    first = error.__cause__.__traceback__.tb_lineno
    assert lines[0] == f'  File "{__file__}", line {first}, in convert'
    assert lines[1] == "builtins.ValueError"
    assert lines[-1] == f"{__name__}.RecordError"
    assert CANARY in repr(error)
    for value in (CANARY, CANARY_DIGITS, "raise", "int("):
        assert value not in told
    error.__cause__.__cause__ = error  # a chain that bites its tail
    assert tracebacks.of(error).count("RecordError") == 1


def test_an_error_in_the_handling_of_another_tells_both():
    try:
        try:
            int(CANARY)
        finally:
            {}[CANARY]  # type: ignore[index]
    except KeyError as error:
        told = tracebacks.of(error)
    assert [line for line in told.splitlines() if not line.startswith(" ")] == [
        "builtins.ValueError",
        "builtins.KeyError",
    ]


def test_place_is_the_last_frame_of_ours_else_the_last():
    with pytest.raises(FileNotFoundError) as caught:
        digests.of_file(CANARY)  # raised by the standard library, called by us
    told = tracebacks.place(caught.value)
    assert told.startswith("FileNotFoundError in digests.py:")
    with pytest.raises(ValueError, match=CANARY) as other:
        int(CANARY)
    assert tracebacks.place(other.value).startswith("ValueError in test_errors.py:")
    assert tracebacks.place(ValueError(CANARY)) == "ValueError"
