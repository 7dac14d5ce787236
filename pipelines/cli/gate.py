"""`fairsilo gate`: why a model was blessed or not, waivers, and other bounds."""

from __future__ import annotations

from typing import Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console, past, shared_store
from pipelines.cli.options import Json, Name, Output, Overrides, Store

app = typer.Typer(
    no_args_is_help=True, help="Explain decisions, waive gates, try other bounds."
)

Run = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
Use = Annotated[
    str,
    typer.Option(
        "--use-case", "-u", help="Name of the use case; by default found by the run."
    ),
]
By = Annotated[str, typer.Option(help="Name of the person who answers for it.")]


@app.command()
def explain(
    run: Run,
    use: Use = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show of each gate what it protects, what it found, and a hint."""
    from pipelines.cli import gate_reports

    found = gate_reports.explain(past.of_run(run, use, output, store), run)
    if as_json:
        console.data_json(found)
    else:
        console.data(gate_reports.explanation(found))


@app.command()
def preview(
    name: Name,
    overrides: Overrides = None,
    run: Annotated[
        str, typer.Option("--run", help="One run's id; by default all runs.")
    ] = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show what the settings' bounds, with --set, would have decided on past runs.

    Stored evaluations are judged again; nothing is trained or scored.
    """
    from pipelines import use_case
    from pipelines.cli import gate_reports

    _refuse_other_sections(name, overrides or [])
    runs = past.of_use_case(name, output, store)
    gates = use_case.find(name, overrides or []).settings.gates
    found = gate_reports.preview(runs, gates, run)
    if not found:
        past.say_none_yet(runs)
    if as_json:
        console.data_json(found)
    elif found:
        console.data(gate_reports.preview_text(found))


@app.command()
def waive(
    run: Run,
    gate: Annotated[str, typer.Option(help="The gate that refused, as in settings.")],
    reason: Annotated[str, typer.Option(help="Why it may pass; reviewers read it.")],
    by: By,
    until: Annotated[str, typer.Option(help="Its last day, such as 2026-12-31, UTC.")],
    use: Use = "",
    output: Output = None,
    store: Store = "",
) -> None:
    """Let a run's model pass one gate that refused it, until a day.

    It holds for that model alone, and is shown wherever the decision is.
    """
    from components.fairness_evaluator.waivers import Waivers
    from pipelines.cli import gate_reports

    runs = past.of_run(run, use, output, store)
    found = runs.find(run)
    run = found.run_id
    gate_reports.check_refused(found, gate)
    state = Waivers(runs.url, runs.use_case)
    given = state.waive(
        run_id=run,
        gate=gate,
        model_digest=found.waived_as,
        reason=reason,
        by=by,
        until=until,
    )
    console.say(
        f"gate {gate} is waived for the model of run {run} until {given.until}, by "
        f"{given.by}{shared_store.where(store)}"
    )
    for line in gate_reports.next_steps(runs, found, state, output):
        console.say(line)


@app.command()
def unwaive(
    run: Run,
    gate: Annotated[str, typer.Option(help="The gate that is waived.")],
    reason: Annotated[str, typer.Option(help="Why no longer; reviewers read it.")],
    by: By,
    use: Use = "",
    output: Output = None,
    store: Store = "",
) -> None:
    """Withdraw a waiver before its last day: the gate counts again.

    The waiver and its withdrawal both stay on record.
    """
    from components.fairness_evaluator.waivers import Waivers

    runs = past.of_run(run, use, output, store)
    found = runs.find(run)
    run, digest = found.run_id, found.waived_as
    state = Waivers(runs.url, runs.use_case)
    ended = state.withdraw(gate=gate, model_digest=digest, reason=reason, by=by)
    console.say(
        f"gate {gate} is no longer waived for the model of run {run}: the waiver by "
        f"{ended.waiver.by} until {ended.waiver.until} is withdrawn"
        f"{shared_store.where(store)}"
    )
    console.say(
        "the gate counts again from the next run on; a model that the waiver let into "
        "service stays there until another is blessed"
    )


@app.command("waivers")
def list_waivers(
    name: Name, output: Output = None, store: Store = "", as_json: Json = False
) -> None:
    """List all waivers, oldest first, also those that ended."""
    from components.fairness_evaluator.waivers import Waivers
    from pipelines.cli import gate_reports

    runs = past.of_use_case(name, output, store)
    # Asking must not make a database where nothing has run.
    there = store or console.output_folder(name, output).is_dir()
    found = gate_reports.waivers(Waivers(runs.url, name)) if there else []
    if not found and not runs.run_ids():
        past.say_none_yet(runs)
    elif not found:
        console.say(
            f"use case `{name}`: found no waiver yet in {runs.place}; `fairsilo gate "
            "waive RUN` gives one"
        )
    if as_json:
        console.data_json(found)
        return
    for item in found:
        console.data(gate_reports.waiver_line(item))


def _refuse_other_sections(name: str, overrides: list[str]) -> None:
    for override in overrides:
        place = override.partition("=")[0]
        if place.split(".")[0] != "gates":
            raise SettingsError(
                f"--set {override}: found a setting outside `gates`, expected "
                "gates.A.B=C: a preview judges stored figures again by other bounds, "
                "and nothing is computed",
                f"`fairsilo run {name} --set {override}` computes with it",
            )
