"""The columns of scores made elsewhere: what all files lack is a mistake, and told.

A model's own rows are checked by the validator; nobody has checked these. A column
that is named and nowhere there would leave its groups, or the comparison, out without
a word, so it is refused. Where only some silos lack it, they are named. A Parquet
file's footer tells its columns: no row is read.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from components.errors import SettingsError
from components.payloads import manifest
from components.payloads.manifest import Manifest

logger = logging.getLogger(__name__)

LABEL, SCORE, BASELINE = "--label", "--score", "--baseline-score"
SLICE = "evaluation.slices"
MOST_SILOS = 5  # named one by one
MOST_COLUMNS = 30  # listed of those found


@dataclasses.dataclass(frozen=True)
class Lack:
    """What one silo's file lacks.

    Attributes:
        rows: Its rows.
        slices: Columns of groups.
        baseline: The column of the model to compare with; empty when it is there.
    """

    rows: int
    slices: tuple[str, ...]
    baseline: str

    @property
    def columns(self) -> list[str]:
        """Names of all of them."""
        return [*self.slices, *filter(None, [self.baseline])]


def check(examples: Manifest, named: Mapping[str, str]) -> dict[str, Lack]:
    """Check that every column is in some file, and find the silos that lack some.

    Args:
        examples: The silos' files.
        named: By column, what named it: `LABEL`, `SCORE`, `BASELINE` or `SLICE`.

    Returns:
        What is lacking, by silo. Silos without label or score are none of them:
        they are left out, with that reason.

    Raises:
        SettingsError: No file has one of the columns.
    """
    schemas = {
        entry.silo.id: pq.read_schema(entry.splits[manifest.EVAL].paths[0])
        for entry in examples.readable(manifest.EVAL)
    }
    found = {silo: schema.names for silo, schema in schemas.items()}
    everywhere = list(dict.fromkeys(name for names in found.values() for name in names))
    nowhere = [column for column in named if column not in everywhere]
    if found and nowhere:
        raise _nowhere({column: named[column] for column in nowhere}, found, everywhere)
    for column in (name for name, by in named.items() if by == SLICE):
        _check_kinds(column, schemas)
    lacks = {}
    for silo, names in found.items():
        absent = [column for column in named if column not in names]
        by = {named[column] for column in absent}
        if absent and not by & {LABEL, SCORE}:
            lacks[silo] = Lack(
                examples[silo].rows(manifest.EVAL),
                tuple(column for column in absent if named[column] == SLICE),
                "".join(column for column in absent if named[column] == BASELINE),
            )
    return lacks


def _check_kinds(column: str, schemas: Mapping[str, pa.Schema]) -> None:
    """Say where silos store a column so that the same value is another group."""
    silos: dict[str, list[str]] = {}
    for silo, schema in schemas.items():
        if column in schema.names:
            silos.setdefault(_kind(schema.field(column).type), []).append(silo)
    if len(silos) > 1:
        told = "; ".join(
            f"{kind} in {len(found):,} silo{'s' if len(found) > 1 else ''} ({found[0]}"
            f"{', ...' if len(found) > 1 else ''})"
            for kind, found in sorted(silos.items())
        )
        logger.warning(
            "`%s` (%s): found %s; the same value is another group in each: write it as "
            "one type",
            column,
            SLICE,
            told,
        )


def _kind(type_: pa.DataType) -> str:
    """Return in which of its forms a type names values, see `sketches/rows.py`."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    alike = (
        pa.types.is_integer,
        pa.types.is_floating,
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_null,
    )
    return "text or numbers" if any(each(type_) for each in alike) else str(type_)


def sentences(lacks: Mapping[str, Lack]) -> list[str]:
    """Return what follows for each silo that lacks columns, the first few by name."""
    told = [_sentence(silo, lack) for silo, lack in list(lacks.items())[:MOST_SILOS]]
    rest = len(lacks) - len(told)
    if rest:
        columns = dict.fromkeys(
            column
            for lack in list(lacks.values())[MOST_SILOS:]
            for column in lack.columns
        )
        told.append(
            f"and {rest:,} more silo{'s lack' if rest > 1 else ' lacks'} columns, "
            f"with the same consequence: {_quoted(list(columns))}"
        )
    return told


def _nowhere(
    nowhere: Mapping[str, str],
    found: Mapping[str, Sequence[str]],
    everywhere: Sequence[str],
) -> SettingsError:
    lacking = ", ".join(f"`{column}` ({by})" for column, by in nowhere.items())
    shown = ", ".join(everywhere[:MOST_COLUMNS])
    more = len(everywhere) - MOST_COLUMNS
    ways = []
    if options := [by for by in nowhere.values() if by != SLICE]:
        ways.append(f"check {' and '.join(options)}")
    if SLICE in nowhere.values():
        ways.append(
            f"name columns that are there by `--set {SLICE}=[...]`, empty for no "
            "groups, or write the groups into the files"
        )
    files = f"any of {len(found):,} files" if len(found) > 1 else "the file"
    return SettingsError(
        f"found no column {lacking} in {files}; the columns found: {shown or 'none'}"
        f"{f' and {more:,} more' if more > 0 else ''}",
        "; ".join(ways),
    )


def _sentence(silo: str, lack: Lack) -> str:
    effects = []
    if lack.slices:
        effects.append(
            f"found no column {_quoted(lack.slices)}, so all of its {lack.rows:,} rows "
            "count as the group `missing`"
        )
    if lack.baseline:
        effects.append(f"found no column `{lack.baseline}`, so it is not compared")
    return f"silo `{silo}`: {'; '.join(effects)}"


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)
