"""Rows that trip encodings: missing, not finite, huge, subnormal, odd text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from hypothesis import strategies as st

from components.features.spec import Categorical, FeatureSpec, Numeric

SPEC = FeatureSpec(
    (
        Numeric("weight", 0.3, 0.7),
        Numeric("tiny", 0.0, 1e-9),
        Numeric("size", 12345.6, 3.3e5, integer=True),
        Numeric("vast", -2e37, 3e37),
        Numeric("huge", 0.0, 2.0**60, integer=True),
    ),
    (
        Categorical("colour", ("red", "röt", "", "a\0", "\0", "東京", " red")),
        Categorical("hour", ("7", "-1", str(2**63 - 1)), integer=True),
        Categorical("unknown", ()),
    ),
    clip=5.0,
)

FLOATS = st.none() | st.floats(width=32)
INTEGERS = st.none() | st.integers(-(2**63), 2**63 - 1)
STRINGS = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.fixed_dictionaries(
    {
        "weight": FLOATS | st.floats(-4, 4, width=32),
        "tiny": FLOATS | st.floats(-(2.0**-20), 2.0**-20, width=32),
        "size": INTEGERS | st.integers(-10_000, 1_700_000),
        "vast": FLOATS,
        "huge": INTEGERS,
        "colour": STRINGS | st.sampled_from(SPEC.categorical[0].values),
        "hour": INTEGERS | st.sampled_from([7, -1, 2**63 - 1]),
        "unknown": STRINGS,
    }
)
KINDS = {
    "weight": pa.float32(),
    "tiny": pa.float32(),
    "size": pa.int64(),
    "vast": pa.float64(),
    "huge": pa.int64(),
    "colour": pa.string(),
    "hour": pa.int64(),
    "unknown": pa.string(),
}
HOSTILE: list[dict[str, object]] = [
    {"weight": float("nan"), "huge": 2**60 + 2**36 + 1, "colour": "a\0"},
    {"weight": float("inf"), "size": -(2**63), "colour": "\0", "hour": -1},
    {"weight": -float("inf"), "size": 2**63 - 1, "colour": "", "hour": 2**63 - 1},
    {"weight": 1e-40, "tiny": 1e-40, "vast": 3.4e38, "colour": "a"},
    {"tiny": -1e-38, "vast": -3.4e38, "colour": "röt", "unknown": "\0"},
    {"weight": 3.4e38, "size": 0, "colour": "東京", "unknown": ""},
    {"colour": " red", "hour": 0},
    {},
]


def table(rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return rows as a table of the types of `KINDS`."""
    return pa.table(
        {
            name: pa.array([row.get(name) for row in rows], kind)
            for name, kind in KINDS.items()
        }
    )
