"""`fairsilo bench`: how fast it is, always as a ratio within one run."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

from pipelines.cli import console
from pipelines.cli.options import Json

app = typer.Typer(no_args_is_help=True, help="Measure speed, as ratios within one run.")


@app.command()
def inference(
    rows: Annotated[int, typer.Option(min=1, help="Rows to score.")] = 4_000_000,
    as_json: Json = False,
) -> None:
    """Batch inference against a bare pyarrow and TF loop, and over the cores."""
    _bench("inference", as_json, rows)


@app.command()
def evaluation(as_json: Json = False) -> None:
    """Evaluation by score sketches against row-by-row TFMA, by rows and by silos."""
    _bench("evaluation", as_json)


@app.command()
def pages(as_json: Json = False) -> None:
    """A run's page in a browser: bytes, and time until it answers, by silos."""
    _bench("pages", as_json)


@app.command("step-start")
def step_start(
    times: Annotated[int, typer.Option(min=1, help="Starts of each.")] = 5,
    as_json: Json = False,
) -> None:
    """A step's start on a cluster against TensorFlow's and the whole of TFX's."""
    _bench("step_start", as_json, times)


def _bench(name: str, as_json: bool, *arguments: int) -> None:
    """Run `bench_NAME` of `pipelines/benchmarks/NAME.py` and print what it found."""
    with console.engines():
        module = importlib.import_module(f"pipelines.benchmarks.{name}")
        result = getattr(module, f"bench_{name}")(*arguments)
    if as_json:
        console.data_json(result)
        return
    for key, value in result.items():
        console.data(f"{key:<28} {value}")
