"""How names, silos and options are written in sentences."""

from __future__ import annotations

import shlex
from collections.abc import Iterable


def listed(names: Iterable[str], most: int = 4) -> str:
    """Return the first of some names and how many more there are."""
    names = list(names)
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def of_silos(silos: Iterable[str], total: int) -> str:
    """Return how many of all silos these are, and which."""
    silos = list(silos)
    return f"{len(silos)} of {total} silo{'s' * (total != 1)} ({listed(silos)})"


def option(name: str, value: str) -> str:
    """Return an option as it is typed in a shell."""
    return shlex.join([f"--{name}", value])
