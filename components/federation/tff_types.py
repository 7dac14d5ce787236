"""Names for what TFF hands about: it has no types that a checker could see."""

from __future__ import annotations

from typing import Any, TypeAlias

Computation: TypeAlias = Any
"""A `tff.Computation`."""

Type: TypeAlias = Any
"""A `tff.Type`."""

Value: TypeAlias = Any
"""What a computation takes or gives, placed or not; in a graph, tensors."""

Request: TypeAlias = Any
"""A message to or from a worker."""
