"""The summary of a run: what people, scripts and the site of all runs read of it.

Made from the nodes' payloads, so a cached node counts as one that ran. It is written as
`summary.json` into the run's folder and kept in the run store (`runs/store.py`).
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from components import atomic
from components.dashboard import gains
from components.dashboard.gains import Gains
from components.payloads import egress, ledger, manifest, pushed_model, table
from components.payloads.benefit import BASE, BenefitReport, SiloBenefit
from components.payloads.cohort import Cohort
from components.payloads.contribution import ContributionReport
from components.payloads.decision import Decision, GateResult
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding
from components.payloads.interval import Interval
from components.payloads.ledger import Ledger, NotScored
from components.payloads.manifest import Manifest
from components.payloads.model_run import Dropped, RunRecord
from components.payloads.payload import Payload
from components.payloads.privacy import PrivacyReport
from components.payloads.table import Figure
from components.payloads.unused_columns import UnusedColumn, UnusedColumns
from components.scoring import model
from pipelines import faults
from pipelines.places import Places

if TYPE_CHECKING:
    from pipelines.runners.results import NodeResult

RUNNING = "running"
BLESSED = "blessed"
NOT_BLESSED = "not_blessed"
BELOW_QUORUM = "below_quorum"
INCOMPLETE = "incomplete"  # blessed, but some silo was not trained or not scored
FAILED = "failed"
STOPPED = "stopped"  # by Ctrl-C
EXIT_STATUS = {
    BLESSED: 0,
    FAILED: 1,
    BELOW_QUORUM: 3,
    NOT_BLESSED: 4,
    INCOMPLETE: 5,
    STOPPED: 130,
}
EVALUATED = frozenset({BLESSED, NOT_BLESSED, INCOMPLETE})
LATEST = "latest"  # the span of a run that asks for the newest data


@dataclasses.dataclass(frozen=True)
class Metrics:
    """AUC over all held-out rows, and over those of the following span."""

    auc: float | None = None
    auc_next_span: float | None = None


@dataclasses.dataclass(frozen=True)
class Gate:
    """Whether a gate passed; if not, whether it was waived, and by whom."""

    gate: str
    passed: bool
    waived: bool = False
    waived_by: str | None = None


@dataclasses.dataclass(frozen=True)
class Baseline:
    """The model that the run's was compared with."""

    span: str
    digest: str


@dataclasses.dataclass(frozen=True)
class WorstSilo:
    """The judged silo with the lowest AUC."""

    silo: str
    auc: float


@dataclasses.dataclass(frozen=True)
class Silo:
    """One silo: its verdict (see `payloads/cohort.py`), its AUC, and what left it.

    `judged` says whether the gates looked at it, `left` adds up all nodes.
    """

    silo: str
    rows_train: int
    rows_eval: int
    admitted: bool
    reasons: tuple[Finding, ...] = ()
    notes: tuple[Finding, ...] = ()
    judged: bool = False
    auc: float | None = None
    auc_low: float | None = None
    auc_high: float | None = None
    served: str = BASE  # what serves it: `base`, `personal` or `alone`
    gain: Interval | None = None  # its AUC less that of `alone`, and the interval
    left: tuple[EgressItem, ...] = ()


