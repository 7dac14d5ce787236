"""`fairsilo bench`: how fast it is, always as a ratio within one run."""

from __future__ import annotations

from typing import Annotated, Any

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
    with console.engines():
        from pipelines.benchmarks.inference import bench_inference

        result = bench_inference(rows)
    _show(result, as_json)


@app.command()
def evaluation(as_json: Json = False) -> None:
    """Evaluation by score sketches against row-by-row TFMA, by rows and by silos."""
    with console.engines():
        from pipelines.benchmarks.evaluation import bench_evaluation

        result = bench_evaluation()
    _show(result, as_json)


@app.command()
def pages(as_json: Json = False) -> None:
    """A run's page in a browser: bytes, and time until it answers, by silos."""
    with console.engines():
        from pipelines.benchmarks.pages import bench_pages

        result = bench_pages()
    _show(result, as_json)


@app.command("step-start")
def step_start(
    times: Annotated[int, typer.Option(min=1, help="Starts of each.")] = 5,
    as_json: Json = False,
) -> None:
    """A step's start on a cluster against TensorFlow's and the whole of TFX's."""
    with console.engines():
        from pipelines.benchmarks.step_start import bench_step_start

        result = bench_step_start(times)
    _show(result, as_json)


def _show(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        console.data_json(result)
        return
    for key, value in result.items():
        console.data(f"{key:<28} {value}")
