"""Errors of work items as sentences for the ledger.

An error that is meant to be read keeps its words. Of any other only the type and
the place in our code are told: its text may hold a record.
"""

from __future__ import annotations

from components import circumstances
from components.batch_inferrer.items import WorkItem
from components.errors import FairSiloError, SiloError


def reason(item: WorkItem, error: Exception) -> str:
    """Return what went wrong with an item: silo, file, found and the way out."""
    prefix = f"silo `{item.silo.id}`: {item.label}: "
    if isinstance(error, SiloError):
        return _with_hint(error.message, error.hint)
    if isinstance(error, FairSiloError):
        # Those that name the file already need the silo alone.
        named = error.message.startswith(f"{item.path}:")
        start = f"silo `{item.silo.id}`: " if named else prefix
        return _with_hint(start + error.message, error.hint)
    found, hint = circumstances.describe(error)
    return _with_hint(prefix + found, hint)


def _with_hint(message: str, hint: str) -> str:
    return f"{message}; {hint}" if hint else message