@dataclasses.dataclass(frozen=True)
class ModelFiles:
    """Where the model lies, and its digest; all None without a model."""

    saved_model: str | None = None
    tflite: str | None = None
    digest: str | None = None
    served_digest: str | None = None  # see `BenefitReport`


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Rows scored, rows that could not be, and the folder above the predictions."""

    path: str | None = None
    rows: int = 0
    dead_letters: int = 0


@dataclasses.dataclass(frozen=True)
class Summary(Payload):
    """How a run ended, or that it is running."""

    FILE_NAME: ClassVar[str] = "summary.json"
    NODE: ClassVar[str] = "a run"

    run_id: str  # unique in its use case
    use_case: str
    span: str  # empty where the data has none or it is not known yet
    status: str  # `running`, or a key of `EXIT_STATUS`
    reasons: tuple[str, ...] = ()  # why not blessed or not complete, in sentences
    metrics: Metrics = Metrics()
    gates: tuple[Gate, ...] = ()
    baseline: Baseline | None = None
    worst_silo: WorstSilo | None = None
    gap: float | None = None  # highest less lowest AUC of the judged silos
    benefit: Gains | None = None  # of the judged silos; None where none was compared
    silos: tuple[Silo, ...] = ()  # sorted by id
    unused_columns: tuple[UnusedColumn, ...] = ()
    silos_not_scored: tuple[NotScored, ...] = ()
    untrained: tuple[Dropped, ...] = ()
    missing_columns: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    """Columns of the model that a silo's rows lack, by silo."""
    evaluation: str | None = None  # its folder
    blessing: str | None = None  # its folder
    audit: str | None = None  # the folder of its contribution report
    verdicts: dict[str, int] = dataclasses.field(default_factory=dict)
    """Silos by the audit's verdict; empty where none was made."""

    privacy: PrivacyReport | None = None
    """What the model's training spent; None where nobody is protected."""

    pushed: bool = False  # whether the model went into service
    model: ModelFiles = ModelFiles()
    predictions: Predictions = Predictions()
    dashboard: str | None = None  # the run's page
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def waived_as(self) -> str:
        """The digest that a waiver is for: of what its model serves with."""
        return self.model.served_digest or self.model.digest or ""

    @property
    def exit_status(self) -> int:
        """What a program exits with that tells how the run ended."""
        return EXIT_STATUS[self.status]

    @property
    def is_blessed(self) -> bool:
        """Whether the run's model is blessed, be the run incomplete or not."""
        return self.status in {BLESSED, INCOMPLETE}

    @property
    def refused(self) -> tuple[Gate, ...]:
        """The gates that did not pass, also those that were waived."""
        return tuple(gate for gate in self.gates if not gate.passed)

    @property
    def waivers(self) -> str:
        """Waivers that the blessing rests on: `2 gates waived by A.`; else empty."""
        waived = [gate for gate in self.gates if gate.waived]
        if not waived or not self.is_blessed:
            return ""
        by = dict.fromkeys(gate.waived_by for gate in waived if gate.waived_by)
        many = f"{len(waived)} gate{'s' if len(waived) > 1 else ''} waived"
        return f"{many} by {' and '.join(by)}" if by else many

    @property
    def outcome(self) -> str:
        """How the run ended: `blessed, 2 gates waived by A. Reviewer`."""
        status = self.status.replace("_", " ")
        said = f"blessed, {status}" if self.status == INCOMPLETE else status
        return ", ".join(filter(None, [said, self.waivers]))

    @property
    def heading(self) -> str:
        """Use case and span, or the run's id where it has no span."""
        return f"{self.use_case} {self.span or self.run_id}"


def of_run(
    run_id: str, use_case: str, places: Places, nodes: Mapping[str, NodeResult]
) -> Summary:
    """Return the summary of a run that came to its end."""
    outputs = {key: f for node in nodes.values() for key, f in node.outputs.items()}
    listed = Manifest.read(outputs["examples"])
    cohort = Cohort.read(outputs["cohort"])
    decision = Decision.read(outputs["blessing"])
    scored = Ledger.read(outputs["inference_result"])
    figures = table.read(outputs["evaluation"])
    chosen = BenefitReport.read(outputs["benefit"])
    benefit = chosen.as_judged(decision.not_as_chosen)
    audit = ContributionReport.read(outputs["contribution"])
    untrained = RunRecord.read(outputs["model_run"]).untrained(cohort.admitted)
    found = (figures.metric("auc"), figures.metric("auc", split=manifest.NEXT))
    digest = model.read_card(outputs["model"]).digest
    status, reasons = _status(cohort, decision, scored, untrained)
    spent = PrivacyReport.of_run(outputs["model_run"])
    held_back = pushed_model.why_held_back(outputs["pushed_model"])
    silos = _silos(listed, cohort, decision, figures, benefit, nodes)
    judged = {one.silo: one.auc for one in silos if one.judged and one.auc is not None}
    worst = min(judged, key=lambda silo: judged[silo], default=None)
    return Summary(
        run_id=run_id,
        use_case=use_case,
        span=listed.span,
        status=status,
        reasons=(*reasons, *filter(None, [held_back])),
        metrics=Metrics(*(figure.value if figure else None for figure in found)),
        gates=tuple(map(_gate, decision.gates)),
        baseline=Baseline(decision.baseline.span, decision.baseline.digest)
        if decision.baseline
        else None,
        worst_silo=WorstSilo(worst, judged[worst]) if worst else None,
        gap=max(judged.values()) - judged[worst] if worst else None,
        benefit=gains.of([it for it in benefit.silos if it.silo in judged])
        if benefit.silos
        else None,
        silos=silos,
        unused_columns=UnusedColumns.read(outputs["feature_spec"]).columns,
        silos_not_scored=scored.silos_not_scored,
        untrained=untrained,
        missing_columns=scored.missing_columns,
        evaluation=str(outputs["evaluation"]),
        blessing=str(outputs["blessing"]),
        audit=str(outputs["contribution"]),
        verdicts=audit.counts,
        privacy=spent if spent.mode != "none" else None,
        pushed=pushed_model.is_pushed(outputs["pushed_model"]),
        model=ModelFiles(
            str(model.serving_path(outputs["model"])),
            str(outputs["model"] / model.TFLITE),
            digest,
            chosen.served_digest,
        )
        if digest
        else ModelFiles(),
        predictions=Predictions(
            (scored.place or str(places.homes)) if scored.rows else None,
            scored.rows,
            scored.dead_letters,
        ),
        dashboard=str(outputs["dashboard"] / "index.html"),
        seconds=_seconds(nodes),
    )


