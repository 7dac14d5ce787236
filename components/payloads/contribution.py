"""The contribution report: who contributes, who rides free, and what can't be told.

Contributions are effects on the rows of other silos: by how much a silo's updates let
the log loss of one of their evaluation rows fall, in the audited rounds. A verdict has
three values, and the third is the rule: *rides* needs a sure gain and a hard sign in
this audit and the same in an earlier one, *contributes* a sure help. Harm alone is no
sign.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import ClassVar

from components.payloads.findings import Finding
from components.payloads.interval import Interval
from components.payloads.payload import Payload

CONTRIBUTES = "contributes"
RIDES = "rides"
UNKNOWN = "unknown"  # people read "can't tell"
NAMES = {CONTRIBUTES: "contributes", RIDES: "rides free", UNKNOWN: "can't tell"}

SUBSTANCE = "substance"  # distinct rows, and those that other silos hold too
MEANING = "meaning"  # whether any model ranks its labels
ECHO = "echo"  # whether its updates repeat what was sent to it
HELP = "help"  # who helps whom
GAIN = "gain"  # what it has of the federation
SIGNALS = (SUBSTANCE, MEANING, ECHO, HELP, GAIN)

# What the benefit is shared by: whose loss counts.
MEAN = "mean"  # all rows alike
WORST_TENTH = "worst_tenth"  # the silos with the highest loss
GAP = "gap"  # the worst tenth's loss above the mean
UTILITIES = (MEAN, WORST_TENTH, GAP)

# Figures of the signals, by name, in `SiloContribution.measures`.
MEASURES = {
    "distinct": "share of its training rows that differ from one another",
    "shared": "largest share of its training rows that one other silo holds too",
    "rank_z": "rank test of the best model known on its evaluation rows, z",
    "positives": "evaluation rows of label 1",
    "norm": "median norm of its updates, of all silos' median",
    "echo": "cosine of its updates to what the others had moved the model before",
    "repeat": "cosine of its updates to its own of the round before, lowest",
    "twin": "cosine of its updates to the nearest of another silo, lowest",
}


@dataclasses.dataclass(frozen=True)
class Sign:
    """A hard sign: what no honest silo showed where it was measured."""

    signal: str  # SUBSTANCE, MEANING or ECHO
    kind: str  # of the sign, a constant of `contribution_auditor/signals/`
    finding: Finding


@dataclasses.dataclass(frozen=True)
class SiloContribution:
    """One silo: the verdict, and what it rests on.

    Contributions count a fall of the log loss as positive; unit: thousandths of a nat,
    of the mean over the other silos' rows.
    """

    silo: str
    verdict: str = UNKNOWN
    reason: str = ""  # in a sentence
    hint: str = ""  # what would tell, or what to do
    rows: int = 0  # that it trained on
    signs: tuple[Sign, ...] = ()  # of this audit
    earlier: tuple[str, ...] = ()  # spans whose audit found the same sign, latest first
    notes: tuple[Finding, ...] = ()  # no signs: unusual, labels that look inverted
    appeal: str = ""  # by whom a sign or advice is contested, and why
    measures: dict[str, float] = dataclasses.field(default_factory=dict)
    contribution: Interval | None = None
    per_thousand: Interval | None = None  # the same, a thousand of its training rows
    ranks: tuple[int, int] | None = None  # best and worst that may be true, from 1
    gain: Interval | None = None  # AUC of what serves it, less that of its model alone
    shares: dict[str, float] = dataclasses.field(default_factory=dict)  # by utility
    # Fall of each other silo's log loss by it, leaving it out; the intervals hold for
    # all silos at once.
    helps: dict[str, Interval] = dataclasses.field(default_factory=dict)

    @property
    def evidence(self) -> tuple[Finding, ...]:
        """What the verdict rests on, with the hints of its signs, and the notes."""
        hints = dict.fromkeys([self.hint, *(it.finding.hint for it in self.signs)])
        told = (Finding(self.reason, "; ".join(filter(None, hints))), *self.notes)
        if self.appeal and self.appeal not in self.reason:
            told += (Finding(f"contested by {self.appeal}"),)
        return told

    @property
    def helped(self) -> list[str]:
        """The silos that it surely helps."""
        return [silo for silo, effect in self.helps.items() if effect.low > 0]

    @property
    def hurt(self) -> list[str]:
        """The silos that it surely hurts."""
        return [silo for silo, effect in self.helps.items() if effect.high < 0]


def in_words(counts: Mapping[str, int]) -> str:
    """Return counts of verdicts as text: `contributes: 3, rides free: 1, ...`."""
    return ", ".join(f"{NAMES[it]}: {number:,}" for it, number in counts.items())


@dataclasses.dataclass(frozen=True)
class ContributionReport(Payload):
    """What the audit of a run found, sorted by silo; no silo where none was made."""

    FILE_NAME: ClassVar[str] = "contribution.json"
    NODE: ClassVar[str] = "ContributionAuditor"

    silos: tuple[SiloContribution, ...] = ()  # that trained
    rounds: tuple[int, ...] = ()  # audited
    method: str = ""  # of the contributions: `shapley` or `leave_one_out`
    unavailable: dict[str, str] = dataclasses.field(default_factory=dict)
    """Why a signal is not known, by signal; it is not made up."""

    refusal: str = ""  # why there was no audit, in a sentence

    @property
    def counts(self) -> dict[str, int]:
        """How many silos have each verdict; empty without a silo."""
        found = [one.verdict for one in self.silos]
        return {verdict: found.count(verdict) for verdict in NAMES if found}

    @property
    def worst_first(self) -> list[SiloContribution]:
        """Riders, then silos with signs, then of whom it can't be told, then the rest.

        In each, the surely lowest contribution comes first.
        """

        def rank(one: SiloContribution) -> tuple[bool, bool, bool, float]:
            low = one.contribution.low if one.contribution else math.inf
            return (one.verdict != RIDES, not one.signs, one.verdict != UNKNOWN, low)

        return sorted(self.silos, key=rank)

    def get(self, silo: str) -> SiloContribution | None:
        """Return what was found of a silo; None where it did not train."""
        return self._by_silo.get(silo)

    @functools.cached_property
    def _by_silo(self) -> dict[str, SiloContribution]:
        return {one.silo: one for one in self.silos}
