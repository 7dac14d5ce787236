"""What of an error may stand in the operator's log."""

from __future__ import annotations

import pytest

from components import digests, tracebacks
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER


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


def test_types_and_frames_of_the_whole_chain_are_told_and_no_value(error):
    told = tracebacks.of(error)
    lines = told.splitlines()
    first = error.__cause__.__traceback__.tb_lineno
    assert lines[0] == f'  File "{__file__}", line {first}, in convert'
    assert lines[1] == "builtins.ValueError"
    assert lines[-1] == f"{__name__}.RecordError"
    assert lines[-2].endswith(", in convert")
    assert CANARY in repr(error)
    for value in (CANARY, CANARY_DIGITS, "raise", "int("):
        assert value not in told


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


def test_a_chain_that_bites_its_tail_ends(error):
    error.__cause__.__cause__ = error
    assert tracebacks.of(error).count("RecordError") == 1


def test_place_is_the_last_frame_of_ours_else_the_last():
    with pytest.raises(FileNotFoundError) as caught:
        digests.of_file(CANARY)  # raised by the standard library, called by us
    told = tracebacks.place(caught.value)
    assert told.startswith("FileNotFoundError in digests.py:")
    with pytest.raises(ValueError, match=CANARY) as other:
        int(CANARY)
    assert tracebacks.place(other.value).startswith("ValueError in test_tracebacks.py:")
    assert tracebacks.place(ValueError(CANARY)) == "ValueError"
