"""What was found in a silo's data: a sentence, and the hint beside it.

Whoever writes the sentence knows what mends it, so the hint is written there too. It
is read by the silo's owner and by the operator, so it says who does what where that
matters, and names no silo.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found and expected, and a hint in the imperative, or none."""

    sentence: str
    hint: str = ""


@dataclasses.dataclass(frozen=True)
class Group:
    """The sentences of findings that have the same hint."""

    hint: str
    sentences: tuple[str, ...]


def all_of_json(items: Iterable[Mapping[str, str]]) -> tuple[Finding, ...]:
    """Return the findings whose fields `dataclasses.asdict` gave."""
    return tuple(Finding(**item) for item in items)


def sentences(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return what was found, without hints."""
    return tuple(finding.sentence for finding in findings)


def grouped(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Put together what one hint is for, in the order in which hints first come."""
    by_hint: dict[str, list[str]] = {}
    for finding in findings:
        by_hint.setdefault(finding.hint, []).append(finding.sentence)
    return tuple(Group(hint, tuple(found)) for hint, found in by_hint.items())
