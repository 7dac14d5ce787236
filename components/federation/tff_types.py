"""Names for what TFF hands about: it has no types that a checker could see."""

from __future__ import annotations

from typing import Any, TypeAlias

Computation: TypeAlias = Any  # a `tff.Computation`
Type: TypeAlias = Any  # a `tff.Type`
Value: TypeAlias = Any  # what a computation takes or gives; in a graph, tensors
Request: TypeAlias = Any  # a message to or from a worker
