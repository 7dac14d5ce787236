"""`fairsilo report`: the runs of a use case, their pages and the site of them all."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console, shared_store
from pipelines.cli.options import Json, Name, Output, Store

if TYPE_CHECKING:
    from pipelines.site.archive import Archive
    from pipelines.site.figures import Figures
    from pipelines.summary import Summary

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
    summaries = _all(name, output, store)
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

    show_summary(_one(name, run, output, store), as_json)


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
        chosen = _one(name, run, output, store)
        page = _page(_archive(name, output, store), chosen, silo, to)
    else:
        page = _build(name, None, output, store)
    console.data(str(page))
    typer.launch(page.as_uri())


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

    archive = _archive(name, output, store)
    before, after = (
        _figures(archive, _one(name, run, output, store)) for run in (run_a, run_b)
    )
    found = compare.changes(before, after)
    if as_json:
        console.data_json(changes.to_json(run_a, run_b, found))
        return
    from rich.console import Console

    out = Console(highlight=False)
    for part in changes.tables(found):
        out.print(part)
        out.print()


def _archive(name: str, output: pathlib.Path | None, store: str) -> Archive:
    from pipelines.site.archive import LocalArchive, StoredArchive

    if store:
        from pipelines.run_store import RunStore

        shared_store.refuse_local(output)
        return StoredArchive(RunStore(store, name))
    from pipelines.places import Places

    return LocalArchive(Places(console.output_folder(name, output)))


def _build(
    name: str, to: pathlib.Path | None, output: pathlib.Path | None, store: str
) -> pathlib.Path:
    from pipelines.site import build

    archive = _archive(name, output, store)
    folder = to or console.output_folder(name, output) / "site"
    return build.build(archive, name, folder.absolute())


def _page(
    archive: Archive, chosen: Summary, silo: str, to: pathlib.Path | None
) -> pathlib.Path:
    """Return the file that holds a run's page, or a silo's of that run."""
    if silo:
        written: pathlib.Path | None = _silo_page(archive, chosen, silo)
    else:
        written = archive.page_file(chosen)
    if written is not None and to is None:
        return written
    content = archive.page(chosen) if written is None else written.read_bytes()
    if content is None:
        raise SettingsError("this run wrote no page", "see `fairsilo report show`")
    if to is None:  # the browser reads it when we are gone
        handle, name = tempfile.mkstemp(prefix="fairsilo-", suffix=".html")
        os.close(handle)
        to = pathlib.Path(name)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)
    return to.absolute()


def _silo_page(archive: Archive, chosen: Summary, silo: str) -> pathlib.Path:
    from components.dashboard import silo_page

    pages = archive.silo_pages(chosen)
    found = pages.get(silo_page.file_name(silo))
    if found is not None:
        return found
    raise SettingsError(
        f"silo `{silo}`: found no page of it beside the page of run "
        f"{chosen['run_id']}, expected one; there are {len(pages)} pages of silos",
        "a run that trained nothing has none, and a cluster's store keeps none: "
        "open them where the run wrote its page",
    )


def _figures(archive: Archive, chosen: Summary) -> Figures:
    from pipelines.site import figures

    table = archive.figures(chosen)
    if table is None:
        raise SettingsError(
            f"run {chosen['run_id']}: found no figures of its evaluation, which are "
            "gone or never were",
            "see `fairsilo report list` for the runs that were evaluated",
        )
    return figures.of_table(table)


def _all(name: str, output: pathlib.Path | None, store: str) -> list[Summary]:
    return _archive(name, output, store).summaries()


def _one(name: str, run: str, output: pathlib.Path | None, store: str) -> Summary:
    if store:
        return _one_stored(name, run, output, store)
    summaries = _all(name, output, store)
    chosen = [item for item in summaries if run in {"", item["run_id"]}]
    if chosen:
        return chosen[-1]
    raise _unknown(
        name,
        run,
        [item["run_id"] for item in summaries],
        str(console.output_folder(name, output)),
        f"run `fairsilo run {name}` first, or give --output",
    )


def _one_stored(
    name: str, run: str, output: pathlib.Path | None, store: str
) -> Summary:
    from pipelines.run_store import RunStore

    shared_store.refuse_local(output)
    runs = RunStore(store, name)
    known = [one.run_id for one in runs.runs()]
    summary = runs.summary(run or "".join(known[-1:]))
    if summary is not None:
        return summary
    raise _unknown(
        name,
        run,
        known,
        f"the store at {shared_store.place(store)}",
        f"start one with `fairsilo kubeflow run {name}`, or in Kubeflow's UI",
    )


def _unknown(
    name: str, run: str, known: list[str], where: str, way_out: str
) -> SettingsError:
    return SettingsError(
        f"run {run or '(last)'} of `{name}`: found no summary of it in {where}; "
        f"known: {', '.join(known) or 'none'}",
        way_out,
    )
