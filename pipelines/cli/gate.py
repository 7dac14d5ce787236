"""`fairsilo gate`: why a model was blessed or not, waivers, and other bounds."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import console, shared_store
from pipelines.cli.options import Json, Name, Output, Overrides, Store

if TYPE_CHECKING:
    from pipelines.past_runs import PastRuns

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


@app.command()
def explain(
    run: Run,
    use: Use = "",
    output: Output = None,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Tell of each gate what it protects, what it found, and the way out."""
    from pipelines.cli import gate_words

    runs = _runs(run, use, output, store)
    told = gate_words.explained(runs, run)
    if as_json:
        console.data_json(told)
    else:
        console.data(gate_words.explanation(told))


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
    """Tell what the settings' bounds, with --set, would have decided on past runs.

    Stored evaluations are judged again; nothing is trained or scored.
    """
    from pipelines import past_runs, use_case
    from pipelines.cli import gate_words

    if store:
        shared_store.refuse_local(output)
    gates = use_case.find(name, overrides or []).settings.gates
    runs = past_runs.of_use_case(name, console.output_folder(name, output), store)
    told = gate_words.previews(runs, gates, run)
    if as_json:
        console.data_json(told)
    else:
        console.data(gate_words.previewed(told))


@app.command()
def waive(
    run: Run,
    gate: Annotated[str, typer.Option(help="The gate that refused, as in settings.")],
    reason: Annotated[str, typer.Option(help="Why it may pass; reviewers read it.")],
    by: Annotated[str, typer.Option(help="Name of the person who answers for it.")],
    until: Annotated[str, typer.Option(help="Its last day, such as 2026-12-31, UTC.")],
    use: Use = "",
    output: Output = None,
    store: Store = "",
) -> None:
    """Let a run's model pass one gate that refused it, until a day.

    It holds for that model alone, and is shown wherever the decision is.
    """
    from components.fairness_evaluator.waivers import Waivers
    from pipelines.cli import waiving

    runs = _runs(run, use, output, store)
    told = runs.find(run)
    waiving.check(told, gate)
    state = Waivers(runs.operator_store, runs.use_case)
    given = state.waive(
        run_id=run,
        gate=gate,
        model_digest=told["model"]["digest"],
        reason=reason,
        by=by,
        until=until,
    )
    where = f" (the store at {shared_store.place(store)})" if store else ""
    console.say(
        f"gate {gate} is waived for the model of run {run} until {given.until}, by "
        f"{given.by}{where}"
    )
    for line in waiving.next_steps(runs, told, state, output):
        console.say(line)


@app.command("waivers")
def list_waivers(
    name: Name, output: Output = None, store: Store = "", as_json: Json = False
) -> None:
    """List all waivers, oldest first, also those that ended."""
    from components.fairness_evaluator.waivers import Waivers
    from pipelines import past_runs
    from pipelines.cli import waiving

    if store:
        shared_store.refuse_local(output)
    runs = past_runs.of_use_case(name, console.output_folder(name, output), store)
    told = waiving.listed(Waivers(runs.operator_store, name))
    if as_json:
        console.data_json(told)
        return
    for item in told:
        console.data(
            f"{item['state']:<8} until {item['until']}  {item['run_id']}  "
            f"{item['gate']}  by {item['by']}: {item['reason']}"
        )


def _runs(run: str, use: str, output: pathlib.Path | None, store: str) -> PastRuns:
    """Return the runs among which a run is to be found."""
    from pipelines import past_runs

    if store:
        shared_store.refuse_local(output)
    if use:
        return past_runs.of_use_case(use, console.output_folder(use, output), store)
    folders = [output.absolute()] if output else console.output_folders()
    return past_runs.of_run(run, folders, store)
