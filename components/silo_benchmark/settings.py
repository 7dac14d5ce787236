"""Settings of personal models and of the comparison that chooses what serves a silo."""

from __future__ import annotations

from typing import Literal

import pydantic

from components.settings import Section

Method = Literal["none", "fine_tune", "ditto", "mr_mtl"]


class PersonalSettings(Section):
    """Whether each silo gets a model of its own, trained from the federation's."""

    method: Method = "none"
    """`none`, `fine_tune`, `ditto` (drawn to the federation's model) or `mr_mtl` (drawn
    to the mean of the silos' models); all but `none` need `rows.choose_share`."""

    passes: int = pydantic.Field(default=10, ge=1, le=1_000)
    """Most passes over a silo's own rows; the best one is kept."""

    learning_rate: float | None = pydantic.Field(default=None, gt=0, le=100)
    """Step of the training; null: that of `training.client_learning_rate`."""

    strength: float = pydantic.Field(default=0.03, gt=0, le=100)
    """How strongly `ditto` and `mr_mtl` draw a silo's weights; their lambda."""

    pooled: bool = False
    """Whether a model is trained on the rows of all silos together, to compare with.
    Only where one operator may hold them all: their rows meet."""
