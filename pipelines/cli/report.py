"""`fairsilo report`: the runs of a use case, and their pages."""

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
    from pipelines.summary import Summary

app = typer.Typer(no_args_is_help=True, help="List runs, show one, open its page.")

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

    Console(highlight=False).print(tables.runs(summaries))


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


@app.command("open")
def open_page(
    name: Name,
    run: Run = "",
    output: Output = None,
    store: Store = "",
    to: Annotated[
        pathlib.Path | None,
        typer.Option(
            "--to", "-o", metavar="FILE", dir_okay=False, help="Write it there first."
        ),
    ] = None,
) -> None:
    """Open a run's page in the browser, and print its path."""
    page = _page(_one(name, run, output, store), store, to)
    console.data(str(page))
    typer.launch(page.as_uri())


def _page(chosen: Summary, store: str, to: pathlib.Path | None) -> pathlib.Path:
    """Return the file that holds a run's page."""
    from pipelines.run_store import RunStore

    written = pathlib.Path(chosen["dashboard"] or "/nowhere")
    if store:
        content = RunStore(store, chosen["use_case"]).page(chosen["run_id"])
    else:
        content = written.read_bytes() if written.exists() else None
    if content is None:
        raise SettingsError("this run wrote no page", "see `fairsilo report show`")
    if to is None and not store:
        return written
    if to is None:  # the browser reads it when we are gone
        handle, name = tempfile.mkstemp(prefix="fairsilo-", suffix=".html")
        os.close(handle)
        to = pathlib.Path(name)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)
    return to.absolute()


def _all(name: str, output: pathlib.Path | None, store: str) -> list[Summary]:
    if store:
        from pipelines.run_store import RunStore

        shared_store.refuse_local(output)
        return RunStore(store, name).summaries()
    from pipelines import summary
    from pipelines.places import Places

    return summary.read_all(Places(console.output_folder(name, output)))


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
