"""What the nodes of a run wrote, read for the pages.

Plain values only; sections (`sections/`) say what is shown of them.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tensorflow_metadata.proto.v0 import schema_pb2

from components.features import spec
from components.features.spec import FeatureSpec
from components.payloads import egress, table
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Cohort, Member
from components.payloads.contribution import ContributionReport
from components.payloads.decision import Decision
from components.payloads.egress import EgressItem
from components.payloads.ledger import Ledger
from components.payloads.manifest import EVAL, NEXT, Manifest
from components.payloads.minimum_data import MinimumData
from components.payloads.model_run import RunRecord
from components.payloads.privacy import PrivacyReport
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
NO_MODEL = ModelCard()  # its digest is empty
NO_LEDGER = Ledger("")
NO_BENEFIT = BenefitReport()
NO_CONTRIBUTION = ContributionReport(refusal="the run's version made none")
NO_PRIVACY = PrivacyReport()
NO_EXAMPLES = Manifest("", "", ())


@dataclasses.dataclass(frozen=True)
class About:
    """What the run was: shown in the heading and at the end of the page."""

    use_case: str
    span: str  # empty where the data has none, or it is still to be read
    code: str = ""  # digest of the dashboard's
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)  # the run's

    @property
    def title(self) -> str:
        """Use case and span."""
        return f"{self.use_case}, span {self.span}" if self.span else self.use_case

    @property
    def minimum_data(self) -> MinimumData:
        """Data a silo needs to be judged; without gates, their default."""
        gates = self.settings.get("gates") or {}
        return MinimumData.model_validate(gates.get("minimum_data") or {})


@dataclasses.dataclass(frozen=True)
class SiloLine:
    """One silo on the page."""

    member: Member
    auc: Figure | None  # of its evaluation rows
    next_auc: Figure | None  # on the span after
    baseline_auc: Figure | None
    left: tuple[EgressItem, ...]  # what left it, by kind
    not_evaluated: str  # why no gate judged it; empty where they did

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
class IncompleteSilo:
    """A silo that the run should have reached and did not, and why."""

    silo: str
    what: str  # `not scored`, `not wholly scored` or `not trained`
    reason: str


@dataclasses.dataclass(frozen=True)
class Report:
    """The artifacts of a run, as far as they were read.

    `parts` names those that were (the Dashboard's inputs, and `schema`); the fields
    of the others are empty.
    """

    about: About
    parts: frozenset[str] = frozenset()
    cohort: Cohort = NO_COHORT  # of an evaluation alone, the silos that it has
    decision: Decision = NO_DECISION
    scores: Table = NO_SCORES
    run: RunRecord = NO_RUN
    card: ModelCard = NO_MODEL
    benefit: BenefitReport = NO_BENEFIT
    contribution: ContributionReport = NO_CONTRIBUTION
    privacy: PrivacyReport = NO_PRIVACY  # its mode is `none`
    ledger: Ledger = NO_LEDGER
    egress: Mapping[str, tuple[EgressItem, ...]] = dataclasses.field(
        default_factory=dict
    )
    examples: Manifest = NO_EXAMPLES
    schema: schema_pb2.Schema | None = None
    features: FeatureSpec | None = None
    unused: tuple[UnusedColumn, ...] = ()  # the schema's columns that are no feature

    @functools.cached_property
    def silos(self) -> tuple[SiloLine, ...]:
        """All silos, in the order of their `rank`."""
        get, not_evaluated = self.scores.get, self.decision.not_evaluated
        lines = []
        for member in self.cohort.members:
            of = Slice(member.silo)
            why = "" if member.admitted else "it was not admitted"
            line = SiloLine(
                member,
                get(MetricKey(RANKED_BY, of)),
                get(MetricKey(RANKED_BY, of, split=NEXT)),
                get(MetricKey(RANKED_BY, of, BASELINE)),
                self.egress.get(member.silo, ()),
                not_evaluated.get(member.silo, "") or why,
            )
            lines.append(line)
        return tuple(sorted(lines, key=lambda line: line.rank))

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
    def incomplete_silos(self) -> list[IncompleteSilo]:
        """The silos that the model could not learn from or not score, and why."""
        partly = {line.silo for line in self.ledger.silos if line.rows}
        found = [
            IncompleteSilo(
                one.silo,
                "not wholly scored" if one.silo in partly else "not scored",
                one.reason,
            )
            for one in self.ledger.silos_not_scored
        ]
        if "model_run" in self.parts:
            untrained = self.run.untrained(line.member.silo for line in self.admitted)
            found += [
                IncompleteSilo(it.silo, "not trained", it.reason) for it in untrained
            ]
        return found

    @property
    def reasons(self) -> list[str]:
        """Why the run did not end in a blessed model, each said once.

        Where nothing was trained the decision repeats that reason in a longer
        sentence, which is left out.
        """
        other = (
            reason
            for reason in self.decision.reasons
            if not any(refusal in reason for refusal in self.refusals)
        )
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

    found = of_evaluation(
        about,
        read("blessing", Decision.read, NO_DECISION),
        read("evaluation", table.read, NO_SCORES),
    )
    examples = read("examples", Manifest.read, NO_EXAMPLES)
    benefit = read("benefit", BenefitReport.read, NO_BENEFIT)
    return dataclasses.replace(
        found,
        about=dataclasses.replace(about, span=about.span or examples.span),
        parts=frozenset(folders),
        cohort=read("cohort", Cohort.read, found.cohort),
        run=read("model_run", RunRecord.read, NO_RUN),
        card=read("model", model.read_card, NO_MODEL),
        benefit=benefit.as_judged(found.decision.not_as_chosen),
        contribution=read("contribution", ContributionReport.read, NO_CONTRIBUTION),
        privacy=read("model_run", PrivacyReport.of_run, NO_PRIVACY),
        ledger=read("inference_result", Ledger.read, NO_LEDGER),
        egress=egress.total(folders.values()),
        examples=examples,
        schema=read("schema", schema.read, Report.schema),
        features=read("feature_spec", spec.read, Report.features),
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
    figures = {silo: scores.get(MetricKey(ROWS, Slice(silo))) for silo in scores.silos}
    rows = {silo: figure.rows if figure else 0 for silo, figure in figures.items()}
    members = (
        Member(silo, admitted=True, rows={EVAL: rows.get(silo, 0)})
        for silo in sorted({*rows, *asked.silos})
    )
    return Report(
        about=about,
        parts=frozenset({"evaluation"}),
        cohort=Cohort(tuple(members), quorum=0),
        decision=asked,
        scores=scores,
    )
