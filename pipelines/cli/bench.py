"""`fairsilo bench`: how fast, how good and how robust it is, within one run."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer

from pipelines.cli import console
from pipelines.cli.options import Json, Span

app = typer.Typer(
    no_args_is_help=True, help="Run the benchmarks: speed, fairness, robustness."
)


@app.command()
def inference(
    rows: Annotated[int, typer.Option(min=1, help="Rows to score.")] = 4_000_000,
    as_json: Json = False,
) -> None:
    """Batch inference against a bare pyarrow and TF loop, and over the cores."""
    _bench("inference", as_json, rows)


@app.command()
def soak(
    rows: Annotated[
        int, typer.Option(min=1_000, help="Rows; a tenth goes before.")
    ] = 100_000_000,
    folder: Annotated[
        str, typer.Option(help="Where the rows are made, once, and kept.")
    ] = "build/soak",
    price: Annotated[
        float, typer.Option(help="Of an hour of Standard_D8s_v5, US dollars.")
    ] = 0.384,
    as_json: Json = False,
) -> None:
    """A long run of inference, killed twice: time, memory, cost, and no row lost."""
    _bench("soak", as_json, rows, folder, price)


@app.command()
def evaluation(as_json: Json = False) -> None:
    """Evaluation by score sketches against row-by-row TFMA, by rows and by silos."""
    _bench("evaluation", as_json)


@app.command()
def pages(as_json: Json = False) -> None:
    """A run's page in a browser: bytes, and time until it answers, by silos."""
    _bench("pages", as_json)


@app.command()
def fairness(
    name: Annotated[str, typer.Argument(metavar="USE_CASE")] = "census",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each.")] = 5,
    span: Span = "latest",
    only: Annotated[
        str,
        typer.Option(help="Algorithms whose name begins with this; by default all."),
    ] = "",
    as_json: Json = False,
) -> None:
    """What each algorithm and personal model does for the silos; may take an hour."""
    _bench("fairness", as_json, name, seeds, span, only)


@app.command("round")
def federated_round(as_json: Json = False) -> None:
    """A federated round against a pass over the same rows in one place."""
    _bench("round", as_json)


@app.command("step-start")
def step_start(
    times: Annotated[int, typer.Option(min=1, help="Starts of each.")] = 5,
    as_json: Json = False,
) -> None:
    """A step's start on a cluster against TensorFlow's and the whole of TFX's."""
    _bench("step_start", as_json, times)


@app.command()
def qffl(
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of a training.")] = 10_000,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of the data.")] = 5,
    as_json: Json = False,
) -> None:
    """q-FedAvg on its authors' hybrid data: variance and worst tenth of devices."""
    _bench("qffl", as_json, rounds, seeds)


@app.command()
def attacks(
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each kind.")] = 2,
    as_json: Json = False,
) -> None:
    """Bad silos' cost in AUC, by aggregation; exit status 1 where one is not robust."""
    _bench("attacks", as_json, seeds)


@app.command()
def audit(
    seeds: Annotated[int, typer.Option(min=1, help="Federations of each kind.")] = 5,
    source: Annotated[
        str, typer.Option(help="census, flights or synthetic; by default all.")
    ] = "",
    riders: Annotated[
        int, typer.Option(help="Bad silos; by default 0, 1, 3 and 8.")
    ] = -1,
    rows: Annotated[
        str, typer.Option(help="File for all that was measured of each silo, as JSON.")
    ] = "",
    first: Annotated[int, typer.Option(help="Seed to begin with.")] = 0,
    as_json: Json = False,
) -> None:
    """Whom the audit accuses, the innocent and the bad; may take hours."""
    _bench("audit", as_json, seeds, source, riders, rows, first)


@app.command()
def validation(
    seeds: Annotated[int, typer.Option(min=1, help="Faults of each kind.")] = 20,
    as_json: Json = False,
) -> None:
    """Faults in silos' data: which are found, and what is noted of honest silos."""
    _bench("validation", as_json, seeds)


@app.command()
def school(
    seeds: Annotated[int, typer.Option(min=1, help="Splits of the pupils.")] = 5,
    as_json: Json = False,
) -> None:
    """Private MR-MTL on a published task, against what its authors' code gives."""
    _bench("school", as_json, seeds)


@app.command()
def privacy(
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each.")] = 5,
    only: Annotated[
        str, typer.Option(help="cost, census or flights; by default all.")
    ] = "",
    as_json: Json = False,
) -> None:
    """What privacy costs in time and in AUC; may take an hour."""
    _bench("privacy", as_json, seeds, only)


def _bench(name: str, as_json: bool, *arguments: float | str) -> None:
    """Run `bench_NAME` of `pipelines/benchmarks/NAME.py` and print what it found.

    A list of records is a table. The status is 1 where the result says that its bar is
    not `passed`.
    """
    with console.engines():
        module = importlib.import_module(f"pipelines.benchmarks.{name}")
        result = getattr(module, f"bench_{name}")(*arguments)
    (console.data_json if as_json else _show)(result)
    if not result.get("passed", True):
        raise typer.Exit(1)


def _show(result: dict[str, Any]) -> None:
    for key, value in result.items():
        if isinstance(value, list):
            console.data(key)
            console.data_records(value)
        else:
            is_row = isinstance(value, dict)
            row = "  ".join(map(str, value.values())) if is_row else value
            console.data(f"{key:<36} {row}")
