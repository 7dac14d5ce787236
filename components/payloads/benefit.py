"""The benefit report: what each silo gains by the federation, and what serves it.

A silo has the federation's model (`base`), perhaps one of its own that was trained from
it (`personal`), and the one that it would have had by itself (`alone`). One of them
serves it: what that is was chosen on rows that no model has trained on, and the figures
here are of the evaluation rows, which took no part in the choice.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import ClassVar

from components import digests
from components.payloads.interval import Interval
from components.payloads.payload import Payload

BASE = "base"
PERSONAL = "personal"
ALONE = "alone"
POOLED = "pooled"  # trained on the rows of all silos together, where that is allowed
SERVED = "served"  # whichever of the first three serves the silo
METRICS = ("auc", "log_loss", "brier")


@dataclasses.dataclass(frozen=True)
class SiloBenefit:
    """One silo: its models, and which of them serves it."""

    silo: str
    served: str = BASE  # `base`, `personal` or `alone`
    digest: str = ""  # of the served weights and the FeatureSpec
    weights: str = ""  # their file, below the silo's home; empty for `base`
    reason: str = ""  # why this one serves, in a sentence
    rows: dict[str, int] = dataclasses.field(default_factory=dict)  # by split
    positives: int | None = None  # evaluation rows of label 1
    passes: dict[str, int] = dataclasses.field(default_factory=dict)  # by model
    # By model, then by metric (`METRICS`); a figure that can't be had is not there.
    figures: dict[str, dict[str, Interval]] = dataclasses.field(default_factory=dict)
    # The same of a model minus `alone`, on the same rows: positive is a gain for `auc`
    # alone. Models: `base`, `personal`, `served`.
    gains: dict[str, dict[str, Interval]] = dataclasses.field(default_factory=dict)
    freedom: int = 0  # of Student's t, which made the intervals of gains in `auc`
    # What the choice was made by: the fall of the log loss against `base` on the rows
    # to choose by, of `personal` and `alone`. The low ends are not of 95 % but what the
    # tests ask for: above 0 it is sure (`personal/choice.py`).
    choice: dict[str, Interval] = dataclasses.field(default_factory=dict)
    failure: str = ""  # why it has no models of its own, in a sentence

    @property
    def gain(self) -> Interval | None:
        """The AUC of what serves it, minus that of `alone`."""
        return self.gains.get(SERVED, {}).get("auc")


@dataclasses.dataclass(frozen=True)
class BenefitReport(Payload):
    """What each silo gains, sorted by silo; no silo where nothing was compared."""

    FILE_NAME: ClassVar[str] = "benefit.json"
    NODE: ClassVar[str] = "SiloBenchmark"

    method: str = "none"  # of the personal models, as in the settings
    base: str = ""  # digest of the federation's model
    silos: tuple[SiloBenefit, ...] = ()
    pooled: str = ""  # whose rows met for the pooled model, in a sentence
    refusal: str = ""  # why nothing was compared, in a sentence

    def get(self, silo: str) -> SiloBenefit | None:
        """Return a silo's benefit; None where it has no models of its own."""
        return self._by_silo.get(silo)

    @functools.cached_property
    def _by_silo(self) -> dict[str, SiloBenefit]:
        return {one.silo: one for one in self.silos}

    @property
    def served_digest(self) -> str:
        """Digest of what serves all silos: of the base model where it alone does."""
        own = sorted((it.silo, it.digest) for it in self.silos if it.served != BASE)
        return digests.of_json([self.base, own]) if own else self.base

    def as_judged(self, lost: Mapping[str, str]) -> BenefitReport:
        """Return it with base serving the silos whose own is `lost`, with why."""

        def judged(one: SiloBenefit) -> SiloBenefit:
            if one.silo not in lost:
                return one
            return dataclasses.replace(
                one,
                served=BASE,
                digest=self.base,
                weights="",
                reason=lost[one.silo],
                gains=one.gains | {SERVED: one.gains.get(BASE, {})},
            )

        return dataclasses.replace(self, silos=tuple(map(judged, self.silos)))
