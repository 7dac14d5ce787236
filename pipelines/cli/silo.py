"""`fairsilo silo`: who takes part, who is fit to, and who is kept out by hand."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from components.payloads.cohort import Cohort
from components.payloads.unused_columns import UnusedColumns
from pipelines.cli import console, shared_store
from pipelines.cli.options import Json, Name, Output, Overrides, Span, Store

if TYPE_CHECKING:
    from components.operator_state import OperatorState
    from components.payloads.cohort import Member

app = typer.Typer(no_args_is_help=True, help="List, check, quarantine, release silos.")

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
    """List the silos: files and spans, and what was decided by hand.

    In a cluster's store: what its latest runs said of them.
    """
    if store:
        shared_store.refuse_local(output, overrides)
        listed, line = shared_store.silos(store, name), _line_of_run
    else:
        from pipelines import use_case

        chosen = use_case.find(name, overrides or [])
        with console.engines():
            listed = _list(chosen, console.output_folder(name, output))
        line = _line_of_files
    if as_json:
        console.data_json(listed)
        return
    for item in listed:
        console.data(line(item).rstrip())


def _line_of_files(item: dict[str, Any]) -> str:
    from pipelines.cli import tables

    silo = tables.short(item["silo"])
    return (
        f"{silo:<24} {item['files']:>6} files  {item['spans']:<24} "
        f"{item['error'] or _by_hand(item)}"
    )


def _line_of_run(item: dict[str, Any]) -> str:
    verdicts = {True: "admitted", False: "refused", None: "in no run"}
    from pipelines.cli import tables

    why = [reason["sentence"] for reason in item["reasons"]]
    reasons = "; ".join(filter(None, [*why, _by_hand(item)]))
    return (
        f"{tables.short(item['silo']):<24} {verdicts[item['admitted']]:<10} {reasons}"
    )


def _by_hand(item: dict[str, Any]) -> str:
    by_hand = item["quarantined"]
    return f"quarantined by hand: {by_hand}" if by_hand else ""


def _list(chosen: Any, folder: pathlib.Path) -> list[dict[str, Any]]:  # noqa: ANN401
    from components.operator_state import OperatorState
    from components.silo_example_gen import discovery
    from pipelines.places import Places

    chosen.prepare()
    places = Places(folder)
    found = discovery.discover(chosen.settings.source, str(places.homes))
    by_hand = OperatorState(places.operator_store, chosen.name).quarantined()
    listed = []
    for silo in found:
        spans = sorted({file["span"] for file in silo.files})
        listed.append(
            {
                "silo": silo.silo.id,
                "files": len(silo.files),
                "spans": f"{spans[0]} to {spans[-1]}" if any(spans) else "",
                "error": silo.error.sentence if silo.error else "",
                "quarantined": by_hand.get(silo.silo.id, ""),
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
    from pipelines import use_case

    chosen = use_case.find(name, overrides or [])
    with console.engines():
        cohort, unused = _check(chosen, span, console.output_folder(name, output))
    if as_json:
        import dataclasses

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
    """Yield what was found in a silo's data, and the way out below what it mends."""
    from components.payloads.findings import grouped

    for group in (*grouped(member.reasons), *grouped(member.notes)):
        yield from (f"  {sentence}" for sentence in group.sentences)
        if group.hint:
            yield f"    hint: {group.hint}"


def _check(chosen: Any, span: str, folder: pathlib.Path) -> Any:  # noqa: ANN401
    from pipelines import operator_snapshot, pipeline
    from pipelines.places import Places
    from pipelines.runners import local

    chosen.prepare()
    places = Places(folder)
    run_id = local.new_run_id(places.runs, f"{span}-check")
    pipeline.stage_schema(chosen, places)
    decided = operator_snapshot.read(places.operator_store, chosen.name)
    steps = pipeline.build_checks(chosen, places, span, decided)
    nodes = local.run(steps, run_id, console.say, places.log(run_id))
    return (
        Cohort.read(nodes["SiloValidator"].outputs["cohort"]),
        UnusedColumns.read(nodes["FeatureSpecGen"].outputs["feature_spec"]),
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
    console.say(f"{silo} is quarantined from the next run on{_where(store)}")


@app.command()
def release(
    silo: SiloId,
    use: Use,
    reason: Reason,
    overrides: Overrides = None,
    output: Output = None,
    store: Store = "",
) -> None:
    """Lift a quarantine by hand; the checks still apply."""
    _state(use, silo, overrides, output, store).release(silo, reason)
    console.say(
        f"{silo} takes part from the next run on, if the checks admit it{_where(store)}"
    )


@app.command()
def history(
    name: Name, output: Output = None, store: Store = "", as_json: Json = False
) -> None:
    """List what was decided by hand, oldest first."""
    decisions = _open_state(name, output, store).history()
    if as_json:
        import dataclasses

        console.data(json.dumps([dataclasses.asdict(one) for one in decisions]))
        return
    for one in decisions:
        console.data(f"{one.at}  {one.action:<10}  {one.silo}  {one.reason}")


def _where(store: str) -> str:
    return f" (the store at {shared_store.place(store)})" if store else ""


def _open_state(name: str, output: pathlib.Path | None, store: str) -> OperatorState:
    from components.operator_state import OperatorState
    from pipelines.places import Places

    if store:
        shared_store.refuse_local(output)
        return OperatorState(store, name)
    places = Places(console.output_folder(name, output))
    return OperatorState(places.operator_store, name)


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
    from pipelines import use_case

    chosen = use_case.find(name, overrides or [])
    check_id(silo)
    chosen.prepare()
    if not (chosen.data / silo).is_dir():
        known = [path.name for path in chosen.data.glob("*") if may_be_silo(path)]
        raise SettingsError(
            f"silo `{silo}`: found no such folder in {chosen.data}; there are "
            f"{', '.join(sorted(known)) or 'none'}",
            "correct the name, or silos.root in the settings",
        )
    return _open_state(name, output, store)
