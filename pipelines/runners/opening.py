"""The first step of a run on a cluster: settings checked, chain compiled.

A run's settings are read once, here: the image's file, the config map, then the
form. What comes of it lies in the run's folder, so a change of the config map can't
mix two settings in one run, and a wrong parameter ends the run in seconds.
"""

from __future__ import annotations

import logging
import pathlib
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.errors import SettingsError
from pipelines import use_case
from pipelines.runners import parameters
from pipelines.runners.job import Job

if TYPE_CHECKING:
    from pipelines.use_case import UseCase

logger = logging.getLogger(__name__)


def settings_of(job: Job, values: Mapping[str, str], folder: pathlib.Path) -> UseCase:
    """Return the use case with this run's settings.

    Args:
        job: The run.
        values: The run's parameters as text.
        folder: Where the config map is mounted; may not be there.

    Raises:
        SettingsError: A parameter or setting can't be used; all faults are named.
    """
    patch = folder / f"{job.use_case}.yaml"
    known = parameters.of(use_case.find(job.use_case, (), patch, job.root).settings)
    parameters.check(known, values)
    changes = parameters.overrides(known, values)
    for toggle in (parameters.FORCE, parameters.FAIL_IF_NOT_BLESSED):
        parameters.flag(toggle, values[toggle])
    if not values[parameters.SPAN].strip():
        raise SettingsError(
            "parameter `span` is empty: expected a span such as 2013-11, or latest",
            "start the run again with the right value",
        )
    return use_case.find(job.use_case, changes, patch, job.root)


def compile_run(job: Job, chosen: UseCase, values: Mapping[str, str]) -> None:
    """Make the data where that is to be made, and write the run's chain.

    Args:
        job: The run.
        chosen: The use case with the run's settings.
        values: The run's parameters as text.

    Raises:
        SettingsError: There are too few silos for the settings.
    """
    from google.protobuf import json_format
    from tfx.dsl.compiler import compiler, constants
    from tfx.orchestration.portable import runtime_parameter_utils

    from pipelines import pipeline

    if chosen.prepare():
        logger.warning("data made in %s", chosen.data)
    chosen.check_quorum()
    pipeline.stage_schema(chosen, job.places)
    force = parameters.flag(parameters.FORCE, values[parameters.FORCE])
    chain = pipeline.build(chosen, job.places, values[parameters.SPAN].strip(), force)
    ir = compiler.Compiler().compile(chain)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: job.run_id}
    )
    job.places.pipeline_root.mkdir(parents=True, exist_ok=True)
    job.folder.mkdir(parents=True, exist_ok=True)
    unfinished = job.ir_file.with_name(f".{uuid.uuid4().hex}")
    unfinished.write_text(json_format.MessageToJson(ir), encoding="utf-8")
    unfinished.replace(job.ir_file)
