"""What a container of the pipeline runs: one step of one run.

`python -m pipelines.runners.step STEP ...`, where STEP is one of `steps.py`. It needs
its environment, the shared root and the store. TFX is imported inside functions: each
step starts in seconds.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import pathlib
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from components import temporary_faults, tracebacks
from components.errors import FairSiloError
from components.store_url import FROM_ENVIRONMENT
from pipelines import faults, operator_snapshot, summary
from pipelines.cli import console
from pipelines.kubeflow.settings import RED
from pipelines.runners import parameters, step_report, steps
from pipelines.runners.job import SETTINGS, Job
from pipelines.runners.step_report import Shown
from pipelines.runners.steps import CLOSE, METRICS, PREPARE, REPORT, Step
from pipelines.settings import UseCaseSettings

if TYPE_CHECKING:
    from pipelines.runners.results import NodeResult
    from pipelines.summary import Summary

logger = logging.getLogger(__name__)

STORE_TIMEOUT_S = 300.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a step and return the container's exit status."""
    options = _parser().parse_args(arguments)
    sys.argv = sys.argv[:1]  # TFX hands the rest to Beam as flags
    # A pod's user is in no passwd; libraries look for its home when they load.
    os.environ.setdefault("HOME", tempfile.gettempdir())
    job = Job(options.use_case, options.run_id, pathlib.Path(options.root))
    step = steps.STEPS[options.step]
    shown = Shown()
    with console.engines():
        try:
            status = _run(step, options, job, shown)
            _write_outputs(step, options, job, shown)
            job.forget_failure(step.name)
        except Exception as error:
            if not isinstance(error, FairSiloError):
                console.say(tracebacks.of(error))
            failure = _explain(error, job)
            _record(failure, step, options, job, shown)
            console.say(f"error: {failure}")
            return failure.exit_status
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines.runners.step")
    parser.add_argument("step", choices=steps.STEPS)
    parser.add_argument("--use-case", required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--root", required=True, help="where the volume is mounted")
    parser.add_argument("--parameter", action="append", default=[], metavar="A=B")
    parser.add_argument("--settings", default="", help="folder of the config map")
    parser.add_argument("--page", required=True, help="the HTML artifact's file")
    parser.add_argument("--executor-input", required=True, help="KFP's, as JSON")
    return parser


def _run(step: Step, options: argparse.Namespace, job: Job, shown: Shown) -> int:
    """Run a step and return its exit status."""
    from pipelines.runners import metadata, results

    metadata.wait(FROM_ENVIRONMENT, STORE_TIMEOUT_S, console.say)
    connection = metadata.connection(FROM_ENVIRONMENT)
    if step is CLOSE:
        results.end_all(connection, job.run_id)
        shown.results = results.read(connection, job.run_id)
        shown.ended = _close(job, shown.results)
        return 0
    if step is PREPARE:
        _open(options, job, shown)
    from pipelines.runners import launch

    chain = launch.read(job)
    for node in step.nodes:
        shown.results = launch.launch_once(job, chain, node, connection)
    if step is not REPORT:
        return 0
    ended = summary.of_run(job.run_id, job.use_case, job.places, shown.results)
    job.runs.finish(ended)
    shown.ended = ended
    settings = UseCaseSettings.model_validate_json(job.read(SETTINGS))
    if ended.exit_status and settings.kubeflow.not_blessed == RED:
        for reason in ended.reasons:
            console.say(reason)
        return ended.exit_status
    return 0


def _open(options: argparse.Namespace, job: Job, shown: Shown) -> None:
    """Check the settings and write the run's chain, unless an earlier attempt did.

    A run's settings are read once, here: the image's file, the config map, then the
    form; likewise people's quarantines and waivers. So a change of the config map
    can't mix two settings in one run.
    """
    if job.is_open:
        said = ["An earlier attempt has read the settings."]
        shown.opening.append(step_report.banner("The run goes on", "", said))
        return
    fields = dict(item.split("=", 1) for item in options.parameter)
    shown.span = fields.get(parameters.SPAN, "").strip()
    # Before anything can be wrong with the form, so that the run is on record.
    job.runs.start(summary.of_start(job.run_id, job.use_case, shown.span))
    patch = pathlib.Path(options.settings, f"{job.use_case}.yaml")
    chosen = parameters.with_form(job.use_case, fields, patch, job.root)
    decided = operator_snapshot.read(FROM_ENVIRONMENT, job.use_case)
    made = chosen.prepare()
    if made:  # a mistyped `silos.root` leads to that too
        logger.warning("data made in %s", chosen.data)
    chosen.check_start()
    from pipelines import pipeline
    from pipelines.runners import launch

    pipeline.stage_schema(chosen, job.places)
    force = parameters.flag(parameters.FORCE, fields[parameters.FORCE])
    chain = pipeline.build(chosen, job.places, shown.span, decided, force)
    job.places.pipeline_root.mkdir(parents=True, exist_ok=True)
    job.write(SETTINGS, chosen.settings.model_dump_json(indent=1))
    launch.write(job, chain)  # last: the run is open
    lines = [
        f"Silos are read from {chosen.data}"
        + (", where nothing was: data was made there now." if made else "."),
        f"The config map's {patch.name} changes settings of the image."
        if patch.exists()
        else f"The config map changes nothing: it has no {patch.name}.",
        *(
            f"{silo} is quarantined manually: {reason}"
            for silo, reason in decided.quarantined.items()
        ),
    ]
    filled_in = parameters.filled_in(parameters.of(chosen.settings), fields)
    title = "The settings can be used; the run has begun"
    shown.opening.append(step_report.banner(title, "", lines, filled_in))


def _close(job: Job, results: Mapping[str, NodeResult]) -> Summary:
    """End the run in the store, where no decision did, and return its summary."""
    found = job.runs.summary(job.run_id)
    if found is not None and found.status != summary.RUNNING:
        return found
    failures = job.failures()
    if failures:
        fault = FairSiloError(
            "; ".join(f"step {step}: {one}" for step, one in failures.items())
        )
    else:  # a step that was killed records nothing
        done = [name for name, node in results.items() if node.outputs]
        reached = f"after {done[-1]}" if done else "before its first node"
        fault = FairSiloError(
            f"run {job.run_id} ended {reached}, without a decision",
            "read the log of the red step",
        )
    started = found or summary.of_start(job.run_id, job.use_case, "")
    ended = summary.of_failure(started, fault, results)
    job.runs.finish(ended)
    return ended


def _write_outputs(
    step: Step, options: argparse.Namespace, job: Job, shown: Shown
) -> None:
    """Write the step's page and metrics; else artifacts would point nowhere.

    Metrics reach the UI only through the executor output file, whose path differs
    between back ends: it stands in the executor input that the launcher passes on.
    """
    page, figures = step_report.of_step(step, job, shown)
    _write(options.page, page)
    outputs = json.loads(options.executor_input)["outputs"]
    metrics = outputs["artifacts"][METRICS]["artifacts"][0]
    # Back ends name an output artifact from 2.15 on only.
    named = {key: metrics[key] for key in ("name", "uri") if key in metrics}
    # KFP's own database may be an old one in latin1.
    plain = {
        name: value.encode("ascii", "backslashreplace").decode()
        if isinstance(value, str)
        else value
        for name, value in figures.items()
    }
    written = {"artifacts": {METRICS: {"artifacts": [{**named, "metadata": plain}]}}}
    _write(outputs["outputFile"], json.dumps(written))


def _write(path: str, text: str) -> None:
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(path).write_text(text, encoding="utf-8")


def _explain(error: Exception, job: Job) -> FairSiloError:
    """Return what people read of a failure."""
    if temporary_faults.is_full(error):
        return FairSiloError(
            f"{job.root}: found {temporary_faults.FULL}",
            "enlarge the claim or remove old runs, then retry the step; nothing is "
            "lost",
        )
    return faults.in_words(error)


def _record(
    error: FairSiloError,
    step: Step,
    options: argparse.Namespace,
    job: Job,
    shown: Shown,
) -> None:
    """Record why the step fails: for the run's last step, and on its own page.

    Back ends before 2.17 don't show the page of a step that failed.
    """
    lines = [line for line in (error.message, error.hint) if line]
    shown.opening.insert(0, step_report.banner("This step failed", "bad", lines))
    try:
        job.record_failure(step.name, error)
        _write_outputs(step, options, job, shown)
    except Exception:  # a volume that is full must not hide the failure itself
        logger.exception("step=%s: can't record why it fails", step.name)


if __name__ == "__main__":
    sys.exit(main())
