"""The base of each node's section of the settings.

A node owns the model of its own section, so that a change in one section can't
invalidate the cache of another node. Unknown keys are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

import pydantic

# `cpu: 2` is a number in YAML.
_AsText = pydantic.BeforeValidator(lambda value: value if value is None else str(value))
Cpu = Annotated[str, _AsText, pydantic.Field(pattern=r"^[0-9]+(\.[0-9]+)?m?$")]
# With a unit: Kubernetes reads `4` as four bytes. KFP's SDK takes whole numbers only.
Memory = Annotated[str, _AsText, pydantic.Field(pattern=r"^[0-9]+(M|G|T|Mi|Gi|Ti)$")]


class Section(pydantic.BaseModel):
    """One node's section: immutable, and strict about its keys."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False
    )

    @pydantic.field_validator("*", mode="before")
    @classmethod
    def _no_bool_as_number(
        cls,
        value: Any,  # noqa: ANN401  as the file has it
        info: pydantic.ValidationInfo,
    ) -> Any:  # noqa: ANN401
        """Refuse `yes` and `true` where pydantic would read them as 1."""
        kind = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and {int, float} & {kind, *get_args(kind)}:
            raise ValueError("expected a number")
        return value
