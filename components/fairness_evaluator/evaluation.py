"""The evaluation: sketches from all silos, TFMA on them, figures, a decision."""

from __future__ import annotations

import dataclasses
import itertools
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from components.beam import IN_MEMORY
from components.fairness_evaluator import decision
from components.fairness_evaluator.figures import tidy
from components.fairness_evaluator.figures.tidy import Known
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import populations
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.sketches import collect, totals
from components.fairness_evaluator.sketches.cells import Cell
from components.fairness_evaluator.sketches.collect import Collected, Key
from components.fairness_evaluator.sketches.models import ScoredModel
from components.payloads import findings, manifest, table
from components.payloads.cohort import Cohort
from components.payloads.decision import Baseline, Decision, Waiver
from components.payloads.egress import EgressItem
from components.payloads.manifest import Manifest
from components.payloads.minimum_data import MinimumData
from components.payloads.table import Figure, Table

BASELINE_FOLDER = "baseline"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an evaluation gives.

    Attributes:
        figures: The tidy table.
        decision: The decision.
        egress: What left each silo.
    """

    figures: Table
    decision: Decision
    egress: dict[str, list[EgressItem]]


@dataclasses.dataclass(frozen=True)
class Measured:
    """What is known before anything is decided.

    Attributes:
        figures: The tidy table.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        egress: What left each silo.
    """

    figures: Table
    left_out: dict[str, str]
    egress: dict[str, list[EgressItem]]


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
) -> Outcome:
    """Evaluate a model on all silos that can be read, and decide.

    Args:
        examples: The silos' splits; `eval`, and `next` where it is known.
        cohort: Who trains; the others are shown, not judged, and count in no figure
            over all silos.
        candidate: The model.
        baseline: The earlier blessed model; None when there is none.
        label: The label's column.
        settings: What is measured.
        gate_settings: What is demanded.
        waivers: Which refusals do not count.
        folder: Where TFMA's results go, the baseline's in a folder below.
        beam_args: Beam's own flags.
        baseline_gone: The earlier blessed model, where its folder is gone.
    """
    models = [candidate]
    if baseline:
        models.append(ScoredModel(table.BASELINE, baseline.uri, baseline.digest))
    measured = measure(
        examples,
        cohort,
        models,
        label,
        settings,
        gate_settings.minimum_data,
        folder,
        beam_args,
    )
    decided = decision.decide(
        measured.figures,
        examples.silos,
        measured.left_out,
        gate_settings,
        baseline,
        waivers,
        baseline_gone,
    )
    return Outcome(measured.figures, decided, measured.egress)


def measure(
    examples: Manifest,
    cohort: Cohort,
    models: Sequence[ScoredModel],
    label: str,
    settings: EvaluationSettings,
    minimum_data: MinimumData,
    folder: str | pathlib.Path,
    beam_args: Sequence[str] = IN_MEMORY,
) -> Measured:
    """Measure one model, or two on the same rows, without deciding anything.

    Args:
        examples: See `evaluate`.
        cohort: See `evaluate`.
        models: The candidate, then the baseline where there is one.
        label: The label's column.
        settings: What is measured.
        minimum_data: From when on a silo counts in the figures over silos.
        folder: Where TFMA's results go, the baseline's in a folder below.
        beam_args: Beam's own flags.
    """
    excluded = _quarantined(cohort)
    now, following = (
        collect.collect(examples, split, models, label, settings, excluded)
        for split in (manifest.EVAL, manifest.NEXT)
    )
    left_out = excluded | _unreadable(examples) | now.failures
    cells = {
        model: found
        | {
            key._replace(of=manifest.NEXT): cell
            for key, cell in following.cells[model].items()
            if key.of != totals.COMPARED
        }
        for model, found in now.cells.items()
    }
    known = {
        model: _tfma(found, settings, pathlib.Path(folder, _below(model)), beam_args)
        for model, found in cells.items()
    }
    collected = dataclasses.replace(now, cells=cells)
    figures = figures_of(
        collected, known, examples.silos, left_out, settings, minimum_data
    )
    return Measured(figures, left_out, _account(now, following))


def refused(reason: str) -> Outcome:
    """Return the outcome where there is no model to evaluate."""
    return Outcome(Table(), decision.refused(reason), {})


def figures_of(
    found: Collected,
    known: Mapping[str, Known],
    silos: Iterable[str],
    left_out: Mapping[str, str],
    settings: EvaluationSettings,
    minimum_data: MinimumData,
) -> Table:
    """Return the tidy table of what silos told and TFMA computed.

    Args:
        found: The slices of both splits.
        known: TFMA's figures by model.
        silos: Ids of all silos.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        settings: What is measured.
        minimum_data: From when on a silo counts in the figures over silos.
    """
    figures: list[Figure] = []
    for model, cells in found.cells.items():
        figures += tidy.of_slices(model, cells, known[model])
        figures += tidy.over_groups(model, known[model], settings)
        figures += tidy.of_own_thresholds(model, cells, known[model], settings)
    rows = table.of(figure for figure in figures if figure.metric == "rows")
    excluded = populations.not_judged(rows, silos, left_out, minimum_data)
    for model, measures in known.items():
        names = {silo.silo for silo in excluded}
        figures += tidy.over_silos(model, measures, names, settings)
    if found.pairs:
        models = (known[table.CANDIDATE], known[table.BASELINE])
        figures += tidy.of_change(*models, found.cells, found.pairs, settings)
    return table.of(figures)


def _tfma(
    cells: Mapping[Key, Cell],
    settings: EvaluationSettings,
    folder: pathlib.Path,
    beam_args: Sequence[str],
) -> Known:
    from components.fairness_evaluator.figures import tfma_eval  # seconds to import

    return tfma_eval.evaluate(cells, settings, folder, beam_args)


def _below(model: str) -> str:
    return BASELINE_FOLDER if model == table.BASELINE else ""


def _account(*splits: Collected) -> dict[str, list[EgressItem]]:
    silos = sorted(set(itertools.chain(*(split.egress for split in splits))))
    return {
        silo: [split.egress[silo] for split in splits if silo in split.egress]
        for silo in silos
    }


def _quarantined(cohort: Cohort) -> dict[str, str]:
    return {
        member.silo: f"quarantined: {'; '.join(findings.sentences(member.reasons))}"
        for member in cohort.members
        if not member.admitted
    }


def _unreadable(examples: Manifest) -> dict[str, str]:
    return {entry.silo.id: entry.error.sentence for entry in examples if entry.error}
