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

_T = TypeVar("_T")
app = typer.Typer(no_args_is_help=True, help="List and check predictions.")
Span = Annotated[str, typer.Option(help="One span; by default all.")]
NONE_YET = (
    "use case `{0}`: found no predictions of silos whose homes lie here; `fairsilo "
    "predict {0}` makes some, or --output names where runs write"
)
HINT = (
    "hint: remove a damaged file, and that of the same name in `parts`, then run "
    "`fairsilo predict {}`: it scores their rows again"
)


@app.command("list")
def list_predictions(
    name: Name,
    span: Span = "",
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
        | {"published": at, "parts": len(found.parts)}
        | {"bytes": sum(part.bytes for part in found.parts), "folder": folder}
        for folder, at, found in _published(name, span, "", overrides, output, faults)
    ]
    if as_json:
        console.data_json(records)
    elif records:
        console.data_records(records)
    for fault in faults or ([] if records else [NONE_YET.format(name)]):
        console.say(fault)
    raise typer.Exit(1 if faults else 0)


@app.command()
def verify(
    name: Name,
    span: Span = "",
    silo: Annotated[str, typer.Option(help="One silo; by default all.")] = "",
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
    for folder, _, found in _published(name, span, silo, overrides, output, faults):
        told["pointers"] += 1
        told["parts"] += len(found.parts)
        told["rows"] += found.rows
        told["dead_letters"] += found.dead_letters
        told["unlisted"] += check.num_unlisted(folder, found)
        faults += [f"silo `{found.silo}`: {it}" for it in check.faults(folder, found)]
    if not told["pointers"] and not faults:
        raise SettingsError(NONE_YET.format(name))
    if as_json:
        console.data_json({**told, "faults": faults})
    else:
        counts = ", ".join(
            f"{it:,} {key.replace('_', ' ')}" for key, it in told.items()
        )
        console.data("\n".join([*faults, f"{len(faults)} faults: {counts}"]))
    if faults:
        console.say(HINT.format(name))
    raise typer.Exit(1 if faults else 0)


def _published(
    name: str,
    span: str,
    silo: str,
    overrides: list[str] | None,
    output: pathlib.Path | None,
    faults: list[str],
) -> Iterator[tuple[str, str, Predictions]]:
    """Yield each pointer's folder, when it was written, and what it says.

    What can't be read is added to `faults`, and the other silos are looked at.
    """
    from components import storage
    from components.batch_inferrer import plan
    from components.payloads import predictions
    from pipelines import use_case
    from pipelines.places import Places

    def tried(one: Silo, call: Callable[[str], _T], where: str) -> _T | None:
        try:
            return call(where)
        except storage.CredentialsError:
            raise
        except FairSiloError as error:
            faults.append(f"silo `{one.id}`: {error.message}")
            return None

    place = use_case.find(name, overrides or []).settings.inference.output
    for one in _silos(Places(console.output_folder(name, output)).homes, silo):
        below = plan.span_folder(one, place, span)
        above = storage.escape(below if span else below.rpartition("/")[0])
        pattern = predictions.pointer(above if span else f"{above}/span=*")
        for file in tried(one, storage.find, pattern) or ():
            folder = file.path.rpartition("/")[0]
            at = datetime.datetime.fromtimestamp(file.modified, datetime.UTC)
            if found := tried(one, predictions.read, folder):
                yield folder, at.isoformat(timespec="seconds"), found


def _silos(homes: pathlib.Path, silo: str) -> list[Silo]:
    """Return the silos that have a home, sorted: one, or all."""
    from components.payloads.silo import Silo

    folders = sorted(homes.iterdir()) if homes.is_dir() else []
    known = {it.name: Silo(it.name, str(it)) for it in folders if it.name[:1] != "."}
    if silo and silo not in known:
        raise SettingsError(
            f"silo `{silo}`: found no home of it in {homes}, expected one of "
            f"{', '.join(known) or 'a silo'}"
        )
    return [known[silo]] if silo else [*known.values()]
