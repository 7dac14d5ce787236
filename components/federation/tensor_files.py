"""The files of a silo's training rows, below its home.

All are little-endian and row by row: `floats.bin` float32 `(rows, num_floats)`,
`ids.bin` int32 `(rows, num_ids)`, `labels.bin` float32 `(rows,)`. Where people are
protected, `units.bin` int32 `(rows,)` says whose each row is, from 0 without a gap.
Written by `encode.py`, read by `local_training.py` and `private_steps.py`.
"""

FLOATS = "floats.bin"
IDS = "ids.bin"
LABELS = "labels.bin"
ALL = (FLOATS, IDS, LABELS)
UNITS = "units.bin"


def folder(key: str) -> str:
    """Return the folder of the files for a key, relative to the silo's home."""
    return f"training/{key}"
