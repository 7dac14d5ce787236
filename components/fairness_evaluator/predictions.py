"""Scores made elsewhere: a folder of files, one a silo, as an evaluation's input.

Any model can be evaluated so: nothing here asks where a score comes from. The
operator's side sees names, row counts and digests; rows are read by silo tasks.
"""

from __future__ import annotations

import itertools
import logging
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

from components import digests
from components.errors import FairSiloError, SettingsError
from components.payloads import manifest
from components.payloads.cohort import Cohort, Member
from components.payloads.findings import Finding
from components.payloads.manifest import Manifest, SiloEntry, Split
from components.payloads.silo import Silo, check_id

logger = logging.getLogger(__name__)

EXPECTED = "one Parquet file a silo, `SILO.parquet` or `SILO/NAME.parquet`"


def find(folder: pathlib.Path, use_case: str) -> Manifest:
    """List the silos of a folder of predictions.

    Args:
        folder: Holds one Parquet file a silo, or a folder a silo with one file.
        use_case: Name for the evaluation.

    Returns:
        Each file as its silo's evaluation split, or why it is no Parquet.

    Raises:
        SettingsError: It is a file, there is no such folder, no Parquet file in it,
            a silo has two files, or a silo's name can't be one.
    """
    if folder.is_file():
        raise SettingsError(
            f"{folder}: found a file, expected a folder with {EXPECTED}",
            "give the folder that it lies in",
        )
    if not folder.is_dir():
        raise SettingsError(f"{folder}: found no such folder, expected {EXPECTED}")
    files: dict[str, pathlib.Path] = {}
    direct = ((path.stem, path) for path in sorted(folder.glob("*.parquet")))
    inside = ((path.parent.name, path) for path in sorted(folder.glob("*/*.parquet")))
    for silo, path in itertools.chain(direct, inside):
        if path.parent == folder and not path.is_file():
            continue
        if silo in files:
            raise SettingsError(
                f"silo `{silo}`: found {files[silo]} and {path}, expected one file",
                "put all its rows into one file, or name the silos apart",
            )
        files[check_id(silo)] = path
    if not files:
        raise SettingsError(
            f"{folder}: found no file named *.parquet, expected {EXPECTED}",
            "write other formats as Parquet first, for example with pandas",
        )
    read = set(files.values())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path not in read:
            logger.warning("%s is not evaluated: expected %s", path, EXPECTED)
    entries = tuple(_entry(silo, files[silo]) for silo in sorted(files))
    return Manifest(use_case, "", entries)


def cohort(examples: Manifest) -> Cohort:
    """Return the cohort in which every silo takes part."""
    return Cohort(
        tuple(
            Member(entry.silo.id, True, rows={manifest.EVAL: entry.rows(manifest.EVAL)})
            for entry in examples
        ),
        quorum=1,
    )


def digest(examples: Manifest, column: str) -> str:
    """Return a digest that stands for the scores of a column."""
    splits = (split for entry in examples for split in entry.splits.values())
    contents = sorted(split.digest for split in splits)
    return digests.of_json([column, contents])


def require_some_evaluated(examples: Manifest, left_out: dict[str, str]) -> None:
    """Raise a FairSiloError with the first reason if no silo could be evaluated."""
    if set(examples.silos) <= set(left_out):
        silo = examples.silos[0]
        raise FairSiloError(
            f"not one of {len(examples.silos)} silos could be evaluated; the first: "
            f"{left_out[silo]}",
            "check --label, --score and the files",
        )


def _entry(silo: str, path: pathlib.Path) -> SiloEntry:
    there = Silo(silo, str(path.parent))
    try:
        with path.open("rb") as file:  # Arrow's own errors tell no reason
            rows = pq.read_metadata(file).num_rows
    except (pa.ArrowException, OSError) as error:
        why = getattr(error, "strerror", None) or "found no Parquet, expected a file"
        return SiloEntry(
            there,
            error=Finding(
                f"silo `{silo}`: {path}: {why}",
                "write what is named here as Parquet again, for FairSilo to read",
            ),
        )
    split = Split.of(str(path.absolute()), digests.of_file(path), rows)
    return SiloEntry(there, splits={manifest.EVAL: split})
