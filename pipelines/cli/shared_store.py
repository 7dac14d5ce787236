"""The commands' way into a cluster's store, for machines without its folders."""

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
    given = [("--output", output), ("--set", overrides)]
    for option, value in given:
        if value:
            raise SettingsError(
                f"found {option} beside a store (--store, or FAIRSILO_STORE in the "
                "environment), expected one of them: the store is a cluster's, and "
                f"{option} speaks of this machine",
                f"leave out {option}, or unset FAIRSILO_STORE",
            )


def place(url: str) -> str:
    """Return the store's host and port, or its file."""
    import sqlalchemy as sa

    from components import store, store_url

    return store.place(sa.make_url(store_url.resolve(url)))


def decisions_on(url: str, name: str, silo: str) -> OperatorState:
    """Return the operator's state, once the silo is known to be one.

    Args:
        url: The store.
        name: Name of the use case.
        silo: The silo's id.

    Raises:
        SettingsError: Neither the latest runs nor the operator know that silo.
    """
    from components.operator_state import OperatorState
    from components.payloads.silo import check_id
    from pipelines.run_store import RunStore

    check_id(silo)
    state = OperatorState(url, name)
    known = RunStore(url, name).silos()
    if not known:
        console.say(
            f"no run of `{name}` has told its silos yet, so whether `{silo}` is one "
            "could not be checked"
        )
    elif silo not in known and silo not in state.quarantined():
        raise SettingsError(
            f"silo `{silo}`: found no such silo in the latest runs of `{name}`; there "
            f"are {', '.join(known)}"
        )
    return state


def silos(url: str, name: str) -> list[dict[str, Any]]:
    """Return the silos of the latest runs, and what was decided by hand."""
    from components.operator_state import OperatorState
    from components.payloads import findings
    from pipelines.run_store import RunStore

    known = RunStore(url, name).silos()
    by_hand = OperatorState(url, name).quarantined()
    listed = []
    for silo in sorted({*known, *by_hand}):
        told = known.get(silo, {})
        listed.append(
            {
                "silo": silo,
                "run_id": told.get("run_id"),
                "rows_train": told.get("rows_train"),
                "admitted": told.get("admitted"),
                "reasons": [
                    dataclasses.asdict(one)
                    for one in findings.all_of_json(told.get("reasons", ()))
                ],
                "quarantined": by_hand.get(silo, ""),
            }
        )
    return listed
