"""`fairsilo predictions`: the predictions that readers see, and whether they hold."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from components.errors import FairSiloError, SettingsError
from pipelines.cli import console
from pipelines.cli.options import Json, Name, Output, Overrides

if TYPE_CHECKING:
    from components.payloads.predictions import Predictions
    from components.payloads.silo import Silo
    from components.storage import File

_T = TypeVar("_T")
app = typer.Typer(no_args_is_help=True, help="List and check predictions.")
Span = Annotated[str, typer.Option(help="One span; by default all.")]
OneSilo = Annotated[str, typer.Option("--silo", help="One silo; by default all.")]


@app.command("list")
def list_predictions(
    name: Name,
    span: Span = "",
    silo: OneSilo = "",
    overrides: Overrides = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """List the predictions that readers see, by silo and span."""
    faults: list[str] = []
    records = [
        {"silo": found.silo, "span": found.span, "rows": found.rows}
        | {"dead_letters": found.dead_letters, "served": found.served}
        | {"model": found.model if as_json else found.model[:12]}
        | {"published": _time(file), "parts": len(found.parts)}
        | {"bytes": sum(part.bytes for part in found.parts), "folder": _folder(file)}
        for file, found in _published(name, span, silo, overrides, output, faults)
    ]
    if as_json:
        console.data_json(records)
    elif records:
        console.data_records(records)
    for fault in faults or ([] if records else [_none_yet(name)]):
        console.say(fault)
    raise typer.Exit(1 if faults else 0)


@app.command()
def verify(
    name: Name,
    span: Span = "",
    silo: OneSilo = "",
    overrides: Overrides = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Read all that readers see, and check it; exit status 1 if a file is damaged.

    Checked are bytes, rows, dead letters, and which work each file says it holds.
    """
    from components.batch_inferrer import verify as check

    faults: list[str] = []
    told = dict.fromkeys(("pointers", "parts", "rows", "dead_letters", "unlisted"), 0)
    for file, found in _published(name, span, silo, overrides, output, faults):
        told["pointers"] += 1
        told["parts"] += len(found.parts)
        told["rows"] += found.rows
        told["dead_letters"] += found.dead_letters
        damaged = check.faults(_folder(file), found)
        faults += [f"silo `{found.silo}`: {fault}" for fault in damaged]
        told["unlisted"] += check.num_unlisted(_folder(file), found)
    if not told["pointers"] and not faults:
        raise SettingsError(_none_yet(name))
    if as_json:
        console.data_json({**told, "faults": faults})
    else:
        for fault in faults:
            console.data(fault)
        console.data(
            f"{len(faults) or 'no'} faults in {told['parts']:,} parts of "
            f"{told['pointers']:,} silos and spans: {told['rows']:,} rows, "
            f"{told['dead_letters']:,} dead letters; {told['unlisted']:,} files beside "
            "that nobody lists"
        )
    if faults:
        console.say(
            "hint: remove a damaged file, and that of the same name in `parts`, then "
            f"run `fairsilo predict {name}`: it scores their rows again"
        )
    raise typer.Exit(1 if faults else 0)


def _published(
    name: str,
    span: str,
    silo: str,
    overrides: list[str] | None,
    output: pathlib.Path | None,
    faults: list[str],
) -> Iterator[tuple[File, Predictions]]:
    """Yield each pointer and what it says; what can't be read is added to `faults`.

    Raises:
        SettingsError: There is no such use case or silo.
    """
    from components import storage
    from components.batch_inferrer import plan
    from components.payloads import predictions
    from pipelines import use_case
    from pipelines.places import Places

    place = use_case.find(name, overrides or []).settings.inference.output
    homes = Places(console.output_folder(name, output)).homes

    def tried(one: Silo, call: Callable[[str], _T], where: str) -> _T | None:
        try:
            return call(where)
        except storage.CredentialsError:
            raise
        except FairSiloError as error:  # the other silos are looked at all the same
            faults.append(f"silo `{one.id}`: {error.message}")
            return None

    for one in _silos(homes, silo):
        below = plan.span_folder(one, place, span)
        above = storage.escape(below if span else below.rpartition("/")[0])
        pattern = predictions.pointer(above if span else f"{above}/span=*")
        for file in tried(one, storage.find, pattern) or ():
            if found := tried(one, predictions.read, _folder(file)):
                yield file, found


def _silos(homes: pathlib.Path, silo: str) -> list[Silo]:
    """Return the silos that have a home, sorted: one, or all."""
    from components.payloads.silo import Silo

    folders = sorted(homes.iterdir()) if homes.is_dir() else []
    known = [Silo(it.name, str(it)) for it in folders if it.name[:1] != "."]
    if silo and silo not in (there := [one.id for one in known]):
        raise SettingsError(
            f"silo `{silo}`: found no home of it in {homes}, expected one of "
            f"{', '.join(there) or 'a silo'}"
        )
    return [one for one in known if silo in ("", one.id)]


def _folder(pointer: File) -> str:
    return pointer.path.rpartition("/")[0]


def _time(file: File) -> str:
    at = datetime.datetime.fromtimestamp(file.modified, datetime.UTC)
    return at.isoformat(timespec="seconds")


def _none_yet(name: str) -> str:
    return (
        f"use case `{name}`: found no predictions; `fairsilo predict {name}` makes some"
    )
