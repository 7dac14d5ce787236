"""Errors of work items as sentences for the ledger.

An error that is meant to be read keeps its words. Of any other only the type and
the place in our code are told: its text may hold a record.
"""

from __future__ import annotations

from components import circumstances, tracebacks
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
    if isinstance(error, OSError):
        found = circumstances.words(error)
        return _with_hint(prefix + found, "mend the silo's storage and run again")
    if isinstance(error, MemoryError):
        return _with_hint(prefix + circumstances.words(error), "run again")
    return _with_hint(
        f"{prefix}FairSilo failed with {tracebacks.place(error)}",
        "this is a fault of FairSilo and tells nothing about the data; the operator "
        "finds the traceback in the run's log and reports it",
    )


def _with_hint(message: str, hint: str) -> str:
    return f"{message}; {hint}" if hint else message
