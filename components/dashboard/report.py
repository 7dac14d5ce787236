"""What the nodes of a run wrote, read for the pages.

Plain values only; sections (`sections/`) say what is shown of them.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tensorflow_metadata.proto.v0 import schema_pb2

from components.features import spec
from components.features.spec import FeatureSpec
from components.payloads import egress, table
from components.payloads.cohort import Cohort, Member
from components.payloads.decision import Decision
from components.payloads.egress import EgressItem
from components.payloads.ledger import Ledger
from components.payloads.manifest import EVAL, NEXT, Manifest
from components.payloads.minimum_data import MinimumData
from components.payloads.model_run import RunRecord
from components.payloads.table import (
    BASELINE,
    RANKED_BY,
    ROWS,
    Figure,
    MetricKey,
    Slice,
    Table,
)
from components.payloads.unused_columns import UnusedColumn, UnusedColumns
from components.scoring import model
from components.scoring.model import ModelCard
from components.silos import schema

T = TypeVar("T")
Folder = str | pathlib.Path

# What a report holds where an artifact was not read.
NO_COHORT = Cohort((), 0)
NO_DECISION = Decision(blessed=False)
NO_SCORES = Table()
NO_RUN = RunRecord("")
NO_MODEL = ModelCard()
NO_LEDGER = Ledger("")
NO_EXAMPLES = Manifest("", "", ())


@dataclasses.dataclass(frozen=True)
class About:
    """What the run was: shown in the heading and at the end of the page.

    Attributes:
        use_case: Name of the use case.
        span: The span, empty where the data has none or it is still to be read.
        code: Digest of the dashboard's code.
        settings: The whole run's settings.
    """

    use_case: str
    span: str
    code: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

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
        not_evaluated: Why no gate judged it; empty where they did.
    """

    member: Member
    auc: Figure | None = None
    next_auc: Figure | None = None
    baseline_auc: Figure | None = None
    left: tuple[EgressItem, ...] = ()
    not_evaluated: str = ""

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
        return sum(item.bytes for item in self.left)

    def left_of(self, kind: str) -> EgressItem | None:
        """Return what left it of one kind; None when nothing did."""
        return next((item for item in self.left if item.kind == kind), None)

    @property
    def is_judged(self) -> bool:
        """Whether it counts for the worst silo and the gap."""
        return not self.not_evaluated and self.auc is not None and self.auc.is_number

    @property
    def rank(self) -> tuple[bool, float, bool, str]:
        """Its place on the page: the surely worst AUC first, those without last."""
        member, figure = self.member, self.auc
        if figure is None or not figure.is_number:
            return (True, 0.0, member.admitted, member.silo)
        return (False, figure.upper, member.admitted, member.silo)


