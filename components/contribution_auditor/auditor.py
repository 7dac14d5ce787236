"""The node's work without artifacts: the signals of each silo, and the rule.

Refusals are data: where there is no model, or the settings want no audit, the report
says so and nothing is raised. A signal that can't be had is named with why, and none is
made up.
"""

from __future__ import annotations

import dataclasses
import logging
import pathlib
from collections.abc import Mapping, Sequence

from components.contribution_auditor import earlier, effects, rule, thresholds
from components.contribution_auditor.effects import Effects
from components.contribution_auditor.settings import AuditSettings
from components.contribution_auditor.signals import echo, meaning, substance
from components.contribution_auditor.signals.found import Found
from components.features.spec import FeatureSpec
from components.federation.plan import TrainingPlan
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Cohort
from components.payloads.contribution import (
    ECHO,
    GAIN,
    HELP,
    MEANING,
    ContributionReport,
    SiloContribution,
)
from components.payloads.egress import EgressItem
from components.payloads.manifest import TRAIN, Manifest
from components.payloads.model_run import RunRecord

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Request:
    """What the node is asked to do, from its parameters and inputs."""

    settings: AuditSettings
    plan: TrainingPlan  # of the federation's training
    label: str  # its column
    split_by: tuple[str, ...]  # columns of which rows with the same values are alike
    min_rows: int  # with fewer evaluation rows nothing leaves a silo
    module_file: str  # the use case's `model.py`, which may import what lies below
    appeals: Mapping[str, str]  # who contests a sign or advice, and why, by silo
    earlier: Mapping[str, Sequence[earlier.Found]]  # audits with signs by silo
    manifest: Manifest
    cohort: Cohort
    spec: FeatureSpec
    model_run: pathlib.Path  # folder of how it was trained
    benefit: BenefitReport


def run(request: Request) -> tuple[ContributionReport, dict[str, list[EgressItem]]]:
    """Audit a training, and return what left each silo."""
    record = RunRecord.read(request.model_run)
    refusal = record.refusal and f"no model was trained: {record.refusal}"
    if request.settings.every == "never":
        refusal = "the settings want none (audit.every is never)"
    if refusal:
        logger.warning("no audit: %s", refusal)
        return ContributionReport(refusal=refusal), {}
    unavailable = {}
    untold = echo.untold_by(request.plan.algorithm.name, request.plan.aggregation.name)
    if why := _partly(record, untold):
        unavailable[ECHO] = why
    if why := request.benefit.refusal:
        unavailable |= dict.fromkeys((MEANING, GAIN), why)
    found, left, why = effects.measure(request, record)
    if why:
        unavailable[HELP] = why
    signals = (
        substance.find(request.cohort),
        meaning.find({one.silo: one for one in request.benefit.silos}),
        echo.find(record.rounds, untold, _overlapping(request.cohort)),
    )
    trained = sorted({one.silo for each in record.rounds for one in each.silos})
    silos = [
        _silo(request, silo, [each.get(silo, Found()) for each in signals], found)
        for silo in trained
    ]
    return (
        ContributionReport(
            tuple(rule.decide(one, found.is_better) for one in silos),
            record.audited,
            found.method,
            unavailable,
        ),
        left,
    )


def _partly(record: RunRecord, untold: Mapping[str, str]) -> str:
    """Return why echo is not known in full; empty where it is."""
    if len(record.rounds) <= thresholds.ROUNDS:
        return (
            f"{len(record.rounds)} rounds, more than {thresholds.ROUNDS} are needed to "
            "repeat anything"
        )
    parts = [f"the sign `{kind}` can't be told: {why}" for kind, why in untold.items()]
    silos = min(len(one.silos) for one in record.rounds)
    if silos <= thresholds.COHORT:
        parts.append(
            f"the sign `{echo.COPY}` can't be told among {silos} silos, more than "
            f"{thresholds.COHORT} are needed"
        )
    return "; ".join(parts)


def _overlapping(cohort: Cohort) -> list[str]:
    return [
        one.silo
        for one in cohort.members
        if max(one.shared_rows.values(), default=0.0) >= thresholds.OVERLAPPING
    ]


def _silo(
    request: Request, silo: str, signals: Sequence[Found], found: Effects
) -> SiloContribution:
    together = sum(signals, Found())
    rows = request.manifest[silo].rows(TRAIN)
    benefit = request.benefit.get(silo)
    return SiloContribution(
        silo,
        rows=rows,
        signs=together.signs,
        notes=together.notes,
        earlier=tuple(
            where
            for where, kinds in request.earlier.get(silo, ())
            if any(sign.kind in kinds for sign in together.signs)
        ),
        appeal=request.appeals.get(silo, ""),
        measures=together.measures,
        contribution=found.contributions.get(silo),
        per_thousand=found.per_thousand(silo, rows),
        ranks=found.ranks.get(silo),
        gain=benefit.gain if benefit else None,
        shares=found.shares.get(silo, {}),
        helps=found.helps.get(silo, {}),
    )
