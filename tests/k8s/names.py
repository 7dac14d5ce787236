"""What the chart and Terraform call a silo in Kubernetes and Azure."""

from __future__ import annotations

import hashlib
import re

# Ids that need care, in several scripts; the last is cut.
IDS = ["9E", "north-sea", "Süd", "sud", "a b", "a--b", "-x-", "北"]
IDS += ["Air France \N{EN DASH} " + 30 * "x"]


def slug_of(silo: str) -> str:
    """Return the slug of a silo's id."""
    if re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", silo) and len(silo) <= 40:
        return silo.lower()
    readable = re.sub(r"[^a-z0-9]+", "-", silo.lower()).strip("-")[:31].strip("-")
    return f"{readable or 'silo'}-{hashlib.sha256(silo.encode()).hexdigest()[:8]}"