def of_start(run_id: str, use_case: str, span: str) -> Summary:
    """Return the summary of a run that has begun; the span `latest` is not known."""
    return Summary(run_id, use_case, "" if span == LATEST else span, RUNNING)


def of_failure(
    started: Summary, error: BaseException, nodes: Mapping[str, NodeResult]
) -> Summary:
    """Return the summary of a run that a fault or Ctrl-C ended."""
    stopped = not isinstance(error, Exception)
    text = "stopped by Ctrl-C; the next run goes on from there"
    if isinstance(error, Exception):
        # In a line, since reasons have no hints of their own.
        text = " ".join(str(faults.in_words(error)).split())
    return dataclasses.replace(
        started,
        span=_span(nodes) or started.span,
        status=STOPPED if stopped else FAILED,
        reasons=(text,),
        seconds=_seconds(nodes),
    )


def write(summary: Summary, places: Places) -> pathlib.Path:
    """Write a summary whole into its run's folder and return the file."""
    path: pathlib.Path = places.runs / summary.run_id / Summary.FILE_NAME
    with atomic.written(path) as unfinished:
        unfinished.write_text(summary.to_json() + "\n", encoding="utf-8")
    return path


def _status(
    cohort: Cohort, decision: Decision, scored: Ledger, untrained: tuple[Dropped, ...]
) -> tuple[str, list[str]]:
    status = BLESSED if decision.blessed else NOT_BLESSED
    reasons = list(decision.reasons)
    if cohort.refusal:
        status, reasons = BELOW_QUORUM, [cohort.refusal]
    missed = [f"not scored: {one.reason}" for one in scored.silos_not_scored]
    missed += [f"not trained: {one.reason}" for one in untrained]
    nothing = {ledger.SKIPPED: "scored", ledger.FAILED: "published"}
    if status == BLESSED and scored.status in nothing:
        missed.append(f"nothing was {nothing[scored.status]}: {scored.reason}")
    if status == BLESSED and missed:
        status = INCOMPLETE
    return status, reasons + missed


def _gate(found: GateResult) -> Gate:
    by = found.waiver.by if found.waiver and found.waived else None
    return Gate(found.gate, found.passed, found.waived, by)


def _silos(
    listed: Manifest,
    cohort: Cohort,
    decision: Decision,
    figures: table.Table,
    benefit: BenefitReport,
    nodes: Mapping[str, NodeResult],
) -> tuple[Silo, ...]:
    folders = {folder for node in nodes.values() for folder in node.outputs.values()}
    left = egress.total(sorted(folders))
    rows = {entry.silo.id: entry for entry in listed}
    aucs = {figure.silo: figure for figure in figures.by_silo("auc")}
    not_judged = {item.silo for item in decision.not_judged}
    none = Figure("", "", "", "", "", "auc")
    own = {one.silo: one for one in benefit.silos}
    return tuple(
        Silo(
            silo=member.silo,
            rows_train=rows[member.silo].rows(manifest.TRAIN),
            rows_eval=rows[member.silo].rows(manifest.EVAL),
            admitted=member.admitted,
            reasons=member.reasons,
            notes=member.notes,
            judged=auc.value is not None and member.silo not in not_judged,
            auc=auc.value,
            auc_low=auc.low,
            auc_high=auc.high,
            served=one.served,
            gain=one.gain,
            left=left.get(member.silo, ()),
        )
        for member in cohort.members
        for auc in [aucs.get(member.silo, none)]
        for one in [own.get(member.silo, SiloBenefit(member.silo))]
    )


def _span(nodes: Mapping[str, NodeResult]) -> str:
    node = nodes.get("SiloExampleGen")
    folder = node.outputs.get("examples") if node else None
    return Manifest.read(folder).span if folder else ""


def _seconds(nodes: Mapping[str, NodeResult]) -> dict[str, float]:
    return {name: round(node.seconds, 2) for name, node in nodes.items()}
