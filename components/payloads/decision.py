"""The decision about a model, with what each gate says, as it is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from components.payloads.payload import Payload


@dataclasses.dataclass(frozen=True)
class NotEvaluated:
    """A silo that the gates leave out, and why, in a sentence."""

    silo: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Waiver:
    """Somebody's word that one model may pass one gate all the same."""

    gate: str
    reason: str  # in that person's words
    by: str  # who answers for it
    until: str  # its last day, ISO 8601, in UTC
    at: str  # when it was given, ISO 8601 in UTC
    run_id: str  # the run whose model it was given for


@dataclasses.dataclass(frozen=True)
class GateResult:
    """What a gate, named as its setting, says of a model."""

    gate: str
    passed: bool  # a waiver doesn't change that
    sentence: str
    hint: str = ""  # empty where the model passes
    waiver: Waiver | None = None

    @property
    def waived(self) -> bool:
        """Whether it refused and somebody answers for that."""
        return not self.passed and self.waiver is not None

    @property
    def refuses(self) -> bool:
        """Whether it keeps the model out of service: refused and not waived."""
        return not self.passed and self.waiver is None


@dataclasses.dataclass(frozen=True)
class Baseline:
    """An earlier blessed model: what the candidate is compared with."""

    span: str
    digest: str
    uri: str  # its folder


@dataclasses.dataclass(frozen=True)
class Decision(Payload):
    """Whether a model is blessed, and why.

    `baseline` is the model compared with, `baseline_gone` one whose folder is gone, so
    that nothing was compared; `not_judged` are silos that the gates left out,
    `left_out` has the reason of each that is quarantined or could not be evaluated,
    `not_as_chosen` has by silo why the base model was judged, as it serves in the place
    of one that was chosen and could not be found; `baseline_not_as_served` says where
    the baseline is not what served then.
    """

    FILE_NAME: ClassVar[str] = "decision.json"
    NODE: ClassVar[str] = "FairnessEvaluator"

    blessed: bool  # each gate passed or was waived
    reasons: tuple[str, ...] = ()  # why not, each a sentence
    gates: tuple[GateResult, ...] = ()
    baseline: Baseline | None = None
    baseline_gone: Baseline | None = None
    not_judged: tuple[NotEvaluated, ...] = ()
    left_out: Mapping[str, str] = dataclasses.field(default_factory=dict)
    not_as_chosen: Mapping[str, str] = dataclasses.field(default_factory=dict)
    baseline_not_as_served: tuple[str, ...] = ()
    silos: tuple[str, ...] = ()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # `gates`

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers that it knew of."""
        return tuple(gate.waiver for gate in self.gates if gate.waiver)

    @property
    def not_evaluated(self) -> dict[str, str]:
        """The reason of each silo that counts in no gate, by silo."""
        return {item.silo: item.reason for item in self.not_judged} | dict(
            self.left_out
        )
