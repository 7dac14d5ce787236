"""Names that a use case has on the server."""

from __future__ import annotations

import re

_NOT_TAKEN = re.compile(r"[^a-z0-9-]+")


def pipeline_name(use_case: str) -> str:
    """Return a use case's name as Kubeflow takes it: a-z, 0-9 and -.

    Its pipeline and its experiment are called so.
    """
    return _NOT_TAKEN.sub("-", use_case)
