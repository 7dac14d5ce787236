"""The errors that FairSilo shows to people.

Each one says what was found, what was expected and what to do. What was found
is an aggregate, never a record: errors cross silo borders, and so do logs. All
fields go to `super().__init__`, since errors are pickled between processes.
"""

from __future__ import annotations


class FairSiloError(Exception):
    """A fault with a sentence for the person who can mend it.

    The message says what was found and expected; the hint, in the imperative, what to
    do, and is empty where nobody knows.
    """

    exit_status = 1
    is_temporary = False
    """Whether the next run need not meet it; see `components/temporary_faults.py`."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, and the hint on a line of its own."""
        if not self.hint:
            return self.message
        return f"{self.message}\n\nhint: {self.hint}"


class SettingsError(FairSiloError):
    """Settings or arguments that can't be used."""

    exit_status = 2


class SiloError(FairSiloError):
    """A silo whose place or data can't be used; the other silos go on.

    Args:
        silo: The silo's id.
        place: The file, folder or column, as the silo's owner knows it.
        found: What is there, as an aggregate.
        expected: What should be there.
        hint: What to do.
    """

    def __init__(
        self, silo: str, place: str, found: str, expected: str, hint: str = ""
    ) -> None:
        message = f"silo `{silo}`: {place}: found {found}, expected {expected}"
        super().__init__(message, hint)
        self.args = (silo, place, found, expected, hint)
        self.silo = silo
        self.found = found
        self.expected = expected


class QuorumError(FairSiloError):
    """Too few silos are left to train or to merge a round."""

    exit_status = 3
