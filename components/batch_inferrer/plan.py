"""The plan of a run: each silo's files, what of them is scored already, and the rest.

What the pointer of the run before lists is carried over where file, model and form are
the same, so only what changed is read again; not even the footers of the rest are.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence

from components import storage
from components.batch_inferrer import inputs, items
from components.batch_inferrer.inputs import InputFile
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError, SettingsError, SiloError
from components.payloads import predictions
from components.payloads.manifest import SCORE, Manifest, SiloEntry
from components.payloads.predictions import Part
from components.payloads.silo import Silo
from components.scoring.served import Served

ROOT = "predictions"


@dataclasses.dataclass(frozen=True)
class SiloPlan:
    """What one silo has to be scored."""

    silo: Silo
    served: Served
    folder: str  # the span's, where its predictions go
    form: str  # digest of all but the rows that the predictions follow from
    carried: tuple[Part, ...] = ()  # scored before, and unchanged
    items: tuple[WorkItem, ...] = ()  # to be scored now
    failure: str = ""  # why the silo's files are not known; then there are no items


def plan(
    manifest: Manifest,
    serve: Callable[[Silo], Served],
    job: Job,
    settings: InferenceSettings,
) -> list[SiloPlan]:
    """Return the plan of each silo that has rows to be scored, in the manifest's order.

    Args:
        manifest: The silos, their splits and the span.
        serve: Tells which model serves a silo.
        job: What is alike for all items.
        settings: Where rows and predictions lie, and how large an item may be.

    Raises:
        SettingsError: Two silos would share a place.
        CredentialsError: The storage doesn't know us.
    """
    for place in (settings.input, settings.output):
        _check_distinct(manifest, place)
    planned, owners = [], list[tuple[str, str]]()
    for entry in manifest:
        served = serve(entry.silo)
        empty = SiloPlan(
            entry.silo,
            served,
            span_folder(entry.silo, settings.output, manifest.span),
            job.form(served, settings.rows_per_item),
        )
        try:
            files = files_of(entry, settings.input, manifest.span)
            owners += [(file.path, entry.silo.id) for file in files]
            if files:
                rows = settings.rows_per_item
                planned.append(_of_files(empty, files, rows, job.again))
            elif settings.input:
                _check_nothing_published(empty)
        except storage.CredentialsError:
            raise
        except FairSiloError as error:
            planned.append(dataclasses.replace(empty, failure=_sentence(entry, error)))
    _check_owners(owners)
    return planned


def _check_owners(files: Sequence[tuple[str, str]]) -> None:
    """Refuse a pattern that finds one file for two silos: a row is one silo's own."""
    owners: dict[str, str] = {}
    for path, silo in files:
        other = owners.setdefault(path, silo)
        if other != silo:
            raise SettingsError(
                f"inference.input: {path} is found for silo `{other}` and silo "
                f"`{silo}`, expected one silo for each file",
                "give each silo a folder of its own: `.../{silo}/...`",
            )


def _check_nothing_published(empty: SiloPlan) -> None:
    """Refuse to pass over a silo without files of which readers still see rows."""
    before = predictions.read(empty.folder)
    if before and before.parts:
        raise SiloError(
            empty.silo.id,
            empty.folder,
            f"predictions of {before.rows:,} rows, and no file of rows any more",
            "the files that they were made from",
            "correct inference.input, or remove that folder where the rows are gone",
        )


def _check_distinct(manifest: Manifest, place: str) -> None:
    taken: dict[str, str] = {}
    for silo in (entry.silo for entry in manifest if place):
        other = taken.setdefault(inputs.filled(place, silo), silo.id)
        if other != silo.id:
            raise SettingsError(
                f"{place}: found one place for silo `{other}` and silo `{silo.id}`, "
                "expected one for each",
                "use `{silo}`, or give one of them another name",
            )


def files_of(entry: SiloEntry, pattern: str, span: str) -> list[InputFile]:
    """Return a silo's files: those of its split, or what the pattern finds.

    Raises:
        StorageError: The storage can't be listed.
    """
    if pattern:
        return inputs.in_place(entry.silo, pattern, span)
    return inputs.of_split(entry) if entry.rows(SCORE) else []


def span_folder(silo: Silo, output: str, span: str) -> str:
    """Return the folder of a silo's predictions of a span."""
    root = inputs.filled(output, silo) if output else str(silo.path(ROOT))
    name = re.sub(r"[^\w.-]", "_", span).strip(".") or "all"
    return f"{root.rstrip('/')}/span={name}"


def _of_files(
    empty: SiloPlan, files: Sequence[InputFile], rows_per_item: int, again: str
) -> SiloPlan:
    known_files = {(file.name(empty.silo), file.tag) for file in files}
    carried = [] if again else _carried(empty, known_files)
    known = {part.input for part in carried}
    changed = [file for file in files if file.name(empty.silo) not in known]
    return dataclasses.replace(
        empty,
        carried=tuple(carried),
        items=tuple(_items(empty, changed, rows_per_item, again)),
    )


def _carried(empty: SiloPlan, files: set[tuple[str, str]]) -> list[Part]:
    """Return the parts of unchanged files that an earlier run published."""
    before = predictions.read(empty.folder)
    if before is None or before.form != empty.form:
        return []
    lost = {part.input for part in predictions.missing(empty.folder, before)}
    return [
        part
        for part in before.parts
        if (part.input, part.tag) in files and part.input not in lost
    ]


def _items(
    empty: SiloPlan, files: list[InputFile], rows_per_item: int, again: str
) -> Iterator[WorkItem]:
    unknown = [file for file in files if not 0 <= file.rows <= rows_per_item]
    sizes = dict(
        zip((file.path for file in unknown), inputs.group_sizes(unknown), strict=True)
    )
    for file in files:
        for groups, first, rows in items.cut(
            file, sizes.get(file.path, []), rows_per_item
        ):
            yield WorkItem(
                silo=empty.silo,
                file=file,
                rows=rows,
                row_groups=groups,
                first_row=first,
                folder=empty.folder,
                form=empty.form + again,
                served=empty.served,
            )


def _sentence(entry: SiloEntry, error: FairSiloError) -> str:
    named = isinstance(error, SiloError)
    found = error.message if named else f"silo `{entry.silo.id}`: {error.message}"
    return f"{found}; {error.hint}" if error.hint else found
