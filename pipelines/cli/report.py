"""`fairsilo report`: the runs of a use case, their pages and the site of them all."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console, past
from pipelines.cli.options import Json, Name, Output, Store, expanded

if TYPE_CHECKING:
    from pipelines.past_runs.page import Page
    from pipelines.past_runs.runs import PastRuns
    from pipelines.site.figures import Figures

app = typer.Typer(
    no_args_is_help=True, help="List runs, show one, compare two, open their pages."
)

NameOrRun = Annotated[
    str,
    typer.Argument(
        metavar="USE_CASE|RUN", help="Name of the use case, or a run's id alone."
    ),
]
Run = Annotated[
    str,
    typer.Argument(
        metavar="[RUN]", help="The run's id, or `latest`; by default the last one."
    ),
]


@app.command("list")
def list_runs(
    name: Name, output: Output = None, store: Store = "", as_json: Json = False
) -> None:
    """List all runs, oldest first."""
    runs = past.of_use_case(name, output, store)
    summaries = runs.summaries()
    if not summaries:
        past.say_none_yet(runs)
    if as_json:
        console.data_json(summaries)
    if as_json or not summaries:
        return
    from rich.console import Console

    from pipelines.cli import tables

    out = Console(highlight=False)
    out.print(tables.runs(summaries))
    for line in tables.reasons(summaries):
        out.print(line, markup=False, soft_wrap=True)


@app.command()
def show(
    name: NameOrRun,
    run: Run = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show a run: decision, reasons, silos."""
    from pipelines.cli.run import show as show_summary

    runs, run = past.of_name_or_run(name, run, output, store)
    show_summary(runs.find(run), as_json)


@app.command()
def build(
    name: Name,
    to: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--to",
            metavar="DIR",
            file_okay=False,
            callback=expanded,
            help="Where to write the site; by default `site` beside the runs.",
        ),
    ] = None,
    output: Output = None,
    store: Store = "",
) -> None:
    """Build the site of all runs: index, trends, comparison, pages; print its path.

    It works from disk, and from any web server that serves files.
    """
    console.data(str(_build(past.of_use_case(name, output, store), to, output)))


@app.command("open")
def open_page(
    name: NameOrRun,
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]",
            help="The run's id, or `latest`; by default the site of all runs.",
        ),
    ] = "",
    silo: Annotated[
        str,
        typer.Option(
            metavar="SILO",
            help="Open this silo's own page, of RUN or the last run that has pages.",
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
            callback=expanded,
            help="Write the page of RUN, or of the last run that has one, there first.",
        ),
    ] = None,
) -> None:
    """Open the site, a run's page or a silo's in the browser, and print its path."""
    runs, run = past.of_name_or_run(name, run, output, store)
    if run or silo or to:
        path = _file(_page(runs, run, silo), to)
    else:
        path = _build(runs, None, output)
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
    """Compare two runs: overall, by silo, by group; sure changes and losses first."""
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
    if run_a == run_b:
        out.print(f"{run_a}: the same run twice, so nothing differs", markup=False)
    else:
        out.print("Sure changes first, and biggest losses before gains.")
    out.print()
    for part in changes.tables(found):
        out.print(part)
        out.print()


def _build(
    runs: PastRuns, to: pathlib.Path | None, output: pathlib.Path | None
) -> pathlib.Path:
    from pipelines.site import build

    if not runs.run_ids():
        past.say_none_yet(runs)
    folder = to or console.output_folder(runs.use_case, output) / "site"
    return build.build(runs, folder.absolute())


def _page(runs: PastRuns, run: str, silo: str) -> Page:
    """Return a run's page, or a silo's of that run; by default the last with one."""
    told = runs.find(run) if run else runs.last_with_page()
    last = runs.run_ids()[-1]
    if not run and told["run_id"] != last:
        console.say(f"run {last} has no page: this is of run {told['run_id']}")
    if silo:
        return runs.silo_page(told, silo)
    page = runs.page(told)
    if page is None:
        raise SettingsError(
            f"run {told['run_id']} has no page: it wrote none, or it was deleted",
            "see `fairsilo report show`, or run that span again",
        )
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
