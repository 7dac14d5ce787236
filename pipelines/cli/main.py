"""The program `fairsilo`.

Only typer is imported here: help must be instant, engines load in the commands.
"""

from __future__ import annotations

import gc
import sys
from typing import Annotated

import typer

from components import tracebacks
from pipelines import faults
from pipelines.cli import (
    algorithms,
    audit,
    bench,
    config,
    gate,
    kubeflow,
    kubeflow_schedule,
    ledger,
    predictions,
    privacy,
    report,
    run,
    silo,
)
from pipelines.cli import compile as compile_command
from pipelines.cli import evaluate as evaluate_command
from pipelines.cli import export as export_command
from pipelines.cli import init as init_command

app = typer.Typer(
    name="fairsilo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Cross-silo federated learning that companies can trust.\n\n"
    "Exit status: 0 done, 1 fault, 2 usage, 3 silos refused below quorum, "
    "4 not blessed, 5 blessed but some silo not trained or scored, 130 stopped.",
)
app.command("run")(run.run)
app.command("predict")(run.predict)
app.command("evaluate")(evaluate_command.evaluate)
app.command("export")(export_command.export)
app.command("init")(init_command.init)
app.command("compile")(compile_command.compile_use_case)
app.add_typer(config.app, name="config")
app.add_typer(algorithms.app, name="algorithms")
app.add_typer(silo.app, name="silo")
app.add_typer(report.app, name="report")
app.add_typer(gate.app, name="gate")
app.add_typer(audit.app, name="audit")
app.add_typer(ledger.app, name="ledger")
app.add_typer(predictions.app, name="predictions")
app.add_typer(privacy.app, name="privacy")
kubeflow.app.add_typer(kubeflow_schedule.app, name="schedule")
app.add_typer(kubeflow.app, name="kubeflow")
app.add_typer(bench.app, name="bench")


def _show_version(wanted: bool) -> None:
    if wanted:
        import importlib.metadata

        typer.echo(importlib.metadata.version("fairsilo"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=_show_version,
            help="Print the version and leave.",
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the program; every fault ends it with a sentence."""
    try:
        app()
    except Exception as error:
        fault = faults.in_words(error)
        if fault is not error:
            sys.stderr.write(f"{tracebacks.of(error)}\n")
        sys.stderr.write(f"error: {fault}\n")
        sys.exit(fault.exit_status)
    finally:
        gc.freeze()  # else Python looks through all objects of the engines at its end
