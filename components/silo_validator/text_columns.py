"""Columns of texts or categories: fillers, another writing, another list of codes."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from components.silo_validator import usual
from components.silo_validator.usual import Faults, farthest

FOREIGN = 0.05  # share of rows with a value that others know, at most
KNOWN = 0.9  # the same of a usual column, at least
GAIN = 0.2  # share of rows that another writing must explain, at least
SLACK = 0.02  # share of rows that may stay unknown beyond those of others
MIN_VALUES, MIN_OTHERS = 2, 5  # else values that no other has may be a silo's own
FILLERS = {"", "-", "?", ".", "-1", "999", "9999", "-999", "-9999", "n/a", "na", "nan"}
FILLERS |= {"nil", "none", "null", "unknown", "missing", "default", "test"}
FILLERS |= {"1970-01-01", "1900-01-01", "9999-12-31", "01/01/1970"}
WRITING_HINT = (
    "export the values letter for letter as the other silos do; the operator tells "
    "which writing that is"
)
CODES_HINT = (
    "ask the operator for the list of values that the other silos use, and translate "
    "the column into it in the export"
)


def _accents(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return "".join(one for one in apart if not unicodedata.combining(one))


def _all(text: str) -> str:
    for fold in [*WRITINGS.values()][:-1]:
        text = fold(text)
    return text


WRITINGS: dict[str, Callable[[str], str]] = {
    "upper and lower case": str.casefold,
    "blanks, hyphens or underscores": functools.partial(re.sub, r"[\s_-]+", ""),
    "accents": _accents,
    "leading zeros": functools.partial(re.sub, r"^0+(?=\d)", ""),
    "a decimal point": functools.partial(re.sub, r"^(-?\d+)\.0+$", r"\1"),
    "case, accents, blanks and leading zeros together": _all,
}


class Texts:
    """A silo's column: the share of rows by value, where disclosed."""

    def __init__(self, shares: dict[str, float]) -> None:
        self.shares = shares
        self.largest = max(shares.values())
        self.is_constant = self.largest >= usual.CONSTANT


class UsualTexts:
    """Which values the others have; compared as `fold` writes them."""

    def __init__(
        self, others: Sequence[Texts], fold: Callable[[str], str] = str
    ) -> None:
        self.others, self.fold = others, fold
        self._holders = Counter(
            value for one in others for value in {fold(v) for v in one.shares}
        )
        self.share = -farthest([-self.known(one, 2) for one in others])
        """Of rows with a value that another silo has, too; of nearly each silo."""

    def known(self, column: Texts, holders: int = 1) -> float:
        """Return the share of disclosed rows whose value others have, 0 to 1."""
        shares = column.shares.items()
        known = (n for v, n in shares if self._holders[self.fold(v)] >= holders)
        return sum(known) / sum(column.shares.values())

    def is_foreign(self, column: Texts) -> bool:
        """Return whether others know nearly none of a column's values."""
        return self.known(column) <= FOREIGN and self.share >= KNOWN

    def is_usual(self, column: Texts) -> bool:
        """Return whether others know nearly all of a column's values."""
        return self.known(column) >= KNOWN

    def faults(self, own: Texts, narrow: bool) -> Faults:
        """Yield what explains how a column differs; nothing constant if `narrow`."""
        if not narrow:
            yield from usual.constant(own.largest, [one.largest for one in self.others])
        for value, share in own.shares.items():
            theirs = farthest([one.shares.get(value, 0.0) for one in self.others])
            is_filler = value.strip().casefold() in FILLERS
            if is_filler and share >= usual.FILLED and theirs <= usual.RARE:
                yield usual.filler(value, share)
        known, expected = self.known(own), self.share
        found = (
            f"{known:.0%} of rows with a value that another silo has, too, expected at "
            f"least {expected:.0%} as nearly all others"
        )
        for words, fold in WRITINGS.items() if known + GAIN <= expected else ():
            folded = UsualTexts(self.others, fold).known(own)
            if folded >= max(expected - SLACK, known + GAIN):
                yield f"{found}; the values differ by {words}", WRITING_HINT
        enough = len(own.shares) >= MIN_VALUES and len(self.others) >= MIN_OTHERS
        if enough and self.is_foreign(own):
            more = _codes(own) - _codes(*self.others)
            likely = "codes for names" if more > 0 else "names for codes"
            likely = likely if abs(more) > 0.5 else "another list of codes or names"
            yield f"{found}; likely {likely}", CODES_HINT


def _codes(*columns: Texts) -> float:
    """Return the share of values that hold a digit."""
    values = {value for column in columns for value in column.shares}
    return sum(any(map(str.isdigit, value)) for value in values) / len(values)