@dataclasses.dataclass(frozen=True)
class Unreached:
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
    """The artifacts of a run, as far as they were read.

    Attributes:
        about: What the run was.
        parts: Names of the artifacts that were read (the Dashboard's inputs, and
            `schema`); the fields of the others are empty.
        cohort: Which silos train; of an evaluation alone, the silos that it has.
        decision: The gates' decision.
        scores: The evaluation's table.
        run: The account of the training.
        card: The candidate's card; its digest is empty when nothing was trained.
        ledger: The account of the inference.
        egress: What left each silo, added up over the artifacts.
        examples: The manifest.
        schema: The shared schema.
        features: The features that the silos agreed on.
        unused: The schema's columns that the model does not get.
    """

    about: About
    parts: frozenset[str] = frozenset()
    cohort: Cohort = NO_COHORT
    decision: Decision = NO_DECISION
    scores: Table = NO_SCORES
    run: RunRecord = NO_RUN
    card: ModelCard = NO_MODEL
    ledger: Ledger = NO_LEDGER
    egress: Mapping[str, tuple[EgressItem, ...]] = dataclasses.field(
        default_factory=dict
    )
    examples: Manifest = NO_EXAMPLES
    schema: schema_pb2.Schema | None = None
    features: FeatureSpec | None = None
    unused: tuple[UnusedColumn, ...] = ()

    @functools.cached_property
    def silos(self) -> tuple[SiloLine, ...]:
        """All silos, in the order of their `rank`."""
        not_evaluated = self.decision.not_evaluated
        lines = []
        for member in self.cohort.members:
            key = MetricKey(RANKED_BY, Slice(member.silo))
            why = not_evaluated.get(member.silo, "")
            lines.append(
                SiloLine(
                    member=member,
                    auc=self.scores.get(key),
                    next_auc=self.scores.get(dataclasses.replace(key, split=NEXT)),
                    baseline_auc=self.scores.get(
                        dataclasses.replace(key, model=BASELINE)
                    ),
                    left=self.egress.get(member.silo, ()),
                    not_evaluated=why
                    or ("" if member.admitted else "it was not admitted"),
                )
            )
        return tuple(sorted(lines, key=lambda line: line.rank))

    @property
    def quorum(self) -> int:
        """Admitted silos needed to train."""
        return self.cohort.quorum

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why nothing was trained; empty when a model was."""
        if not self.card.refusal:
            return ()
        found = (self.cohort.refusal, self.card.refusal, self.run.refusal)
        return tuple(dict.fromkeys(text for text in found if text))

    @property
    def is_trained(self) -> bool:
        """Whether there is a model to speak of."""
        return not self.refusals

    @property
    def admitted(self) -> list[SiloLine]:
        """The silos that were to train."""
        return [line for line in self.silos if line.member.admitted]

    @property
    def judged(self) -> list[SiloLine]:
        """The silos that the gates judged, in the order of `silos`."""
        return [line for line in self.silos if line.is_judged]

    @property
    def judged_word(self) -> str:
        """What was done with the silos: `judged`, or `measured` without a gate."""
        return "judged" if self.decision.gates else "measured"

    @property
    def unreached(self) -> list[Unreached]:
        """The silos that the model could not learn from or not score, and why."""
        partly = {line.silo for line in self.ledger.silos if line.rows}
        scored = [
            Unreached(
                one.silo,
                "not wholly scored" if one.silo in partly else "not scored",
                one.reason,
            )
            for one in self.ledger.unscored
        ]
        if "model_run" not in self.parts:
            return scored
        untrained = self.run.untrained([line.member.silo for line in self.admitted])
        trained = [Unreached(one.silo, "not trained", one.reason) for one in untrained]
        return scored + trained

    @property
    def reasons(self) -> list[str]:
        """Why the run did not end in a blessed model, each said once.

        Where nothing was trained the decision repeats that reason in a longer
        sentence, which is left out.
        """
        other = [
            reason
            for reason in self.decision.reasons
            if not any(refusal in reason for refusal in self.refusals)
        ]
        return list(dict.fromkeys((*self.refusals, *other)))


def gather(folders: Mapping[str, Folder], about: About) -> Report:
    """Read artifacts and return what pages show of them.

    Args:
        folders: The artifacts' folders by name, those that are to be shown.
        about: What the run was; a span that is empty is taken from `examples`.

    Raises:
        FairSiloError: A payload is missing or damaged.
    """

    def read(name: str, reader: Callable[[Folder], T], otherwise: T) -> T:
        return reader(folders[name]) if name in folders else otherwise

    decision = read("blessing", Decision.read, NO_DECISION)
    scores = read("evaluation", table.read, NO_SCORES)
    examples = read("examples", Manifest.read, NO_EXAMPLES)
    features: FeatureSpec | None = None
    shared: schema_pb2.Schema | None = None
    return Report(
        about=dataclasses.replace(about, span=about.span or examples.span),
        parts=frozenset(folders),
        cohort=read("cohort", Cohort.read, _cohort_of(scores, decision)),
        decision=decision,
        scores=scores,
        run=read("model_run", RunRecord.read, NO_RUN),
        card=read("model", model.read_card, NO_MODEL),
        ledger=read("inference_result", Ledger.read, NO_LEDGER),
        egress=egress.total(folders.values()),
        examples=examples,
        schema=read("schema", schema.read, shared),
        features=read("feature_spec", spec.read, features),
        unused=read("feature_spec", lambda f: UnusedColumns.read(f).columns, ()),
    )


def of_evaluation(about: About, decision: Decision | None, scores: Table) -> Report:
    """Return what pages show of an evaluation alone, such as of scores made elsewhere.

    Args:
        about: What was evaluated.
        decision: What the gates say; None where none was asked.
        scores: The evaluation's table.
    """
    asked = decision or NO_DECISION
    return Report(
        about=about,
        parts=frozenset({"evaluation"}),
        cohort=_cohort_of(scores, asked),
        decision=asked,
        scores=scores,
    )


def _cohort_of(scores: Table, decision: Decision) -> Cohort:
    """Return the silos that an evaluation and a decision name."""
    figures = {silo: scores.get(MetricKey(ROWS, Slice(silo))) for silo in scores.silos}
    rows = {silo: figure.rows if figure else 0 for silo, figure in figures.items()}
    return Cohort(
        tuple(
            Member(silo, admitted=True, rows={EVAL: rows.get(silo, 0)})
            for silo in sorted({*rows, *decision.silos})
        ),
        quorum=0,
    )


def parse_settings(text: str) -> dict[str, Any]:
    """Return the run's settings from JSON; an empty text is none."""
    found: dict[str, Any] = json.loads(text or "{}")
    return found
