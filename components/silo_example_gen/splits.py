r"""Sends rows to train, choose or eval by a hash that never changes.

$$u(v) = \mathrm{SHA256}(\text{"fairsilo:"} v)_{[0:8]} / 2^{64} \in [0, 1)$$

A value $v$ (a day or a key) is held out for eval when $u(v)$ is below its share, and
to choose models by when it lies in the share that follows. The hash knows no seed and
no run: were a day to move from eval to train between two runs, the later model would be
judged on days its baseline trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SALT = "fairsilo:"
SEPARATOR = "\x1f"


def held_out(value: str, share: float, after: float = 0.0) -> bool:
    """Return whether rows with this value are held out, as this share (0 to 1) are.

    They follow the share `after` of other held-out rows.
    """
    head = hashlib.sha256(f"{SALT}{value}".encode()).digest()[:8]
    return after * 2.0**64 <= int.from_bytes(head, "big") < (after + share) * 2.0**64


def held_out_rows(
    table: pa.Table, columns: Sequence[str], share: float, after: float = 0.0
) -> NDArray[np.bool_]:
    """Return a mask of the rows that are held out, shape `(rows,)`.

    Args:
        table: The rows.
        columns: What they are split by, together.
        share: Expected share of values that are held out, 0 to 1.
        after: See `held_out`.
    """
    values = identities(table, columns)
    encoded = pc.dictionary_encode(values)
    verdicts = np.array(
        [held_out(value, share, after) for value in encoded.dictionary.to_pylist()],
        np.bool_,
    )
    mask: NDArray[np.bool_] = verdicts[encoded.indices.to_numpy(zero_copy_only=False)]
    return mask


def identities(table: pa.Table, columns: Sequence[str]) -> pa.Array:
    """Return one string a row, equal for rows that agree in `columns`.

    Null and the empty string differ, and no value can hold a separator: the
    characters that mean something here are escaped.
    """
    parts = [_text(table[name]) for name in columns]
    return pc.binary_join_element_wise(*parts, SEPARATOR)


def _text(column: pa.ChunkedArray) -> pa.Array:
    chunks = column.cast(pa.string()).chunks
    text = pa.concat_arrays([pa.array([], pa.string()), *chunks])
    escaped = pc.replace_substring(text, "\x1e", "\x1e0")
    escaped = pc.replace_substring(escaped, SEPARATOR, "\x1e1")
    return pc.fill_null(escaped, "\x1e2")
