"""`fairsilo ledger`: silos' privacy budgets, and what they were spent on."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console, past
from pipelines.cli.options import Json, Name, Output, Overrides, Store

if TYPE_CHECKING:
    from components.privacy.ledger import PrivacyLedger
    from pipelines.runs.store import RunStore

app = typer.Typer(
    no_args_is_help=True, help="Show privacy budgets, and what they were spent on."
)
Silo = Annotated[str, typer.Option(help="One silo; by default all.")]


@app.command()
def show(
    name: Name,
    silo: Silo = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show what was reserved and settled, oldest first.

    Each epsilon is that of its entry alone; together they cost less than their sum.
    Noise is a step's, in units of the clip norm; each of `units` rows (or people) is
    drawn with probability `rate`, at most `cap` in a step (0: all take part).
    """
    entries = _opened(name, output, store)[1].entries()
    chosen = _chosen(silo, {one.silo for one in entries})
    records = [
        {"entry": one.number, "at": one.at, "run": one.run_id, "silo": one.silo}
        | {"action": f"settle {one.settles}" if one.settles else "reserve"}
        | {
            "epsilon": one.cost.epsilon,
            "delta": one.cost.delta if as_json else f"{one.cost.delta:g}",
        }
        | dataclasses.asdict(one.mechanism)
        for one in entries
        if one.silo in chosen
    ]
    (console.data_json if as_json else console.data_records)(records)


@app.command()
def budget(
    name: Name,
    silo: Silo = "",
    overrides: Overrides = None,
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show what each silo may spend in the window of today, and what is left.

    Reserved is what is spent, and what trainings hold that run or broke off. Give
    `--set privacy.epsilon=...` where runs are given it.
    """
    from components.privacy.ledger import budget_of, window_of
    from pipelines import use_case

    settings = use_case.find(name, overrides or []).settings.privacy
    window = window_of(settings.window, datetime.datetime.now(datetime.UTC).date())
    runs, ledger = _opened(name, output, store)
    known = {*runs.silos(), *settings.silos, *(one.silo for one in ledger.entries())}
    records = []
    for one in _chosen(silo, known):
        found = ledger.balance(one, window, budget_of(settings, one))
        records.append({"silo": one, **dataclasses.asdict(found), "left": found.left})
    (console.data_json if as_json else console.data_records)(records)
    if settings.mode == "none":
        console.say(
            "privacy.mode is `none` in the settings: such trainings aren't counted"
        )


@app.command()
def verify(
    name: Name,
    head: Annotated[
        str,
        typer.Option(help="Hash on a run's page: it shows whether the end was cut."),
    ] = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Check that all entries are as they were added; exit status 1 if not."""
    _, ledger = _opened(name, output, store)
    ledger.verify(head)
    found = {"entries": len(ledger.entries()), "head": ledger.head()}
    if as_json:
        console.data_json(found)
    else:
        console.data(
            f"the chain holds: {found['entries']:,} entries, head {found['head']}"
        )


def _opened(
    name: str, output: pathlib.Path | None, store: str
) -> tuple[RunStore, PrivacyLedger]:
    """Return a use case's runs and ledger; asking makes no database."""
    from components.privacy.ledger import PrivacyLedger
    from components.store import exists

    runs = past.of_use_case(name, output, store)
    if not exists(runs.url):
        raise SettingsError(runs.none_yet, runs.hint)
    return runs, PrivacyLedger(runs.url, name)


def _chosen(silo: str, known: Collection[str]) -> list[str]:
    """Return the silos to show, sorted: one, or all."""
    if not known or (silo and silo not in known):
        raise SettingsError(
            f"found no silo{f' `{silo}`' if silo else ''} in the privacy ledger, "
            f"expected {', '.join(sorted(known)) or 'a training with `privacy.mode`'}"
        )
    return [silo] if silo else sorted(known)
