"""The silos of a cluster's store, for machines without its folders."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import TYPE_CHECKING, Any

from components.errors import SettingsError
from pipelines.cli import console

if TYPE_CHECKING:
    from components.operator_state import OperatorState


def refuse_local(
    output: pathlib.Path | None, overrides: list[str] | None = None
) -> None:
    """Refuse options that speak of local folders.

    Raises:
        SettingsError: One of them was given.
    """
    for option, value in (("--output", output), ("--set", overrides)):
        if value:
            raise SettingsError(
                f"found {option} beside a store (--store, or FAIRSILO_STORE in the "
                "environment), expected one of them: the store is a cluster's, and "
                f"{option} speaks of this machine",
                f"leave out {option}, or unset FAIRSILO_STORE",
            )


def place(url: str) -> str:
    """Return the store's host and port, or its file."""
    from components import store

    return store.url_place(url)


def where(url: str) -> str:
    """Return in which store something was recorded, to end a sentence with."""
    return f" (the store at {place(url)})" if url else ""


def decisions_on(url: str, name: str, silo: str) -> OperatorState:
    """Return a use case's operator's state, once the silo is known to be one.

    Raises:
        SettingsError: Neither the latest runs nor the operator know that silo.
    """
    from components.operator_state import OperatorState
    from components.payloads.silo import check_id
    from pipelines.runs.store import RunStore

    check_id(silo)
    state = OperatorState(url, name)
    known = RunStore(url, name).silos()
    if not known:
        console.say(
            f"no run of `{name}` has named its silos yet, so whether `{silo}` is one "
            "could not be checked"
        )
    elif silo not in known and silo not in state.quarantined():
        raise SettingsError(
            f"silo `{silo}`: found no such silo in the latest runs of `{name}`; there "
            f"are {', '.join(known)}"
        )
    return state


def silos(url: str, name: str) -> list[dict[str, Any]]:
    """Return the silos of the latest runs, and their manual quarantine."""
    from components.operator_state import OperatorState
    from pipelines.runs.store import RunStore

    known = RunStore(url, name).silos()
    quarantined = OperatorState(url, name).quarantined()
    return [
        {
            "silo": silo,
            "run_id": run_id,
            "rows_train": entry and entry.rows_train,
            "admitted": entry and entry.admitted,
            "reasons": [dataclasses.asdict(r) for r in entry.reasons] if entry else [],
            "quarantined": quarantined.get(silo, ""),
        }
        for silo in sorted({*known, *quarantined})
        for run_id, entry in [known.get(silo, (None, None))]
    ]
