"""Reads the artifacts, evaluates, writes the verdict. It never raises a refusal."""

from __future__ import annotations

import json
import logging
import pathlib
from typing import Any

from tfx.types import Artifact, artifact_utils

from components import blessed_models
from components.errors import FairSiloError
from components.executors import TaskExecutor
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.settings import EvaluationSettings
from components.payloads import egress, table
from components.payloads.benefit import BenefitReport
from components.payloads.cohort import Cohort
from components.payloads.decision import Baseline, Waiver
from components.payloads.manifest import Manifest
from components.scoring import model

logger = logging.getLogger(__name__)

BLESSED = "BLESSED"  # TFX's own file names and properties; see
NOT_BLESSED = "NOT_BLESSED"  # tfx/components/evaluator/constants.py


class Executor(TaskExecutor):
    """Runs the evaluation."""

    def run(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """See base class."""
        from components.fairness_evaluator import evaluation  # loads engines
        from components.fairness_evaluator.sketches.rows import ScoredModel

        trained = artifact_utils.get_single_instance(input_dict["model"])
        report = artifact_utils.get_single_instance(output_dict["evaluation"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        benefit = artifact_utils.get_single_uri(input_dict["benefit"])
        chosen = BenefitReport.read(benefit)
        card = model.read_card(trained.uri)
        examples = Manifest.read(artifact_utils.get_single_uri(input_dict["examples"]))
        before, lost = _benefit(exec_properties.get("baseline_benefit", ""))
        if card.refusal:
            found, decided = evaluation.refused(card.refusal)
        else:
            found, decided = evaluation.evaluate(
                examples,
                Cohort.read(artifact_utils.get_single_uri(input_dict["cohort"])),
                ScoredModel(table.CANDIDATE, trained.uri, card.digest),
                _baseline(exec_properties, "baseline_uri"),
                exec_properties["label"],
                EvaluationSettings.model_validate_json(exec_properties["settings"]),
                GateSettings.model_validate_json(exec_properties["gates"]),
                [Waiver(**item) for item in json.loads(exec_properties["waivers"])],
                report.uri,
                json.loads(exec_properties["beam"]),
                baseline_gone=_baseline(exec_properties, "baseline_gone"),
                benefit=chosen,
                baseline_benefit=before,
                baseline_lost=lost,
            )
        for folder in (report.uri, blessing.uri):
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        found.figures.write(report.uri)
        egress.write(report.uri, found.egress)
        decided.write(blessing.uri)
        _bless(blessing, trained, decided.blessed)
        for name, value in {
            blessed_models.USE_CASE: exec_properties["use_case"],
            blessed_models.SPAN: examples.span,  # `latest` has become a span there
            blessed_models.MODEL_URI: trained.uri,
            blessed_models.MODEL_DIGEST: card.digest,
            blessed_models.SERVED_DIGEST: chosen.served_digest,
            blessed_models.BENEFIT_URI: benefit,
        }.items():
            blessing.set_string_custom_property(name, value)
        if gone := decided.baseline_gone:
            logger.warning(
                "span=%s nothing is compared: the folder of the baseline, "
                "span=%s digest=%s, is gone: %s",
                *(examples.span, gone.span, gone.digest, gone.uri),
            )
        for sentence in decided.reasons:
            logger.warning("span=%s %s", examples.span, sentence)


def _baseline(exec_properties: dict[str, Any], place: str) -> Baseline | None:
    """Return the model that the driver found, or whose folder it did not find."""
    if not exec_properties.get(place):
        return None
    return Baseline(
        exec_properties["baseline_span"],
        exec_properties["baseline_digest"],
        exec_properties[place],
    )


def _benefit(folder: str) -> tuple[BenefitReport | None, tuple[str, ...]]:
    """Return what served each silo beside the baseline, and why that is not known."""
    try:
        return (BenefitReport.read(folder) if folder else None), ()
    except FairSiloError as error:
        return None, (f"{error.message}; each silo is compared with its base model",)


def _bless(blessing: Artifact, trained: Artifact, blessed: bool) -> None:
    """Write the verdict as TFX's Pusher and resolvers read it."""
    name = BLESSED if blessed else NOT_BLESSED
    pathlib.Path(blessing.uri, name).write_text("", encoding="utf-8")
    blessing.set_int_custom_property(blessed_models.BLESSED, int(blessed))
    blessing.set_int_custom_property("current_model_id", trained.id)
    blessing.set_string_custom_property("current_model", trained.uri)
