"""`fairsilo predictions`: the predictions that readers see, and whether they hold."""

from __future__ import annotations

import contextlib
import datetime
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from components.errors import FairSiloError, SettingsError
from pipelines.cli import console
from pipelines.cli.options import Json, Name, Output, Overrides

if TYPE_CHECKING:
    from components.payloads.predictions import Predictions
    from components.payloads.silo import Silo

app = typer.Typer(no_args_is_help=True, help="List and check predictions.")
Span = Annotated[str, typer.Option(help="Of one span; by default of all.")]
OneSilo = Annotated[str, typer.Option("--silo", help="One silo; by default all.")]


class _Published(NamedTuple):
    """What one pointer says."""

    folder: str
    at: str  # when it was written
    found: Predictions


@app.command("list")
def list_predictions(
    name: Name,
    span: Span = "",
    overrides: Overrides = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """List the predictions of all silos and spans that readers see."""
    faults: list[str] = []
    records = []
    for folder, at, found in _published(name, span, "", overrides, output, faults):
        record: dict[str, Any] = {"silo": found.silo, "span": found.span}
        record |= {"rows": found.rows, "dead_letters": found.dead_letters}
        if as_json:
            record |= {"reasons": found.reasons, "served": found.served}
            record["model"] = found.model
        else:
            record["model"] = f"{found.served} {found.model[:12]}"
        size = sum(part.bytes for part in found.parts)
        record |= {"published": at, "parts": len(found.parts), "bytes": size}
        records.append(record | {"folder": folder})
    if as_json:
        console.data_json(records)
    elif records:
        console.data_records(records)
    for fault in faults:
        console.say(fault)
    if not records and not faults:
        console.say(_none_yet(name))
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
    """Read all files that readers see, and check them; exit status 1 if one is damaged.

    Checked are bytes, rows, dead letters, and which work each file says it holds.
    """
    from components.batch_inferrer import verify as check

    faults: list[str] = []
    told = dict.fromkeys(("pointers", "parts", "rows", "dead_letters", "unlisted"), 0)
    for folder, _, found in _published(name, span, silo, overrides, output, faults):
        told["pointers"] += 1
        told["parts"] += len(found.parts)
        told["rows"] += found.rows
        told["dead_letters"] += found.dead_letters
        with _noted(found.silo, faults):
            for fault in check.faults(folder, found):
                faults.append(f"silo `{found.silo}`: {fault}")
            told["unlisted"] += check.num_unlisted(folder, found)
    if not told["pointers"] and not faults:
        raise SettingsError(_none_yet(name))
    if as_json:
        console.data_json({**told, "faults": faults})
    else:
        for fault in faults:
            console.data(fault)
        console.data(
            f"{len(faults) or 'no'} faults in {told['parts']:,} files of "
            f"{told['pointers']:,} silos and spans: {told['rows']:,} rows, "
            f"{told['dead_letters']:,} dead letters; {told['unlisted']:,} files beside "
            "that nobody lists"
        )
        if faults:
            console.say(
                "hint: remove a damaged file, and that of the same name in `parts`, "
                f"then run `fairsilo predict {name}`: it scores their rows again"
            )
    raise typer.Exit(1 if faults else 0)


def _published(
    name: str,
    span: str,
    silo: str,
    overrides: list[str] | None,
    output: pathlib.Path | None,
    faults: list[str],
) -> Iterator[_Published]:
    """Yield what each pointer says, by silo and span; what can't be read is noted.

    Raises:
        SettingsError: There is no such use case or silo.
    """
    from components import storage
    from components.batch_inferrer import verify as check
    from components.payloads import predictions
    from pipelines import use_case
    from pipelines.places import Places

    place = use_case.find(name, overrides or []).settings.inference.output
    homes = Places(console.output_folder(name, output)).homes
    for one in _silos(homes, silo):
        files: list[storage.File] = []
        with _noted(one.id, faults):
            files = check.pointers(one, place, span)
        for file in files:
            folder = file.path.rpartition("/")[0]
            at = datetime.datetime.fromtimestamp(file.modified, datetime.UTC)
            found = None
            with _noted(one.id, faults):
                found = predictions.read(folder)
            if found:
                yield _Published(folder, at.isoformat(timespec="seconds"), found)


@contextlib.contextmanager
def _noted(silo: str, faults: list[str]) -> Iterator[None]:
    """Note an error of a silo's storage, so that the other silos are looked at too."""
    from components.storage import CredentialsError

    try:
        yield
    except CredentialsError:
        raise
    except FairSiloError as error:
        faults.append(f"silo `{silo}`: {error.message}")


def _silos(homes: pathlib.Path, silo: str) -> list[Silo]:
    """Return the silos that have a home, sorted: one, or all."""
    from components.payloads.silo import Silo

    folders = sorted(homes.iterdir()) if homes.is_dir() else []
    known = [one for one in folders if one.is_dir() and one.name[:1] != "."]
    chosen = [Silo(one.name, str(one)) for one in known if silo in ("", one.name)]
    if silo and not chosen:
        there = ", ".join(one.name for one in known) or "none"
        raise SettingsError(
            f"silo `{silo}`: found no home of it in {homes}; there are: {there}"
        )
    return chosen


def _none_yet(name: str) -> str:
    return (
        f"use case `{name}`: found no predictions; `fairsilo predict {name}` makes some"
    )
