"""What a container of the pipeline runs: one step of one run.

`python -m pipelines.runners.node STEP ...`, where STEP is a TFX node or one of
`open-run`, `decide` and `close-run`. It needs its environment, the shared root and
the store. Imports stay inside the steps: each starts in seconds.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

from components import tracebacks
from components.errors import FairSiloError
from components.store_url import FROM_ENVIRONMENT
from pipelines import faults
from pipelines.cli import console
from pipelines.runners import parameters
from pipelines.runners.job import Job

if TYPE_CHECKING:
    from pipelines.runners.step_report import StepReport
    from pipelines.summary import Summary

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
    try:
        with console.engines():
            report, status = _step(asked, job)
            from pipelines.runners import ui

            ui.write(report, asked.page, asked.executor_input)
    except FairSiloError as error:
        console.say(f"error: {error}")
        return error.exit_status
    except Exception as error:
        if faults.is_full(error):
            console.say(
                f"error: {job.root}: found no space left on the volume\n\nhint: "
                "enlarge the claim or remove old runs, then retry the step; nothing "
                "is lost"
            )
            return FairSiloError.exit_status
        console.say(tracebacks.of(error))
        console.say(f"error: {faults.in_words(error)}")
        return FairSiloError.exit_status
    return status


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
        return step_report.of_summary(about, told), _colour(told, values)
    from pipelines.runners import narrow

    narrow.import_narrowly()
    from pipelines.runners import launch

    nodes = launch.launch(job, step, connection)
    return step_report.of_node(step, about, nodes), 0


def _open(job: Job, values: dict[str, str], folder: pathlib.Path) -> StepReport:
    from pipelines.runners import opening

    chosen = opening.settings_of(job, values, folder)
    from pipelines.run_store import RunStore
    from pipelines.runners import metadata, step_report

    metadata.wait(FROM_ENVIRONMENT, STORE_TIMEOUT_S, console.say)
    span = values[parameters.SPAN].strip()
    RunStore(FROM_ENVIRONMENT, job.use_case).start(job.run_id, span)
    opening.compile_run(job, chosen, values)
    return step_report.of_message(
        step_report.About(job.run_id, job.use_case, span),
        "The settings can be used; the run has begun",
        [f"Silos are read from {chosen.data}."],
        values,
    )


def _colour(told: Summary, values: dict[str, str]) -> int:
    """Return the exit status of the step that decides: 0 is green."""
    from pipelines.summary import EXIT_STATUS

    status: int = EXIT_STATUS[told["status"]]
    name = parameters.FAIL_IF_NOT_BLESSED
    if not status or not parameters.flag(name, values[name]):
        return 0
    for reason in told["reasons"]:
        console.say(reason)
    return status


if __name__ == "__main__":
    sys.exit(main())
