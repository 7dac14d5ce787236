"""`fairsilo report`: the runs of a use case, and their pages."""

from __future__ import annotations

import pathlib
from typing import Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console
from pipelines.cli.options import Json, Name, Output

app = typer.Typer(no_args_is_help=True, help="List runs, show one, open its page.")

Run = Annotated[
    str, typer.Argument(metavar="[RUN]", help="The run's id [default: the last one].")
]


@app.command("list")
def list_runs(name: Name, output: Output = None, as_json: Json = False) -> None:
    """List all runs, oldest first."""
    summaries = _all(name, output)
    if as_json:
        console.data_json(summaries)
        return
    from rich.console import Console

    from pipelines.cli import tables

    Console(highlight=False).print(tables.runs(summaries))


@app.command()
def show(
    name: Name, run: Run = "", output: Output = None, as_json: Json = False
) -> None:
    """Show a run: decision, reasons, silos."""
    from pipelines.cli.run import show as show_summary

    show_summary(_one(name, run, output), as_json)


@app.command("open")
def open_page(name: Name, run: Run = "", output: Output = None) -> None:
    """Open a run's page in the browser, and print its path."""
    page = _one(name, run, output)["dashboard"]
    if page is None or not pathlib.Path(page).exists():
        raise SettingsError("this run wrote no page", "see `fairsilo report show`")
    console.data(page)
    typer.launch(pathlib.Path(page).as_uri())


def _all(name: str, output: pathlib.Path | None) -> list[dict[str, Any]]:
    from pipelines import summary
    from pipelines.places import Places

    return summary.read_all(Places(console.output_folder(name, output)))


def _one(name: str, run: str, output: pathlib.Path | None) -> dict[str, Any]:
    summaries = _all(name, output)
    chosen = [item for item in summaries if run in {"", item["run_id"]}]
    if chosen:
        return chosen[-1]
    known = ", ".join(item["run_id"] for item in summaries) or "none"
    raise SettingsError(
        f"run {run or '(last)'} of `{name}`: found no summary of it in "
        f"{console.output_folder(name, output)}; known: {known}",
        f"run `fairsilo run {name}` first, or give --output",
    )
