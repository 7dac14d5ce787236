"""Which columns of a row are not features."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Columns:
    """Which columns are not features.

    Attributes:
        label: The label.
        key: What names a row.
        split_by: What sends a row to train or eval; may be empty.
    """

    label: str
    key: tuple[str, ...] = ()
    split_by: str = ""
