"""Which columns of a row are not features."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Columns:
    """Which columns are not features.

    Attributes:
        label: The label.
        key: What names a row; neither measured nor disclosed.
        unmeasured: Others that are neither measured nor disclosed, such as the day
            that only sends a row to train or eval.
    """

    label: str
    key: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()
