"""All that the page says about a run, gathered from the artifacts.

Plain values only: how they look is the template's matter.
"""

from __future__ import annotations

import collections
import dataclasses
import json
from typing import Any

from components.dashboard import payloads, versions
from components.dashboard.payloads import Decision, Ledger
from components.dashboard.scores import (
    RANKED_BY,
    ROWS,
    Cell,
    Question,
    Scores,
    Slice,
)
from components.payloads import egress
from components.payloads.cohort import Cohort, Member
from components.payloads.egress import KINDS, Departure
from components.payloads.manifest import EVAL, NEXT
from components.payloads.minimum_data import MinimumData
from components.payloads.model_run import RunRecord
from components.payloads.table import BASELINE
from components.payloads.unused_columns import UnusedColumn, UnusedColumns
from components.scoring import model


@dataclasses.dataclass(frozen=True)
class Sources:
    """The folders of the artifacts that a page is made from."""

    examples: str
    statistics: str
    cohort: str
    feature_spec: str
    model: str
    model_run: str
    evaluation: str
    blessing: str
    inference_result: str


@dataclasses.dataclass(frozen=True)
class About:
    """What the run was: shown in the heading and at the end of the page.

    Attributes:
        use_case: Name of the use case.
        span: The span, empty where the data has none.
        code: Digest of the dashboard's code.
        settings: The whole run's settings.
    """

    use_case: str
    span: str
    code: str
    settings: dict[str, Any]

    @property
    def minimum_data(self) -> MinimumData:
        """From when on gates judge; where none is set, what they ask by default."""
        gates = self.settings.get("gates") or {}
        return MinimumData.model_validate(gates.get("minimum_data") or {})


@dataclasses.dataclass(frozen=True)
class SiloLine:
    """One silo on the page.

    Attributes:
        member: Its verdict from the cohort.
        auc: The candidate's AUC on its evaluation rows; None without evaluation.
        next_auc: The same on the span after.
        baseline_auc: The AUC of the baseline on the same rows.
        left: What left it, by kind.
        unjudged: Why no gate judged it; empty where they did.
    """

    member: Member
    auc: Cell | None
    next_auc: Cell | None
    baseline_auc: Cell | None
    left: tuple[Departure, ...]
    unjudged: str = ""

    @property
    def differs_in(self) -> tuple[str, float] | None:
        """The column in which it is least like the federation, and how far."""
        distances = self.member.heterogeneity
        if not distances:
            return None
        return max(sorted(distances.items()), key=lambda item: item[1])

    @property
    def left_bytes(self) -> int:
        """Bytes that left it, all kinds together."""
        return sum(departure.bytes for departure in self.left)

    def left_of(self, kind: str) -> Departure | None:
        """Return what left it of one kind; None when nothing did."""
        return next((item for item in self.left if item.kind == kind), None)

    @property
    def has_findings(self) -> bool:
        """Whether anything was found in it, be it harmless."""
        return bool(self.member.reasons or self.member.notes)

    @property
    def is_judged(self) -> bool:
        """Whether it counts for the worst silo and the gap."""
        return not self.unjudged and self.auc is not None and self.auc.is_number


@dataclasses.dataclass(frozen=True)
class Lacking:
    """A silo that the run should have reached and did not.

    Attributes:
        silo: Its id.
        what: `not scored`, `not wholly scored` or `not trained`.
        reason: Why, in a sentence.
    """

    silo: str
    what: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Report:
    """A run, as the page tells it.

    Attributes:
        about: What the run was.
        decision: The gates' decision.
        silos: All silos: the surely worst AUC first; those without a number last,
            and of those the ones that were not admitted first.
        quorum: Admitted silos needed to train.
        model_digest: The candidate's digest; empty when nothing was trained.
        refusals: Why nothing was trained; empty when a model was.
        run: The account of the training.
        scores: The evaluation's table.
        ledger: The account of the inference.
        versions: Of Python and the packages.
        unused: The schema's columns that the model does not get.
    """

    about: About
    decision: Decision
    silos: tuple[SiloLine, ...]
    quorum: int
    model_digest: str
    refusals: tuple[str, ...]
    run: RunRecord
    scores: Scores
    ledger: Ledger
    versions: dict[str, str]
    unused: tuple[UnusedColumn, ...] = ()

    @property
    def is_trained(self) -> bool:
        """Whether there is a model to speak of."""
        return not self.refusals

    @property
    def admitted(self) -> list[SiloLine]:
        """The silos that were to train."""
        return [line for line in self.silos if line.member.admitted]

    @property
    def lacking(self) -> list[Lacking]:
        """The silos that the model could not learn from or not score, and why."""
        silos = [line.member.silo for line in self.admitted]
        partly = {line.silo for line in self.ledger.silos if line.rows}
        return [
            *(
                Lacking(
                    it.silo,
                    "not wholly scored" if it.silo in partly else "not scored",
                    it.reason,
                )
                for it in self.ledger.unscored
            ),
            *(
                Lacking(it.silo, "not trained", it.reason)
                for it in self.run.untrained(silos)
            ),
        ]

    @property
    def judged(self) -> list[SiloLine]:
        """The silos that the gates judged, in the order of `silos`."""
        return [line for line in self.silos if line.is_judged]

    @property
    def verdict(self) -> str:
        """What came of the run, in two or three words."""
        if not self.is_trained:
            return "Nothing was trained"
        if self.decision.blessed:
            return "Blessed, incomplete" if self.lacking else "Blessed"
        if self.decision.gates or self.decision.reasons:
            return "Not blessed"
        return "Measured, not judged"

    @property
    def reasons(self) -> list[str]:
        """Why the run did not end in a blessed model, each said once.

        Where nothing was trained the decision repeats that reason in a longer
        sentence, which is left out.
        """
        told = [
            reason
            for reason in self.decision.reasons
            if not any(refusal in reason for refusal in self.refusals)
        ]
        return list(dict.fromkeys((*self.refusals, *told)))


