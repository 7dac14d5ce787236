"""The decision about a model, as it lies beside TFX's BLESSED file.

`decide` is pure over the tidy table: an evaluation calls it once, and whoever asks
what other bounds would have decided calls it again on the stored table.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import registry
from components.fairness_evaluator.gates.earlier import Earlier
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import REFUSED
from components.fairness_evaluator.gates.judged import Unjudged
from components.scoring.table import Table

FILE_NAME = "decision.json"


@dataclasses.dataclass(frozen=True)
class Waiver:
    """Somebody's word that one model may pass one gate all the same.

    Attributes:
        gate: The gate.
        reason: Why, in that person's words.
        by: Who answers for it.
        until: Its last day, ISO 8601, in UTC.
        at: When it was given, ISO 8601 in UTC.
        run_id: The run whose model it was given for.
    """

    gate: str
    reason: str
    by: str
    until: str
    at: str
    run_id: str


@dataclasses.dataclass(frozen=True)
class GateResult:
    """What a gate says.

    Attributes:
        gate: Its name, that of its setting.
        passed: Whether the model passes; a waiver doesn't change that.
        sentence: Why, for a person to read.
        way_out: What a person can do; empty where the model passes.
        waiver: Who lets it pass all the same; None where nobody does.
    """

    gate: str
    passed: bool
    sentence: str
    way_out: str = ""
    waiver: Waiver | None = None

    @property
    def waived(self) -> bool:
        """Whether it refused and somebody answers for that."""
        return not self.passed and self.waiver is not None


@dataclasses.dataclass(frozen=True)
class Baseline:
    """An earlier blessed model: what the candidate is compared with.

    Attributes:
        span: Its span.
        digest: Its digest.
        uri: Its folder.
    """

    span: str
    digest: str
    uri: str


@dataclasses.dataclass(frozen=True)
class Decision:
    """Whether a model is blessed, and why.

    Attributes:
        blessed: Whether each gate passed or was waived.
        reasons: Why not, each a sentence; empty when blessed.
        gates: What each gate says.
        baseline: The model compared with; None when there is none.
        baseline_gone: The model to compare with, whose folder is gone, so that nothing
            was compared; None when there is no such model.
        not_judged: Silos that the gates left out, with reasons.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        silos: Ids of all silos.
        settings: The section `gates`.
    """

    blessed: bool
    reasons: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    baseline: Baseline | None = None
    baseline_gone: Baseline | None = None
    not_judged: tuple[Unjudged, ...] = ()
    left_out: Mapping[str, str] = dataclasses.field(default_factory=dict)
    silos: tuple[str, ...] = ()
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """The waivers that it knew of."""
        return tuple(gate.waiver for gate in self.gates if gate.waiver)

    def to_json(self) -> str:
        """Return the decision as JSON."""
        return json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False)

    def write(self, folder: str | pathlib.Path) -> None:
        """Write the decision into an artifact's folder."""
        pathlib.Path(folder, FILE_NAME).write_text(self.to_json(), encoding="utf-8")


def decide(
    figures: Table,
    silos: Iterable[str],
    left_out: Mapping[str, str],
    settings: GateSettings,
    baseline: Baseline | None,
    waivers: Iterable[Waiver] = (),
    baseline_gone: Baseline | None = None,
) -> Decision:
    """Decide about a model from its figures.

    Args:
        figures: The tidy table.
        silos: Ids of all silos.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        settings: What is demanded.
        baseline: The model compared with; None when there is none.
        waivers: Those that hold now for this model.
        baseline_gone: See `Decision`.

    Returns:
        The decision, with one result for each configured gate.
    """
    everyone = tuple(sorted(silos))
    evidence = Evidence.of(
        figures,
        everyone,
        left_out,
        settings.minimum_data,
        _earlier(baseline, baseline_gone),
    )
    given = {waiver.gate: waiver for waiver in waivers}
    results = []
    for name, finding in registry.judge(evidence, settings).items():
        waiver = None if finding.passed else given.get(name)
        result = GateResult(name, finding.passed, finding.sentence, finding.way_out)
        results.append(dataclasses.replace(result, waiver=waiver))
    reasons = tuple(
        gate.sentence for gate in results if not (gate.passed or gate.waived)
    )
    return Decision(
        blessed=not reasons,
        reasons=reasons,
        gates=tuple(results),
        baseline=baseline,
        baseline_gone=baseline_gone,
        not_judged=evidence.not_judged,
        left_out=dict(left_out),
        silos=everyone,
        settings=settings.model_dump(mode="json"),
    )


def refused(reason: str) -> Decision:
    """Return the decision where there is no model to judge.

    Args:
        reason: Why there is none.
    """
    return Decision(False, (REFUSED + reason,))


def of_json(text: str) -> Decision:
    """Read a decision from its JSON."""
    data = json.loads(text)
    return Decision(
        blessed=data["blessed"],
        reasons=tuple(data["reasons"]),
        gates=tuple(_gate(item) for item in data["gates"]),
        baseline=_baseline(data["baseline"]),
        baseline_gone=_baseline(data.get("baseline_gone")),  # not in older files
        not_judged=tuple(Unjudged(**item) for item in data["not_judged"]),
        left_out=data["left_out"],
        silos=tuple(data["silos"]),
        settings=data["settings"],
    )


def read(folder: str | pathlib.Path) -> Decision:
    """Read the decision from an artifact's folder."""
    return of_json(pathlib.Path(folder, FILE_NAME).read_text(encoding="utf-8"))


def _earlier(baseline: Baseline | None, gone: Baseline | None) -> Earlier | None:
    chosen = baseline or gone
    if not chosen:
        return None
    return Earlier(chosen.span, chosen.digest, chosen.uri, is_gone=not baseline)


def _baseline(item: dict[str, Any] | None) -> Baseline | None:
    return Baseline(**item) if item else None


def _gate(item: dict[str, Any]) -> GateResult:
    waiver = Waiver(**item["waiver"]) if item["waiver"] else None
    return GateResult(**{**item, "waiver": waiver})
