"""Settings of the data: where the silos lie and what their rows mean."""

from __future__ import annotations

from typing import Literal, Self

import pydantic

from components.settings import Section

SPAN = "{span}"
SILO = "{silo}/"


class SilosSettings(Section):
    """Where the silos' files lie: one folder a silo, Parquet or CSV."""

    root: str
    """Folder that holds one folder for each silo; never written to."""

    pattern: str = "{silo}/*"
    """Files of a silo, below root: starts with `{silo}/`, may hold one `{span}`,
    and the wildcards * and ?."""

    @pydantic.field_validator("pattern")
    @classmethod
    def _check_pattern(cls, value: str) -> str:
        if not value.startswith(SILO):
            raise ValueError("must start with '{silo}/': one folder for each silo")
        if value.count(SPAN) > 1 or "{" in value[len(SILO) :].replace(SPAN, ""):
            raise ValueError("may hold '{span}' once, and no other braces")
        if ".." in value.split("/"):
            raise ValueError("may not hold '..': it would leave the silo's folder")
        return value

    @property
    def has_spans(self) -> bool:
        """Whether files are told apart by span."""
        return SPAN in self.pattern

    @property
    def file_pattern(self) -> str:
        """The pattern below a silo's own folder."""
        return self.pattern[len(SILO) :]


class RowsSettings(Section):
    """What a row means, and which split it goes to."""

    label: str
    """Column of the binary label; rows without one can't train."""

    label_values: tuple[str, str] | None = None
    """The label's negative and positive value, where it isn't 0 and 1."""

    key: tuple[str, ...] = ()
    """Columns that name a row; predictions carry them."""

    split_by: tuple[str, ...] = ()
    """Columns whose values send a row to train, choose or eval, such as the day; empty:
    the key. They decide for ever, so they never change for a row that is known."""

    null_values: tuple[str, ...] = ("",)
    """How CSV files write a missing value."""

    eval_share: float = pydantic.Field(default=0.2, gt=0, lt=1)
    """Share of the values of split_by that go to eval, 0 to 1."""

    choose_share: float = pydantic.Field(default=0.0, ge=0, lt=1)
    """Share of the values of split_by that no model trains on and by which each silo's
    model is chosen, 0 to 1; needed for `personal.method`, the algorithm `loss_gap` and
    the gates `worse_than_alone` and `base_worse_than_alone`."""

    score: Literal["following_span", "unlabelled", "all"] = "unlabelled"
    """Which rows are scored: those of the following span, those without a label,
    or all."""

    @pydantic.field_validator("key", "split_by", mode="before")
    @classmethod
    def _one_column(cls, value: object) -> object:
        return [value] if isinstance(value, str) and value else value or ()

    @pydantic.field_validator("key", "split_by", "label_values")
    @classmethod
    def _check_distinct(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value and len(set(value)) < len(value):
            raise ValueError("expected different values, found one twice")
        return value

    @pydantic.model_validator(mode="after")
    def _check_identity(self) -> Self:
        if not self.key and not self.split_by:
            raise ValueError(
                "found neither `key` nor `split_by`, expected the columns that tell "
                "rows apart: without them a new column would move rows that were held "
                "out into training"
            )
        if self.eval_share + self.choose_share >= 1.0:
            raise ValueError(
                f"found eval_share and choose_share of {self.eval_share:g} and "
                f"{self.choose_share:g}, expected them to leave rows to train on"
            )
        return self


class SourceSettings(Section):
    """The section of SiloExampleGen: place and meaning together."""

    silos: SilosSettings
    rows: RowsSettings

    @pydantic.model_validator(mode="after")
    def _check_score(self) -> Self:
        if self.rows.score == "following_span" and not self.silos.has_spans:
            raise ValueError(
                "rows.score is 'following_span', so silos.pattern must hold '{span}'"
            )
        return self