def gather(sources: Sources, about: About, scores: Scores) -> Report:
    """Read the artifacts and return what the page says.

    Args:
        sources: Their folders.
        about: What the run was.
        scores: The evaluation's table (`scores.of_table`).

    Raises:
        FairSiloError: A report is missing or broken.
    """
    admission = Cohort.read(sources.cohort)
    card = model.read_card(sources.model)
    run = RunRecord.read(sources.model_run)
    left = merge_departures(list(dataclasses.astuple(sources)))
    refusals = [card.refusal, run.refusal] if card.refusal else []
    if card.refusal and admission.refusal:
        refusals.insert(0, admission.refusal)
    decision = payloads.read(Decision, sources.blessing)
    lines = [
        _line(
            member,
            scores,
            left.get(member.silo, ()),
            _unjudged(member, decision),
        )
        for member in admission.members
    ]
    return Report(
        about=about,
        decision=decision,
        silos=tuple(sorted(lines, key=rank)),
        quorum=admission.quorum,
        model_digest=card.digest,
        refusals=tuple(dict.fromkeys(text for text in refusals if text)),
        run=run,
        scores=scores,
        ledger=payloads.read(Ledger, sources.inference_result),
        versions=versions.installed(),
        unused=UnusedColumns.read(sources.feature_spec).columns,
    )


def of_evaluation(about: About, decision: Decision | None, scores: Scores) -> Report:
    """Return what a page says of an evaluation alone, such as of scores made elsewhere.

    Args:
        about: What was evaluated.
        decision: What the gates say; None where none was asked.
        scores: The evaluation's table.
    """
    asked = decision or Decision(
        blessed=False, reasons=(), gates=(), baseline=None, not_judged=()
    )
    answers = {silo: scores.ask(Question(ROWS, Slice(silo))) for silo in scores.silos}
    rows = {silo: cell.rows if cell else 0 for silo, cell in answers.items()}
    names = sorted({*rows, *asked.silos})
    lines = [
        _line(member, scores, (), _unjudged(member, asked))
        for member in (
            Member(silo, admitted=True, rows={EVAL: rows.get(silo, 0)})
            for silo in names
        )
    ]
    return Report(
        about=about,
        decision=asked,
        silos=tuple(sorted(lines, key=rank)),
        quorum=0,
        model_digest="",
        refusals=(),
        run=RunRecord(algorithm=""),
        scores=scores,
        ledger=payloads.NOTHING_SCORED,
        versions=versions.installed(),
    )


def merge_departures(folders: list[str]) -> dict[str, tuple[Departure, ...]]:
    """Return what left each silo, added up over the artifacts by kind.

    Args:
        folders: Artifacts' folders; those that keep no account add nothing.
    """
    count: collections.Counter[tuple[str, str]] = collections.Counter()
    size: collections.Counter[tuple[str, str]] = collections.Counter()
    for folder in folders:
        for silo, items in egress.read(folder).items():
            for item in items:
                count[silo, item.kind] += item.count
                size[silo, item.kind] += item.bytes
    return {
        silo: tuple(
            Departure(kind, count[silo, kind], size[silo, kind])
            for kind in KINDS
            if (silo, kind) in count
        )
        for silo in sorted({silo for silo, _ in count})
    }


def parse_settings(text: str) -> dict[str, Any]:
    """Return the run's settings from their JSON text; empty for none."""
    data: dict[str, Any] = json.loads(text or "{}")
    return data


def _line(
    member: Member,
    scores: Scores,
    left: tuple[Departure, ...],
    unjudged: str,
) -> SiloLine:
    of = Slice(silo=member.silo)
    return SiloLine(
        member=member,
        auc=scores.ask(Question(RANKED_BY, of)),
        next_auc=scores.ask(Question(RANKED_BY, of, split=NEXT)),
        baseline_auc=scores.ask(Question(RANKED_BY, of, model=BASELINE)),
        left=left,
        unjudged=unjudged,
    )


def _unjudged(member: Member, decision: Decision) -> str:
    reason = decision.unjudged.get(member.silo, "")
    return reason or ("" if member.admitted else "it was not admitted")


def rank(line: SiloLine) -> tuple[bool, float, bool, str]:
    """Return the place of a silo on the page: the surely worst AUC first."""
    member, cell = line.member, line.auc
    if cell is None or not cell.is_number:
        return (True, 0.0, member.admitted, member.silo)
    return (False, cell.at_best(RANKED_BY), member.admitted, member.silo)
