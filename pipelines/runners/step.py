"""What a container of the pipeline runs: one step of one run.

`python -m pipelines.runners.step STEP ...`, where STEP is one of `steps.py`. It needs
its environment, the shared root and the store. Imports stay inside functions: each
step starts in seconds.
"""

from __future__ import annotations

import argparse
import logging
import os
import pathlib
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from components import circumstances, tracebacks
from components.errors import FairSiloError
from components.store_url import FROM_ENVIRONMENT
from pipelines import faults
from pipelines.cli import console
from pipelines.runners import joined_page, parameters, steps, ui
from pipelines.runners.job import Job
from pipelines.runners.steps import CLOSE, PREPARE, REPORT, Step

if TYPE_CHECKING:
    from pipelines.runners.step_report import StepReport
    from pipelines.summary import Summary

logger = logging.getLogger(__name__)

STORE_TIMEOUT_S = 300.0

Reports = list[tuple[str, "StepReport"]]  # with a title each, in the order of showing


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a step and return the container's exit status."""
    options = _parser().parse_args(arguments)
    sys.argv = sys.argv[:1]  # TFX hands the rest to Beam as flags
    # A pod's user is in no passwd; libraries look for its home when they load.
    os.environ.setdefault("HOME", tempfile.gettempdir())
    job = Job(options.use_case, options.run_id, pathlib.Path(options.root))
    step = steps.STEPS[options.step]
    reports: Reports = []
    with console.engines():
        try:
            status = _run(step, options, job, reports)
            _show(step, options, reports)
            job.forget_failure(step.name)
        except Exception as error:
            if not isinstance(error, FairSiloError):
                console.say(tracebacks.of(error))
            failure = _explain(error, job)
            _record(failure, step, options, job, reports)
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


def _run(step: Step, options: argparse.Namespace, job: Job, reports: Reports) -> int:
    """Run a step, collect what it shows, and return its exit status."""
    from pipelines.runners import metadata, step_report

    metadata.wait(FROM_ENVIRONMENT, STORE_TIMEOUT_S, console.say)
    connection = metadata.connection(FROM_ENVIRONMENT)
    about = step_report.About(job.run_id, job.use_case, "")
    if step is CLOSE:
        from pipelines.runners import finalize_run

        run_summary = finalize_run.close(job, connection)
        reports.append((step.title, step_report.of_summary(about, run_summary)))
        return 0
    if step is PREPARE:
        reports.append(("Open run", _open(options, job)))
    from pipelines.runners import narrow

    narrow.import_narrowly()
    from pipelines.runners import launch

    for node in step.nodes:
        nodes = launch.launch(job, node, connection)
        reports.append((node, step_report.of_node(node, about, nodes)))
    if step is not REPORT:
        return 0
    from pipelines.runners import finalize_run

    run_summary = finalize_run.decide(job, nodes)
    reports.insert(0, ("Decision", step_report.of_summary(about, run_summary)))
    return _exit_status(run_summary, job)


def _open(options: argparse.Namespace, job: Job) -> StepReport:
    """Check the settings and write the run's chain, unless an earlier attempt did."""
    from pipelines import operator_snapshot, summary
    from pipelines.runners import open_run, step_report

    fields = {
        name: value
        for name, _, value in (item.partition("=") for item in options.parameter)
    }
    span = fields.get(parameters.SPAN, "").strip()
    about = step_report.About(job.run_id, job.use_case, span)
    if job.ir_file.exists():
        return step_report.of_message(
            about, "The run goes on", ["An earlier attempt has read the settings."]
        )
    # Before anything can be wrong with the form, so that the run is on record.
    job.runs.start(summary.of_start(job.run_id, job.use_case, span))
    folder = pathlib.Path(options.settings)
    chosen = open_run.settings_of(job, fields, folder)
    decided = operator_snapshot.read(FROM_ENVIRONMENT, job.use_case)
    made = open_run.compile_run(job, chosen, fields, decided)
    file = open_run.config_map_file(job, folder)
    return step_report.of_message(
        about,
        "The settings can be used; the run has begun",
        [
            f"Silos are read from {chosen.data}"
            + (", where nothing was: data was made there now." if made else "."),
            f"The config map's {file.name} changes settings of the image."
            if file.exists()
            else f"The config map changes nothing: it has no {file.name}.",
            *(
                f"{silo} is quarantined manually: {reason}"
                for silo, reason in decided.quarantined.items()
            ),
        ],
        parameters.filled_in(parameters.of(chosen.settings), fields),
    )


def _exit_status(run_summary: Summary, job: Job) -> int:
    """Return the exit status of the step that decides: 0 is green."""
    from pipelines.kubeflow.settings import RED
    from pipelines.runners import open_run

    status = run_summary.exit_status
    if not status or open_run.read_settings(job).kubeflow.not_blessed != RED:
        return 0
    for reason in run_summary.reasons:
        console.say(reason)
    return status


def _show(step: Step, options: argparse.Namespace, reports: Reports) -> None:
    """Write the step's page, of all its nodes' pages, and all their metrics."""
    from pipelines.runners.step_report import StepReport

    page = joined_page.join(step.title, [(name, one.html) for name, one in reports])
    metrics = {key: value for _, one in reports for key, value in one.metrics.items()}
    ui.write(StepReport(page, metrics), options.page, options.executor_input)


def _explain(error: Exception, job: Job) -> FairSiloError:
    """Return what people read of a failure."""
    if circumstances.is_full(error):
        return FairSiloError(
            f"{job.root}: found {circumstances.FULL}",
            "enlarge the claim or remove old runs, then retry the step; nothing is "
            "lost",
        )
    return faults.in_words(error)


def _record(
    error: FairSiloError,
    step: Step,
    options: argparse.Namespace,
    job: Job,
    reports: Reports,
) -> None:
    """Record why the step fails: for the run's last step, and on its own page.

    Back ends before 2.17 don't show the page of a step that failed.
    """
    from pipelines.runners import step_report

    about = step_report.About(job.run_id, job.use_case, "")
    lines = [line for line in (error.message, error.hint) if line]
    report = step_report.of_message(about, "This step failed", lines, mood="bad")
    try:
        job.record_failure(step.name, error)
        _show(step, options, [("Failure", report), *reports])
    except Exception:  # a volume that is full must not hide the failure itself
        logger.exception("step=%s: can't record why it fails", step.name)


if __name__ == "__main__":
    sys.exit(main())
