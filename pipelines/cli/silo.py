"""`fairsilo silo`: list and check silos, quarantine and release them."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console, shared_store
from pipelines.cli.options import Json, Name, Output, Overrides, Span, Store

if TYPE_CHECKING:
    from components.operator_state import OperatorState
    from components.payloads.cohort import Cohort, Member
    from components.payloads.unused_columns import UnusedColumn
    from pipelines.places import Places
    from pipelines.use_case import UseCase

app = typer.Typer(no_args_is_help=True, help="List, check, quarantine, release.")

Use = Annotated[str, typer.Option("--use-case", "-u", help="Name of the use case.")]
SiloId = Annotated[str, typer.Argument(metavar="SILO", help="The silo's name.")]
Reason = Annotated[str, typer.Option(help="Why; its owner will read it.")]


@app.command("list")
def list_silos(
    name: Name,
    overrides: Overrides = None,
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """List the silos: files and spans, and manual quarantines.

    In a cluster's store: what its latest runs said of them.
    """
    if store:
        shared_store.refuse_local(output, overrides)
        listed = shared_store.silos(store, name)
    else:
        with console.engines():
            listed = _list(name, overrides or [], output)
    if as_json:
        console.data_json(listed)
        return
    for item in listed:
        console.data(_line(item))


def _prepared(
    name: str, overrides: list[str], output: pathlib.Path | None
) -> tuple[UseCase, Places]:
    from pipelines import use_case
    from pipelines.places import Places

    chosen = use_case.find(name, overrides)
    chosen.prepare()
    return chosen, Places(console.output_folder(name, output))


def _line(item: dict[str, Any]) -> str:
    """Return a silo's line: its files, or what a cluster's latest run said of it."""
    from pipelines.cli import tables

    manual = item["quarantined"] and f"quarantined manually: {item['quarantined']}"
    if "files" in item:
        state = f"{item['files']:>6} files  {item['spans']:<24}"
        why = item["error"] or manual
    else:
        verdicts = {True: "admitted", False: "refused", None: "in no run"}
        state = f"{verdicts[item['admitted']]:<10}"
        reasons = [reason["sentence"] for reason in item["reasons"]]
        why = "; ".join(filter(None, [*reasons, manual]))
    return f"{tables.short(item['silo']):<24} {state} {why}".rstrip()


def _list(
    name: str, overrides: list[str], output: pathlib.Path | None
) -> list[dict[str, Any]]:
    from components.silo_example_gen import discovery

    chosen, places = _prepared(name, overrides, output)
    quarantined = _open_state(name, output).quarantined()
    listed = []
    for silo in discovery.discover(chosen.settings.source, str(places.homes)):
        spans = sorted({file["span"] for file in silo.files})
        listed.append(
            {
                "silo": silo.silo.id,
                "files": len(silo.files),
                "spans": f"{spans[0]} to {spans[-1]}" if any(spans) else "",
                "error": silo.error.sentence if silo.error else "",
                "quarantined": quarantined.get(silo.silo.id, ""),
            }
        )
    return listed


@app.command()
def check(
    name: Name,
    span: Span = "latest",
    overrides: Overrides = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Check all silos without training; exit status 3 below quorum."""
    with console.engines():
        cohort, unused = _check(name, overrides or [], span, output)
    if as_json:
        columns = [dataclasses.asdict(one) for one in unused]
        console.data_json({**dataclasses.asdict(cohort), "unused_columns": columns})
    else:
        for member in cohort.members:
            verdict = "admitted" if member.admitted else "quarantined"
            console.data(f"{member.silo}: {verdict}")
            for line in _findings(member):
                console.data(line)
        for one in unused:
            console.data(f"no feature: column `{one.column}` {one.reason}")
    if cohort.refusal:
        console.say(cohort.refusal)
        raise typer.Exit(3)


def _findings(member: Member) -> Iterator[str]:
    """Yield what was found in a silo's data, and each hint once below its findings."""
    from components.payloads.findings import grouped

    for group in (*grouped(member.reasons), *grouped(member.notes)):
        yield from (f"  {sentence}" for sentence in group.sentences)
        if group.hint:
            yield f"    hint: {group.hint}"


def _check(
    name: str, overrides: list[str], span: str, output: pathlib.Path | None
) -> tuple[Cohort, tuple[UnusedColumn, ...]]:
    from components.payloads.cohort import Cohort
    from components.payloads.unused_columns import UnusedColumns
    from pipelines import operator_snapshot, pipeline
    from pipelines.runners import local

    chosen, places = _prepared(name, overrides, output)
    run_id = local.new_run_id(places.runs, f"{span}-check")
    pipeline.stage_schema(chosen, places)
    decided = operator_snapshot.read(places.operator_store, chosen.name)
    steps = pipeline.build_checks(chosen, places, span, decided)
    nodes = local.run(steps, run_id, console.say, places.log(run_id))
    return (
        Cohort.read(nodes["SiloValidator"].outputs["cohort"]),
        UnusedColumns.read(nodes["FeatureSpecGen"].outputs["feature_spec"]).columns,
    )


@app.command()
def quarantine(
    silo: SiloId,
    use: Use,
    reason: Reason,
    overrides: Overrides = None,
    output: Output = None,
    store: Store = "",
) -> None:
    """Keep a silo out of training from the next run on."""
    _state(use, silo, overrides, output, store).quarantine(silo, reason)
    console.say(
        f"{silo} is quarantined from the next run on{shared_store.where(store)}"
    )


@app.command()
def release(
    silo: SiloId,
    use: Use,
    reason: Reason,
    overrides: Overrides = None,
    output: Output = None,
    store: Store = "",
) -> None:
    """Lift a manual quarantine; the checks still apply."""
    _state(use, silo, overrides, output, store).release(silo, reason)
    console.say(
        f"{silo} takes part from the next run on, if the checks admit it"
        f"{shared_store.where(store)}"
    )


@app.command()
def history(
    name: Name, output: Output = None, store: Store = "", as_json: Json = False
) -> None:
    """List manual quarantines and releases, oldest first."""
    decisions = _open_state(name, output, store).history()
    if as_json:
        console.data_json([dataclasses.asdict(one) for one in decisions])
        return
    for one in decisions:
        console.data(f"{one.at}  {one.action:<10}  {one.silo}  {one.reason}")


def _open_state(
    name: str, output: pathlib.Path | None, store: str = ""
) -> OperatorState:
    from components.operator_state import OperatorState
    from pipelines.places import Places

    if store:
        shared_store.refuse_local(output)
    else:
        store = Places(console.output_folder(name, output)).operator_store
    return OperatorState(store, name)


def _state(
    name: str,
    silo: str,
    overrides: list[str] | None,
    output: pathlib.Path | None,
    store: str,
) -> OperatorState:
    """Return the operator's state, once the silo is known to be one."""
    if store:
        shared_store.refuse_local(output, overrides)
        return shared_store.decisions_on(store, name, silo)
    from components.payloads.silo import check_id
    from components.silo_example_gen.discovery import may_be_silo

    check_id(silo)
    chosen, _ = _prepared(name, overrides or [], output)
    if not (chosen.data / silo).is_dir():
        known = [path.name for path in chosen.data.glob("*") if may_be_silo(path)]
        raise SettingsError(
            f"silo `{silo}`: found no such folder in {chosen.data}; there are "
            f"{', '.join(sorted(known)) or 'none'}",
            "correct the name, or silos.root in the settings",
        )
    return _open_state(name, output)
