"""The models to evaluate, and the scores that they give to a silo's rows."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from components.errors import SiloError
from components.payloads.silo import Silo
from components.scoring import batches
from components.scoring.model import Scorer

Batch = tuple[pa.RecordBatch, NDArray[np.float64]]


@dataclasses.dataclass(frozen=True)
class ScoredModel:
    """A model to evaluate.

    Attributes:
        name: `candidate` or `baseline`.
        folder: Its folder; see `scoring/model.py`.
        digest: Its digest.
        column: The column of the rows that holds its scores, for a model that
            scored elsewhere; empty where the model in `folder` is to score.
    """

    name: str
    folder: str
    digest: str
    column: str = ""

    def columns(self) -> set[str]:
        """Return the columns of the rows that its scores come from."""
        if self.column:
            return {self.column}
        return set(_scorer(self.folder, self.digest).spec.columns)

    def score(self, silo: Silo, path: str, columns: Iterable[str]) -> Iterator[Batch]:
        """Score the rows of a Parquet file.

        Args:
            silo: The silo.
            path: The file.
            columns: Columns to read beside; the batches of two models are alike
                when all they read is.

        Yields:
            Each batch with its rows' scores, float64, shape `(rows,)`, 0 to 1.

        Raises:
            FileError: See `scoring/batches.py`.
            SiloError: The column of scores is absent, not numeric, or holds what
                is no probability.
        """
        if self.column:
            for batch in batches.read_batches(path, {self.column, *columns}):
                yield batch, _column(batch, self.column, silo, path)
            return
        scorer = _scorer(self.folder, self.digest)
        for batch, scores in batches.score_batches(scorer, path, columns):
            yield batch, scores.astype(np.float64)


@functools.lru_cache(maxsize=2)  # candidate and baseline, for all silos
def _scorer(folder: str, digest: str) -> Scorer:
    del digest  # part of the key: a folder may be written again
    return Scorer(folder)


def _column(
    batch: pa.RecordBatch, column: str, silo: Silo, path: str
) -> NDArray[np.float64]:
    place, hint = f"{path}: scores `{column}`", "check the column and how it is made"
    index = batch.schema.get_field_index(column)
    kind = batch.schema.field(index).type if index >= 0 else None
    if kind is None or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        found = "no such column" if kind is None else f"type {kind}"
        raise SiloError(silo.id, place, found, "a column of numbers from 0 to 1", hint)
    values: NDArray[np.float64] = pc.cast(batch.column(index), pa.float64()).to_numpy(
        zero_copy_only=False
    )
    outside = int(np.sum(~((values >= 0.0) & (values <= 1.0))))  # NaN and null too
    if outside:
        raise SiloError(
            silo.id,
            place,
            f"{outside:,} of {len(values):,} scores outside 0 to 1 or not a number",
            "a probability in each row",
            hint,
        )
    return values
