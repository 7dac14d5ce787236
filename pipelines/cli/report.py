"""`fairsilo report`: the runs of a use case, their pages and the site of them all."""

from __future__ import annotations

import pathlib
import shutil
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console, past
from pipelines.cli.options import Json, Name, Output, Store, expanded

if TYPE_CHECKING:
    from pipelines.runs.figures import Figures
    from pipelines.runs.store import RunStore

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
        console.data_json([summary.fields() for summary in summaries])
    elif summaries:
        from pipelines.cli import tables

        console.data_table(tables.runs(summaries))
        for line in tables.reasons(summaries):
            console.data(line)


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
    """Build the site of all runs: index, trends, comparisons, pages; print its path.

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
    if not (run or silo or to):
        path = _build(runs, None, output)
    else:
        path = _page(runs, run, silo)
        if to:
            to.parent.mkdir(parents=True, exist_ok=True)
            path = shutil.copyfile(path, to).absolute()
    console.data(str(path))
    typer.launch(path.as_uri())


@app.command()
def diff(
    name: Name,
    run_a: Annotated[str, typer.Argument(metavar="RUN_A", help="The run before.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN_B", help="The run after.")],
    output: Output = None,
    store: Store = "",
    to: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--to",
            metavar="FILE",
            dir_okay=False,
            callback=expanded,
            help="Write the comparison as a page there, and print its path.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare two runs: overall, by silo, by group; sure changes and losses first."""
    from pipelines.cli import changes
    from pipelines.runs import comparison

    runs = past.of_use_case(name, output, store)
    before, after = (_figures(runs, run) for run in (run_a, run_b))
    found = comparison.changes(before, after)
    if to:
        to.parent.mkdir(parents=True, exist_ok=True)
        html = comparison.render(name, run_a, run_b, found)
        to.write_text(html, encoding="utf-8")
        console.data(str(to.absolute()))
    elif as_json:
        console.data_json(changes.to_json(run_a, run_b, found))
    else:
        order = "Sure changes first, and biggest losses before gains."
        same = f"{run_a}: the same run twice, so nothing differs"
        console.data(same if run_a == run_b else order)
        for part in changes.tables(found):
            console.data("")
            console.data_table(part)


def _build(
    runs: RunStore, to: pathlib.Path | None, output: pathlib.Path | None
) -> pathlib.Path:
    from pipelines.runs import site

    if not runs.run_ids():
        past.say_none_yet(runs)
    folder = to or console.output_folder(runs.use_case, output) / "site"
    return site.build(runs, folder.absolute())


def _page(runs: RunStore, run: str, silo: str) -> pathlib.Path:
    """Return a run's page, or a silo's of that run; by default the last with one."""
    found = runs.find(run) if run else runs.last_with_page()
    last = runs.run_ids()[-1]
    if not run and found.run_id != last:
        console.say(f"run {last} has no page: this is of run {found.run_id}")
    return runs.required_page(found, silo)


def _figures(runs: RunStore, run: str) -> Figures:
    from pipelines.runs import figures

    run_id = runs.find(run).run_id
    table = runs.figures(run_id)
    if table is None:
        raise SettingsError(
            f"run {run_id}: found no figures of it, expected those of its evaluation",
            "see `fairsilo report list` for the runs that were evaluated",
        )
    return figures.of_table(table)
