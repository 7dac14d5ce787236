"""`fairsilo report`: the runs of a use case, their pages and the site of them all."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console, past
from pipelines.cli.options import Json, Name, Output, Store

if TYPE_CHECKING:
    from pipelines.past_runs.page import Page
    from pipelines.past_runs.runs import PastRuns
    from pipelines.site.figures import Figures

app = typer.Typer(
    no_args_is_help=True, help="List runs, show one, compare two, open their pages."
)

Run = Annotated[
    str, typer.Argument(metavar="[RUN]", help="The run's id; by default the last one.")
]


@app.command("list")
def list_runs(
    name: Name, output: Output = None, store: Store = "", as_json: Json = False
) -> None:
    """List all runs, oldest first."""
    summaries = past.of_use_case(name, output, store).summaries()
    if as_json:
        console.data_json(summaries)
        return
    from rich.console import Console

    from pipelines.cli import tables

    out = Console(highlight=False)
    out.print(tables.runs(summaries))
    for line in tables.reasons(summaries):
        out.print(line, markup=False, soft_wrap=True)


@app.command()
def show(
    name: Name,
    run: Run = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show a run: decision, reasons, silos."""
    from pipelines.cli.run import show as show_summary

    show_summary(past.of_use_case(name, output, store).find(run), as_json)


@app.command()
def build(
    name: Name,
    to: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            file_okay=False,
            help="Where to write the site; by default build/USE_CASE/site.",
        ),
    ] = None,
    output: Output = None,
    store: Store = "",
) -> None:
    """Build the site of all runs: index, trends, comparison, pages; print its path.

    It works from disk, and from any web server that serves files.
    """
    console.data(str(_build(name, to, output, store)))


@app.command("open")
def open_page(
    name: Name,
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]", help="The run's id; by default the site of all runs."
        ),
    ] = "",
    silo: Annotated[
        str,
        typer.Option(
            metavar="SILO", help="Open this silo's own page, of RUN or the last run."
        ),
    ] = "",
    output: Output = None,
    store: Store = "",
    to: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--to",
            "-o",
            metavar="FILE",
            dir_okay=False,
            help="Write the page of RUN, or of the last run, there first.",
        ),
    ] = None,
) -> None:
    """Open the site, a run's page or a silo's in the browser, and print its path."""
    if run or silo or to:
        page = _page(past.of_use_case(name, output, store), run, silo)
        path = _file(page, to)
    else:
        path = _build(name, None, output, store)
    console.data(str(path))
    typer.launch(path.as_uri())


@app.command()
def diff(
    name: Name,
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="The run before.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The run after.")],
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Compare two runs: overall, by silo, by group; the biggest losses first."""
    from pipelines.cli import changes
    from pipelines.site import diff as compare

    runs = past.of_use_case(name, output, store)
    before, after = (_figures(runs, run) for run in (run_a, run_b))
    found = compare.changes(before, after)
    if as_json:
        console.data_json(changes.to_json(run_a, run_b, found))
        return
    from rich.console import Console

    out = Console(highlight=False)
    for part in changes.tables(found):
        out.print(part)
        out.print()


def _build(
    name: str, to: pathlib.Path | None, output: pathlib.Path | None, store: str
) -> pathlib.Path:
    from pipelines.site import build

    runs = past.of_use_case(name, output, store)
    folder = to or console.output_folder(name, output) / "site"
    return build.build(runs, folder.absolute())


def _page(runs: PastRuns, run: str, silo: str) -> Page:
    """Return a run's page, or a silo's of that run."""
    told = runs.find(run)
    if silo:
        return runs.silo_page(told, silo)
    page = runs.page(told)
    if page is None:
        raise SettingsError("this run wrote no page", "see `fairsilo report show`")
    return page


def _file(page: Page, to: pathlib.Path | None) -> pathlib.Path:
    """Return a file that holds a page: the one asked for, else its own, else a new."""
    if to is None and page.file is not None:
        return page.file
    if to is None:  # the browser reads it when we are gone
        handle, name = tempfile.mkstemp(prefix="fairsilo-", suffix=".html")
        os.close(handle)
        to = pathlib.Path(name)
    page.write(to)
    return to.absolute()


def _figures(runs: PastRuns, run: str) -> Figures:
    from pipelines.site import figures

    told = runs.find(run)
    table = runs.figures(told)
    if table is None:
        raise SettingsError(
            f"run {told['run_id']}: found no figures of its evaluation, which are "
            "gone or never were",
            "see `fairsilo report list` for the runs that were evaluated",
        )
    return figures.of_table(table)
