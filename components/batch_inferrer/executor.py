"""Runs BatchInferrer on artifacts."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import time
from typing import Any

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.batch_inferrer import gate
from components.batch_inferrer.pods import PodTemplate
from components.batch_inferrer.settings import InferenceSettings
from components.payloads import egress, ledger
from components.payloads.egress import EgressItem
from components.payloads.ledger import Ledger
from components.payloads.manifest import Manifest

Artifacts = dict[str, list[types.Artifact]]


class Executor(base_executor.BaseExecutor):
    """Reads manifest, model, blessing and benefit; writes ledger and egress."""

    def Do(
        self,
        input_dict: Artifacts,
        output_dict: Artifacts,
        exec_properties: dict[str, Any],
    ) -> None:
        """Score, unless there is no model that may; see the base class."""
        result = artifact_utils.get_single_instance(output_dict["inference_result"])
        settings = InferenceSettings.model_validate_json(exec_properties["settings"])
        given = input_dict.get("model")
        blessings = input_dict.get("blessing") or []
        choice = gate.choose(
            given=artifact_utils.get_single_uri(given) if given else "",
            is_blessed=any(
                item.get_int_custom_property("blessed") == 1 for item in blessings
            ),
            found=exec_properties.get("model_uri") or "",
            force=settings.force or exec_properties.get("force") == "true",
        )
        if choice.refusal:
            account = Ledger(ledger.SKIPPED, choice.refusal, choice.digest)
        else:
            from components.batch_inferrer.infer import infer
            from components.batch_inferrer.scoring import Job

            benefit = input_dict.get("benefit")
            found = exec_properties.get("benefit_uri") or ""
            job = Job(
                model=choice.folder,
                model_digest=choice.digest,
                key=tuple(json.loads(exec_properties["key"])),
                batch_rows=settings.batch_rows,
                code=exec_properties["code"],
                benefit=artifact_utils.get_single_uri(benefit) if benefit else found,
                scored_at=time.time(),
                again=exec_properties["again"],
            )
            examples = artifact_utils.get_single_uri(input_dict["examples"])
            pods = PodTemplate(**json.loads(exec_properties["pods"]))
            # TFX gives a step that is tried again the same execution, and so folder.
            number = pathlib.Path(result.uri).name
            folder = pathlib.Path(exec_properties["work"], number)
            account = infer(Manifest.read(examples), job, settings, folder, pods)
        account.write(result.uri)
        egress.write(result.uri, _egress_of(account))
        for key in ("use_case", "span"):
            result.set_string_custom_property(key, exec_properties[key])


def _egress_of(account: Ledger) -> dict[str, list[EgressItem]]:
    left: dict[str, list[EgressItem]] = {}
    for line in account.silos:
        body = [dataclasses.asdict(line), account.missing_columns.get(line.silo, [])]
        size = len(json.dumps(body, ensure_ascii=False).encode())
        left.setdefault(line.silo, []).append(EgressItem("counts and digests", 1, size))
    for failure in account.failures:
        if failure.item:  # the others left with the manifest
            size = len(failure.reason.encode())
            left.setdefault(failure.silo, []).append(egress.of_failure(size))
    return left
