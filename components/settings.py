"""The base of each node's section of the settings.

A node owns the model of its own section, so that a change in one section can't
invalidate the cache of another node. Unknown keys are refused.
"""

from __future__ import annotations

import pydantic


class Section(pydantic.BaseModel):
    """One node's section: immutable, and strict about its keys."""

    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True
    )
