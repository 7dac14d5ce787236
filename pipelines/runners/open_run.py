"""How a run on a cluster begins: settings checked, chain compiled.

A run's settings are read once, here: the image's file, the config map, then the
form; likewise people's quarantines and waivers. What comes of it lies in the run's
folder, so a change of the config map can't mix two settings in one run, and a wrong
parameter ends the run in its first step.
"""

from __future__ import annotations

import logging
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from components.errors import FairSiloError
from pipelines.runners import parameters, steps
from pipelines.runners.job import Job
from pipelines.settings import UseCaseSettings

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

    from pipelines.operator_snapshot import OperatorSnapshot
    from pipelines.use_case import UseCase

logger = logging.getLogger(__name__)


def settings_of(job: Job, fields: Mapping[str, str], folder: pathlib.Path) -> UseCase:
    """Return the use case with this run's settings: image, config map, form.

    Args:
        job: The run.
        fields: The run's parameters as text.
        folder: Where the config map is mounted; may not be there.

    Raises:
        SettingsError: A parameter or setting can't be used; all faults are named.
    """
    patch = config_map_file(job, folder)
    return parameters.with_form(job.use_case, fields, patch, job.root)


def config_map_file(job: Job, folder: pathlib.Path) -> pathlib.Path:
    """Return the use case's file of the config map; it may not be there."""
    return folder / f"{job.use_case}.yaml"


def read_settings(job: Job) -> UseCaseSettings:
    """Return the run's settings, as its first step read them.

    Raises:
        FairSiloError: They are not there.
    """
    text = job.read(job.settings_file, "settings")
    return UseCaseSettings.model_validate_json(text)


def compile_run(
    job: Job,
    chosen: UseCase,
    fields: Mapping[str, str],
    decided: OperatorSnapshot,
) -> bool:
    """Make the data where that is to be made, and write the run's chain.

    Args:
        job: The run.
        chosen: The use case with the run's settings.
        fields: The run's parameters as text.
        decided: Quarantines and waivers when the run began.

    Returns:
        Whether data was made, which a mistyped `silos.root` leads to as well.

    Raises:
        SettingsError: There are too few silos for the settings.
    """
    from google.protobuf import json_format
    from tfx.dsl.compiler import compiler, constants
    from tfx.orchestration.portable import runtime_parameter_utils

    from pipelines import pipeline

    made = chosen.prepare()
    if made:
        logger.warning("data made in %s", chosen.data)
    chosen.check_quorum()
    pipeline.stage_schema(chosen, job.places)
    force = parameters.flag(parameters.FORCE, fields[parameters.FORCE])
    span = fields[parameters.SPAN].strip()
    chain = pipeline.build(chosen, job.places, span, decided, force)
    check_nodes(chain)
    ir = compiler.Compiler().compile(chain)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: job.run_id}
    )
    job.places.pipeline_root.mkdir(parents=True, exist_ok=True)
    job.write(job.settings_file, chosen.settings.model_dump_json(indent=1))
    job.write(job.ir_file, json_format.MessageToJson(ir))  # last: the run is open
    return made


def check_nodes(chain: Pipeline) -> None:
    """Check that the steps run all nodes of a chain, each after those that it reads.

    Raises:
        FairSiloError: They do not.
    """
    in_steps = [node for step in steps.CHAIN for node in step.nodes]
    found = {
        node.id: {one.id for one in node.upstream_nodes} for node in chain.components
    }
    done: set[str] = set()
    for node in in_steps:
        if node not in found or found[node] - done:
            break
        done.add(node)
    if not done == found.keys() == set(in_steps):
        raise FairSiloError(
            f"found the nodes {', '.join(found)} in the chain, expected those of the "
            f"steps, each after those that it reads: {', '.join(in_steps)}",
            "name each node in its step in pipelines/runners/steps.py",
        )
