"""The evaluation: sketches from all silos, TFMA on them, figures, a decision."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from components import temporary_faults
from components.beam import IN_MEMORY
from components.fairness_evaluator import decision, served_models
from components.fairness_evaluator.figures import tidy
from components.fairness_evaluator.figures.tidy import Known
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import populations
from components.fairness_evaluator.served_models import Gains
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import collect
from components.fairness_evaluator.sketches.rows import ScoredModel
from components.fairness_evaluator.sketches.totals import COMPARED
from components.payloads import findings, manifest, table
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Cohort
from components.payloads.decision import Baseline, Decision, Waiver
from components.payloads.egress import EgressItem
from components.payloads.manifest import Manifest
from components.payloads.minimum_data import MinimumData
from components.payloads.table import Figure, Table

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is known before anything is decided."""

    figures: Table
    left_out: dict[str, str]  # why a silo is quarantined or could not be evaluated
    egress: dict[str, list[EgressItem]]  # what left each silo


def evaluate(
    examples: Manifest,
    cohort: Cohort,
    candidate: ScoredModel,
    baseline: Baseline | None,
    label: str,
    settings: EvaluationSettings,
    gate_settings: GateSettings,
    waivers: Iterable[Waiver],
    folder: str | pathlib.Path,
    beam_args: Sequence[str] = IN_MEMORY,
    baseline_gone: Baseline | None = None,
    benefit: BenefitReport | None = None,
    baseline_benefit: BenefitReport | None = None,
    baseline_lost: tuple[str, ...] = (),
) -> tuple[Measured, Decision]:
    """Evaluate a model as it serves on all silos that can be read, and decide.

    Where a silo is served by weights of its own, the base model is evaluated beside.

    Arguments as those of `measure` and `decision.decide`; `baseline_gone` is the
    baseline, where its folder is gone, `benefit` and `baseline_benefit` say what
    serves each silo of the candidate and of the baseline, `baseline_lost` why the
    latter is not known.
    """
    served, not_as_chosen = served_models.as_served(candidate, examples, benefit)
    for sentence in not_as_chosen.values():
        temporary_faults.note(sentence)  # they may be there again in the next run
    models = [served]
    if baseline:
        before = ScoredModel(table.BASELINE, baseline.uri, baseline.digest)
        before, lost = served_models.as_served(before, examples, baseline_benefit)
        models.append(before)
        baseline_lost += tuple(lost.values())
    weaker = tuple(f"the baseline, {sentence}" for sentence in baseline_lost)
    if served.own:
        models.append(dataclasses.replace(candidate, name=table.BASE))
    for sentence in (*not_as_chosen.values(), *weaker):
        logger.warning("span=%s %s", examples.span, sentence)
    measured = measure(
        examples,
        cohort,
        models,
        label,
        settings,
        gate_settings.minimum_data,
        folder,
        beam_args,
        served_models.gains(served, benefit),
    )
    decided = decision.decide(
        measured.figures,
        examples.silos,
        measured.left_out,
        gate_settings,
        baseline,
        () if not_as_chosen else waivers,  # they were given for what was chosen
        baseline_gone,
    )
    return measured, dataclasses.replace(
        decided, not_as_chosen=not_as_chosen, baseline_not_as_served=weaker
    )


def refused(reason: str) -> tuple[Measured, Decision]:
    """Return the outcome where there is no model to evaluate."""
    return Measured(Table(), {}, {}), decision.refused(reason)


def measure(
    examples: Manifest,
    cohort: Cohort,
    models: Sequence[ScoredModel],
    label: str,
    settings: EvaluationSettings,
    minimum_data: MinimumData,
    folder: str | pathlib.Path,
    beam_args: Sequence[str] = IN_MEMORY,
    gains: Gains = MappingProxyType({}),
) -> Measured:
    """Measure one model, or several on the same rows, without deciding anything.

    Args:
        examples: The silos' splits; `eval`, and `next` where it is known.
        cohort: Who trains; the others are shown, not judged, and count in no figure
            over all silos.
        models: The candidate, then those that are measured beside it.
        label: The label's column.
        settings: What is measured.
        minimum_data: Data a silo needs to count in the figures over silos.
        folder: Where TFMA's results go, those of other models in folders below.
        beam_args: Beam's own flags.
        gains: What silos gain by a model over one of their own rows alone.
    """
    from components.fairness_evaluator.figures import tfma_eval  # seconds to import

    quarantined = {
        member.silo: f"quarantined: {'; '.join(findings.sentences(member.reasons))}"
        for member in cohort.members
        if not member.admitted
    }
    unreadable = {e.silo.id: e.error.sentence for e in examples if e.error}
    now, following = (
        collect.collect(examples, split, models, label, settings, quarantined)
        for split in (manifest.EVAL, manifest.NEXT)
    )
    left_out = quarantined | unreadable | now.failures
    known = {}
    for model, cells in now.cells.items():
        after = {
            key._replace(rows_of=manifest.NEXT): cell
            for key, cell in following.cells[model].items()
            if not key.rows_of.startswith(COMPARED)
        }
        below = "" if model == models[0].name else model
        known[model] = tfma_eval.evaluate(
            cells | after, settings, pathlib.Path(folder, below), beam_args
        )
    figures = figures_of(known, examples.silos, left_out, settings, minimum_data, gains)
    egress: dict[str, list[EgressItem]] = {}
    for collected in (now, following):
        for silo, item in collected.egress.items():
            egress.setdefault(silo, []).append(item)
    return Measured(figures, left_out, egress)


def figures_of(
    known: Mapping[str, Known],
    silos: Iterable[str],
    left_out: Mapping[str, str],
    settings: EvaluationSettings,
    minimum_data: MinimumData,
    gains: Gains,
) -> Table:
    """Return the tidy table of what silos disclosed and TFMA computed, by model."""
    figures: list[Figure] = []
    for model, measures in known.items():
        figures += tidy.of_slices(model, measures, settings)
        figures += tidy.over_groups(model, measures, settings)
        figures += tidy.of_own_thresholds(model, measures, settings)
    rows = table.make_table(figure for figure in figures if figure.metric == "rows")
    not_judged = {
        silo.silo
        for silo in populations.not_judged(rows, silos, left_out, minimum_data)
    }
    for model, measures in known.items():
        figures += tidy.over_silos(model, measures, not_judged, settings)
    for model, of_model in gains.items():
        of_candidate = known[table.CANDIDATE]
        figures += tidy.of_gains(model, of_candidate, of_model, not_judged)
    if table.BASELINE in known:
        models = known[table.CANDIDATE], known[table.BASELINE]
        figures += tidy.of_change(*models, settings)
    return table.make_table(figures)
