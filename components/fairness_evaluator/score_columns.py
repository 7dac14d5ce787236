"""The columns of scores made elsewhere: what all files lack is a mistake, and said.

A model's own rows are checked by the validator; nobody has checked these. A column
that is named and nowhere there would leave its groups, or the comparison, out without
a word, so it is refused. Where only some silos lack it, they are named. A Parquet
file's footer tells its columns: no row is read.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
from collections.abc import Iterable, Mapping

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
# What `sketches/rows.py` names the same values of alike.
TEXT_OR_NUMBERS = (
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_null,
)


@dataclasses.dataclass(frozen=True)
class Lack:
    """What one silo's file lacks."""

    rows: int  # that it has
    slices: tuple[str, ...]
    baseline: str  # the column of the model to compare with; empty when it is there

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
    everywhere = list(
        dict.fromkeys(itertools.chain(*(s.names for s in schemas.values())))
    )
    nowhere = {name: by for name, by in named.items() if name not in everywhere}
    if schemas and nowhere:
        raise _nowhere(nowhere, everywhere)
    for column, by in named.items():
        if by == SLICE:
            _check_types(column, schemas)
    lacks = {}
    for silo, schema in schemas.items():
        absent = {name: by for name, by in named.items() if name not in schema.names}
        if absent and not {LABEL, SCORE} & set(absent.values()):
            lacks[silo] = Lack(
                examples[silo].rows(manifest.EVAL),
                tuple(name for name, by in absent.items() if by == SLICE),
                "".join(name for name, by in absent.items() if by == BASELINE),
            )
    return lacks


def _nowhere(nowhere: Mapping[str, str], everywhere: list[str]) -> SettingsError:
    lacking = ", ".join(f"`{column}` ({by})" for column, by in nowhere.items())
    shown = ", ".join(everywhere[:MOST_COLUMNS]) or "none"
    more = len(everywhere) - MOST_COLUMNS
    ways = [f"check {by}" for by in nowhere.values() if by != SLICE]
    if SLICE in nowhere.values():
        ways.append(
            f"name columns that are there by `--set {SLICE}=[...]`, empty for no "
            "groups, or write the groups into the files"
        )
    return SettingsError(
        f"found no column {lacking} in the files; the columns found: {shown}"
        f"{f' and {more:,} more' if more > 0 else ''}",
        "; ".join(ways),
    )


def _check_types(column: str, schemas: Mapping[str, pa.Schema]) -> None:
    """Say where silos store a column so that the same value is another group."""
    silos: dict[str, list[str]] = {}
    for silo, schema in schemas.items():
        if column in schema.names:
            silos.setdefault(_type_name(schema.field(column).type), []).append(silo)
    if len(silos) > 1:
        found = "; ".join(
            f"{kind} in {len(silos[kind]):,} of {len(schemas):,} silos, such as "
            f"{silos[kind][0]}"
            for kind in sorted(silos)
        )
        logger.warning(
            "`%s` (%s): found %s; the same value is another group in each: write it as "
            "one type",
            column,
            SLICE,
            found,
        )


def _type_name(type_: pa.DataType) -> str:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    alike = any(is_kind(type_) for is_kind in TEXT_OR_NUMBERS)
    return "text or numbers" if alike else str(type_)


def sentences(lacks: Mapping[str, Lack]) -> list[str]:
    """Return what follows for each silo that lacks columns, the first few by name."""
    warnings = [
        _sentence(silo, lack) for silo, lack in list(lacks.items())[:MOST_SILOS]
    ]
    rest = list(lacks.values())[MOST_SILOS:]
    if rest:
        columns = dict.fromkeys(itertools.chain(*(lack.columns for lack in rest)))
        warnings.append(
            f"{len(rest):,} more of {len(lacks):,} silos lack columns, with the same "
            f"consequence: {_quoted(columns)}"
        )
    return warnings


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


def _quoted(columns: Iterable[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)
