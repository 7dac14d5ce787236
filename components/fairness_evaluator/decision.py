"""The decision about a model, as it lies beside TFX's BLESSED file."""

from __future__ import annotations

import dataclasses
import json
import pathlib

from components.fairness_evaluator.gates import GateResult, Unjudged

FILE_NAME = "decision.json"


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The model that the candidate was compared with.

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
        blessed: Whether all gates passed.
        reasons: Why not, each a sentence; empty when blessed.
        gates: What each gate says.
        baseline: The model compared with; None when there is none.
        not_judged: Silos that the gates left out, with reasons.
    """

    blessed: bool
    reasons: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    baseline: Baseline | None = None
    not_judged: tuple[Unjudged, ...] = ()

    def write(self, folder: str | pathlib.Path) -> None:
        """Write the decision into an artifact's folder."""
        text = json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False)
        pathlib.Path(folder, FILE_NAME).write_text(text, encoding="utf-8")


def of_gates(
    gates: list[GateResult], baseline: Baseline | None, not_judged: list[Unjudged]
) -> Decision:
    """Return the decision that follows from the gates."""
    reasons = tuple(gate.sentence for gate in gates if not gate.passed)
    return Decision(not reasons, reasons, tuple(gates), baseline, tuple(not_judged))


def read(folder: str | pathlib.Path) -> Decision:
    """Read the decision from an artifact's folder."""
    data = json.loads(pathlib.Path(folder, FILE_NAME).read_text(encoding="utf-8"))
    return Decision(
        blessed=data["blessed"],
        reasons=tuple(data["reasons"]),
        gates=tuple(GateResult(**item) for item in data["gates"]),
        baseline=Baseline(**data["baseline"]) if data["baseline"] else None,
        not_judged=tuple(Unjudged(**item) for item in data["not_judged"]),
    )
