"""Which two values the label has, and which of them is positive."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence

from components.errors import SettingsError
from pipelines.scaffold.options import listed
from pipelines.scaffold.survey import MAX_LABEL_VALUES, Silo

PLAIN = ("0", "1")
TRUTH = {"false": "0", "true": "1"}


@dataclasses.dataclass(frozen=True)
class Label:
    """The label's two values, and the rows of each."""

    negative: str
    positive: str
    num_negative: int
    num_positive: int
    reason: str  # why this one is positive

    @property
    def values(self) -> tuple[str, str] | None:
        """As in the settings: None where they are 0 and 1."""
        pair = (self.negative, self.positive)
        return None if pair == PLAIN else pair


def decide(silos: Sequence[Silo], name: str, positive: str | None) -> Label:
    """Return the two values that most silos have.

    Raises:
        SettingsError: There are not two values that most silos agree on, or the
            positive one that was asked for is not among them.
    """
    holders = [silo for silo in silos if silo.labels]
    num_holders = Counter(value for silo in holders for value in silo.labels)
    pair = sorted(num_holders)
    if len(pair) > 2:
        pair = [value for value in pair if 2 * num_holders[value] > len(holders)]
    if len(pair) != 2:
        raise SettingsError(
            f"--label {name}: {_found(holders, len(num_holders))}",
            "choose a column with two values, the same in all silos; export it so, or "
            "make one (above a bound or not)",
        )
    rows = {value: sum(silo.labels[value] for silo in holders) for value in pair}
    if positive is not None:
        wanted, reason = positive.strip(), "as --positive says"
        chosen = wanted if wanted in rows else TRUTH.get(wanted.lower(), wanted)
    elif tuple(pair) == PLAIN:
        chosen, reason = "1", "1 or true"
    else:
        chosen, reason = min(pair, key=lambda one: (rows[one], one)), "the rarer value"
    if chosen not in rows:
        raise SettingsError(
            f"--positive {positive}: found the values {', '.join(rows)} in `{name}`, "
            "expected one of them"
        )
    (other,) = {*pair} - {chosen}
    return Label(other, chosen, rows[other], rows[chosen], reason)


def _found(holders: Sequence[Silo], num_values: int) -> str:
    many = num_values > MAX_LABEL_VALUES
    number = f"more than {MAX_LABEL_VALUES}" if many else num_values
    found = f"found {number} distinct values, expected two"
    if not num_values or many:
        return found
    by_values: dict[str, list[str]] = defaultdict(list)
    for silo in holders:
        by_values[", ".join(sorted(silo.labels))].append(silo.name)
    each = (f"{values} in {listed(names)}" for values, names in by_values.items())
    return f"{found}: {'; '.join(each)}"
