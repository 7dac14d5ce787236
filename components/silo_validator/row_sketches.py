r"""Row sketches: keyed digests of a share of a silo's training rows.

Of rows $X$ a sketch keeps the 64-bit digests $h(x) < 2^{64} / 2^s$: FracMinHash of
Irber et al. (2022), <https://doi.org/10.1101/2022.01.11.475838>, after Broder (1997),
<https://doi.org/10.1109/SEQUEN.1997.666900>. $h$ is SipHash-2-4 (Aumasson and Bernstein
2012, <https://eprint.iacr.org/2012/351>), which pandas computes and mixes once more,
under a key of the silos: without it no digest of a known row can be computed.

Three subsets of the columns, each without every third one, have sketches too: rows that
were edited in one column agree in one of them. Where rows repeat within a silo, they
may agree with other silos' by chance: no digest leaves.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import pathlib
import secrets
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from components.errors import SiloError
from components.payloads.silo import Silo
from components.silo_validator import checks

KEY_FILE = ".row-key"  # no silo's name begins with a dot
KEY_CHARACTERS = 32
KEY_HINT = (
    "give each silo the same file, as `openssl rand -hex 32` writes it, which it alone "
    "may read; or leave `validation.row_key_file` empty where one operator holds the "
    "data of all silos"
)
THIRDS = 3
LEAST_DISTINCT = 0.95  # share of a silo's rows
MAX_DIGESTS = 4096


class Sketch(NamedTuple):
    """Digests of the rows of one subset of the columns."""

    distinct: float  # share of the rows that differ from one another, 0 to 1
    scale: int  # s: one digest in 2^s is kept
    digests: NDArray[np.uint64]  # rising; none where too many rows repeat

    def count(self, scale: int) -> int:
        """Return how many digests a sketch of this scale, or a coarser one, keeps."""
        last = np.uint64((2**64 - 1) >> scale)
        return int(np.searchsorted(self.digests, last, "right"))


def read_key(silo: Silo, file: str) -> bytes:
    """Return the 16 bytes of the silos' key; read inside the silo's task alone.

    It stands in `file`; if that is empty, beside the silos' homes, made at first use.

    Raises:
        SiloError: The file can't be read, or is too short.
    """
    path = pathlib.Path(file or pathlib.Path(silo.home).parent / KEY_FILE)
    place, expected = f"the row key ({path})", f"at least {KEY_CHARACTERS} characters"
    try:
        if not file and not path.exists():
            _make_key(path)
        text = path.read_bytes().strip()  # editors add a new line
    except OSError as error:
        found = f"a file that can't be read ({error.strerror})"
        raise SiloError(silo.id, place, found, expected, KEY_HINT) from None
    if len(text) < KEY_CHARACTERS:
        raise SiloError(silo.id, place, f"{len(text)} characters", expected, KEY_HINT)
    return hashlib.blake2b(text, digest_size=16).digest()


def _make_key(path: pathlib.Path) -> None:
    # Whole before it has its name; a link, unlike a rename, replaces no other's key.
    prefix = f"{KEY_FILE}-"
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=prefix) as file:
        file.write(secrets.token_hex(32))
        file.flush()
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(file.name)


def of_rows(table: pa.Table, columns: Sequence[str], key: bytes) -> list[Sketch]:
    """Return the sketches of all columns and of the subsets.

    Args:
        table: The rows, at least one.
        columns: Names in an order that the silos share, also of those not there.
        key: 16 bytes.
    """
    hashes = pd.DataFrame(0, range(table.num_rows), columns, np.uint64)
    for name in {*columns} & {*table.schema.names}:
        hashes[name] = checks.hashes(table.select([name]))
    subsets = [
        [name for i, name in enumerate(columns) if i % THIRDS != left_out]
        for left_out in (None, *range(THIRDS if columns[1:] else 0))
    ]
    rows = (pd.util.hash_pandas_object(hashes[names], index=False) for names in subsets)
    return [sketch(own.to_numpy(), key) for own in rows]


def sketch(rows: NDArray[np.uint64], key: bytes) -> Sketch:
    """Return the sketch of rows, at least one, of which each is given by a hash."""
    unique = np.unique(rows)
    distinct = len(unique) / len(rows)
    if distinct < LEAST_DISTINCT:
        return Sketch(distinct, 0, unique[:0])
    texts = unique.astype("<u8").view("S8").astype(object)
    secret = key.decode("latin-1")  # which encodes each byte by itself
    digests = pd.util.hash_array(texts, "latin-1", secret, categorize=False)
    whole = Sketch(distinct, 0, np.sort(digests))
    scale = next(s for s in range(64) if whole.count(s) <= MAX_DIGESTS)
    return Sketch(distinct, scale, whole.digests[: whole.count(scale)])


def to_json(sketches: Iterable[Sketch]) -> list[list[Any]]:
    """Return sketches as JSON: distinct, scale and digests of each."""
    return [
        [distinct, scale, base64.b64encode(digests.astype("<u8").tobytes()).decode()]
        for distinct, scale, digests in sketches
    ]


def of_json(items: Iterable[Sequence[Any]]) -> list[Sketch]:
    """Return the sketches that `to_json` gave."""
    return [
        Sketch(distinct, scale, np.frombuffer(base64.b64decode(digests), "<u8"))
        for distinct, scale, digests in items
    ]
