"""A silo's name in Kubernetes and Azure, where its id can't be one.

The rule is that of `k8s/chart/templates/_helpers.tpl` and `k8s/terraform/silos.tf`.
"""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*")
_MAX_LETTERS = 40
_READABLE_LETTERS = 31


def slug(silo: str) -> str:
    """Return a silo's id in small letters, or what is readable of it and a digest."""
    if _PLAIN.fullmatch(silo) and len(silo) <= _MAX_LETTERS:
        return silo.lower()
    readable = re.sub(r"[^a-z0-9]+", "-", silo.lower()).strip("-")
    readable = readable[:_READABLE_LETTERS].strip("-") or "silo"
    return f"{readable}-{hashlib.sha256(silo.encode()).hexdigest()[:8]}"
