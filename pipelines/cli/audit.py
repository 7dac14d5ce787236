"""`fairsilo audit`: who contributes, why, replays, appeals, and silos' weights."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console, past, shared_store
from pipelines.cli.gate import By, Run
from pipelines.cli.gate import Use as FoundUse
from pipelines.cli.options import Json, Name, Output, Store
from pipelines.cli.silo import Reason, SiloId, Use

if TYPE_CHECKING:
    from components.payloads.contribution import ContributionReport
    from pipelines.runs.store import RunStore

app = typer.Typer(
    no_args_is_help=True, help="Show who contributes, replay, appeal, weigh silos."
)


@app.command()
def show(
    name: Name,
    run: Annotated[
        str, typer.Option("--run", help="A run's id; by default the last one.")
    ] = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show a run's verdicts, a line a silo, the worst first."""
    from components.dashboard import formats
    from components.payloads import findings
    from components.payloads.contribution import NAMES, in_words
    from pipelines.cli import tables

    runs = past.of_use_case(name, output, store)
    found = runs.find(run)
    report = runs.audit(found)
    if as_json:
        console.data_json({"run_id": found.run_id, **report.fields()})
        return
    for one in report.worst_first:
        sentences = "; ".join(findings.sentences(one.evidence))
        console.data(
            f"{tables.short(one.silo):<24} {NAMES[one.verdict]:<12} "
            f"{formats.effect(one.contribution):<26} {sentences}"
        )
    console.say(f"run {found.run_id}: {in_words(report.counts)}")
    for line in _in_force(runs):
        console.say(line)


@app.command()
def explain(
    run: Run,
    silo: SiloId,
    shadow: Annotated[
        bool,
        typer.Option(
            "--shadow",
            help="Train the second half without the silo and score the others' rows.",
        ),
    ] = False,
    use: FoundUse = "",
    output: Output = None,
    store: Store = "",
) -> None:
    """Show what a silo's verdict rests on, and what would tell."""
    from components.dashboard.section import Note, Table, Text
    from components.dashboard.sections import contribution

    runs = past.of_run(run, use, output, store)
    for part in contribution.tables(_entry(runs, run, silo)):
        if isinstance(part, Table) and part.rows:
            names = (name for name, _ in part.headings)
            for name, cell in zip(names, part.rows[0].cells, strict=True):
                console.data(f"{name:<32} {cell.text}".rstrip())
                for group in cell.findings:
                    console.data("  " + "; ".join(group.sentences))
                    console.data(f"  hint: {group.hint}" if group.hint else "")
        elif isinstance(part, Text):
            console.data(part.text)
        elif isinstance(part, Note):
            console.data(f"{part.title}: {'; '.join(part.items)}")
    for line in _in_force(runs, silo):
        console.data(line)
    if shadow:
        _ask("shadow", runs, output, run, silo)


@app.command()
def replay(
    run: Run,
    silo: SiloId,
    number: Annotated[int, typer.Option("--round", help="A round that was audited.")],
    use: FoundUse = "",
    output: Output = None,
) -> None:
    """Let a silo compute its update of a round once more: is it the recorded one?

    Training gives the same bytes each time, so another update comes from other rows
    or another worker. It works where the run trained.
    """
    runs = past.of_run(run, use, output, "")
    _ask("replay", runs, output, runs.find(run).run_id, silo, number)


@app.command()
def appeal(
    run: Run,
    silo: SiloId,
    reason: Reason,
    by: By,
    use: FoundUse = "",
    output: Output = None,
    store: Store = "",
) -> None:
    """Record that a silo's owner contests a verdict.

    It stands beside the verdict from the next run on, and suspends the silo's factor
    until `weigh` decides on it.
    """
    from components.audit_decisions import AuditDecisions

    runs = past.of_run(run, use, output, store)
    _entry(runs, run, silo)
    AuditDecisions(runs.url, runs.use_case).appeal(silo, run, reason, by)
    console.say(
        f"the appeal of silo `{silo}` is recorded{shared_store.where(store)}; its "
        f"weight has no factor until `fairsilo audit weigh {silo} --use-case "
        f"{runs.use_case}` decides on it"
    )


@app.command()
def weigh(
    silo: SiloId,
    use: Use,
    factor: Annotated[
        float, typer.Option(help="0.5 to 2, of its weight; 1 takes it back.")
    ],
    reason: Reason,
    by: By,
    output: Output = None,
    store: Store = "",
) -> None:
    """Multiply a silo's weight in training, from the next run on.

    It also decides on an open appeal of that silo.
    """
    from components.audit_decisions import AuditDecisions

    runs = past.of_use_case(use, output, store)
    known = runs.silos()
    if silo not in known:
        raise SettingsError(
            f"silo `{silo}`: found no such silo in the latest runs of `{use}`; there "
            f"are {', '.join(known) or 'none'}",
            "correct the name" if known else runs.hint,
        )
    AuditDecisions(runs.url, use).weigh(silo, factor, reason, by)
    console.say(
        f"the weight of silo `{silo}` is multiplied by {factor:g} from the next run "
        f"on{shared_store.where(store)}"
    )


def _ask(
    what: str, runs: RunStore, output: pathlib.Path | None, *asked: str | int
) -> None:
    """Print what a function of `audit_replay` says."""
    with console.engines():
        from pipelines import audit_replay
        from pipelines.places import Places

        places = Places(console.output_folder(runs.use_case, output))
        said = getattr(audit_replay, what)(places, runs.use_case, *asked)
    console.data(said)


def _entry(runs: RunStore, run: str, silo: str) -> ContributionReport:
    """Return a run's audit with the entry of one silo alone."""
    report = runs.audit(runs.find(run))
    one = report.get(silo)
    if one is None:
        raise SettingsError(
            f"silo `{silo}`: found no such silo among the {len(report.silos):,} that "
            f"trained in run {run}",
            f"`fairsilo audit show {runs.use_case} --run {run}` lists them",
        )
    return dataclasses.replace(report, silos=(one,))


def _in_force(runs: RunStore, silo: str = "") -> Iterator[str]:
    """Yield what is decided now of silos, or of one."""
    from components.audit_decisions import AuditDecisions

    state = AuditDecisions(runs.url, runs.use_case)
    told = {it: f"its weight is times {by:g}" for it, by in state.factors().items()}
    told |= {it: f"an appeal is open, by {by}" for it, by in state.appeals().items()}
    for one, line in told.items():
        if silo in {"", one}:
            yield f"from the next run on: silo `{one}`: {line}"
