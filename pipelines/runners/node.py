"""What a container of the pipeline runs: one step of one run.

`python -m pipelines.runners.node STEP ...`, where STEP is a TFX node or one of
`open-run`, `decide` and `close-run`. It needs its environment, the shared root and
the store. Imports stay inside the steps: each starts in seconds.
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
from pipelines.runners import parameters, ui
from pipelines.runners.job import Job

if TYPE_CHECKING:
    from pipelines.runners.step_report import StepReport
    from pipelines.summary import Summary

logger = logging.getLogger(__name__)

OPEN = "open-run"
DECIDE = "decide"
CLOSE = "close-run"
STORE_TIMEOUT_S = 300.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a step and return the container's exit status."""
    asked = _parser().parse_args(arguments)
    sys.argv = sys.argv[:1]  # TFX hands the rest to Beam as flags
    # A pod's user is in no passwd; libraries look for its home when they load.
    os.environ.setdefault("HOME", tempfile.gettempdir())
    job = Job(asked.use_case, asked.run_id, pathlib.Path(asked.root))
    with console.engines():
        try:
            report, status = _step(asked, job)
            ui.write(report, asked.page, asked.executor_input)
            job.forget_failure(asked.step)
        except Exception as error:
            if not isinstance(error, FairSiloError):
                console.say(tracebacks.of(error))
            told = _sentence(error, job)
            _keep(told, asked, job)
            console.say(f"error: {told}")
            return told.exit_status
    return status


def _sentence(error: Exception, job: Job) -> FairSiloError:
    """Return what is told of a failure."""
    if circumstances.is_full(error):
        return FairSiloError(
            f"{job.root}: found {circumstances.FULL}",
            "enlarge the claim or remove old runs, then retry the step; nothing is "
            "lost",
        )
    return faults.in_words(error)


def _keep(error: FairSiloError, asked: argparse.Namespace, job: Job) -> None:
    """Take down why the step fails: for the run's last step, and on its own page.

    Back ends before 2.17 don't show the page of a step that failed.
    """
    from pipelines.runners import step_report

    about = step_report.About(job.run_id, job.use_case, "")
    lines = [line for line in (error.message, error.hint) if line]
    report = step_report.of_message(about, "This step failed", lines, mood="bad")
    try:
        job.record_failure(asked.step, error)
        ui.write(report, asked.page, asked.executor_input)
    except Exception:  # a volume that is full must not hide the failure itself
        logger.exception("step=%s: can't tell others why it fails", asked.step)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipelines.runners.node")
    parser.add_argument("step", help=f"a TFX node, {OPEN}, {DECIDE} or {CLOSE}")
    parser.add_argument("--use-case", required=True)
    parser.add_argument("--run-id", required=True)
    parser.add_argument("--root", required=True, help="where the volume is mounted")
    parser.add_argument("--parameter", action="append", default=[], metavar="A=B")
    parser.add_argument("--settings", default="", help="folder of the config map")
    parser.add_argument("--page", required=True, help="the HTML artifact's file")
    parser.add_argument("--executor-input", required=True, help="KFP's, as JSON")
    return parser


def _values(given: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (item.partition("=") for item in given)}


def _step(asked: argparse.Namespace, job: Job) -> tuple[StepReport, int]:
    step, values = asked.step, _values(asked.parameter)
    if step == OPEN:
        return _open(job, values, pathlib.Path(asked.settings)), 0
    from pipelines.runners import metadata, step_report

    metadata.wait(FROM_ENVIRONMENT, STORE_TIMEOUT_S, console.say)
    connection = metadata.connection(FROM_ENVIRONMENT)
    about = step_report.About(job.run_id, job.use_case, "")
    if step in {DECIDE, CLOSE}:
        from pipelines.runners import closing

        if step == CLOSE:
            told = closing.close_run(job, connection)
            return step_report.of_summary(about, told), 0
        told = closing.decide(job, connection)
        return step_report.of_summary(about, told), _colour(told, job)
    from pipelines.runners import narrow

    narrow.import_narrowly()
    from pipelines.runners import launch

    nodes = launch.launch(job, step, connection)
    return step_report.of_node(step, about, nodes), 0


def _open(job: Job, values: dict[str, str], folder: pathlib.Path) -> StepReport:
    from pipelines import operator_snapshot, summary
    from pipelines.runners import metadata, opening, step_report

    metadata.wait(FROM_ENVIRONMENT, STORE_TIMEOUT_S, console.say)
    # Before anything can be wrong with the form, so that the run is on record.
    span = values.get(parameters.SPAN, "").strip()
    job.runs.start(summary.of_start(job.run_id, job.use_case, span))
    chosen = opening.settings_of(job, values, folder)
    decided = operator_snapshot.read(FROM_ENVIRONMENT, job.use_case)
    made = opening.compile_run(job, chosen, values, decided)
    return step_report.of_message(
        step_report.About(job.run_id, job.use_case, span),
        "The settings can be used; the run has begun",
        [
            f"Silos are read from {chosen.data}"
            + (", where nothing was: data was made there now." if made else "."),
            _of_config_map(opening.config_map_file(job, folder)),
            *(
                f"{silo} is quarantined by hand: {reason}"
                for silo, reason in decided.quarantined.items()
            ),
        ],
        parameters.filled_in(parameters.of(chosen.settings), values),
    )


def _of_config_map(file: pathlib.Path) -> str:
    if file.exists():
        return f"The config map's {file.name} changes settings of the image."
    return f"The config map changes nothing: it has no {file.name}."


def _colour(told: Summary, job: Job) -> int:
    """Return the exit status of the step that decides: 0 is green."""
    from pipelines.kubeflow.settings import RED
    from pipelines.runners import opening

    status = told.exit_status
    if not status or opening.read_settings(job).kubeflow.not_blessed != RED:
        return 0
    for reason in told.reasons:
        console.say(reason)
    return status


if __name__ == "__main__":
    sys.exit(main())
