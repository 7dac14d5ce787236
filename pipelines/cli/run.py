"""`fairsilo run` and `fairsilo predict`."""

from __future__ import annotations

import contextlib
import pathlib
import time
from typing import TYPE_CHECKING, Annotated

import typer

from components.errors import SettingsError
from pipelines.cli import console
from pipelines.cli.options import Json, Name, Output, Overrides, Span

if TYPE_CHECKING:
    from components.payloads.ledger import Ledger
    from pipelines.summary import Summary
    from pipelines.use_case import UseCase


def run(
    name: Name,
    span: Span = "latest",
    overrides: Overrides = None,
    output: Output = None,
    force: Annotated[
        bool, typer.Option("--force", help="Score also with a model not blessed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the whole chain: check, train, evaluate, decide, deploy, score, report."""
    from pipelines import use_case

    chosen = use_case.find(name, overrides or [])
    with console.engines():
        summary = _run(chosen, span, console.output_folder(name, output), force)
    show(summary, as_json)
    raise typer.Exit(summary.exit_status)


def _run(chosen: UseCase, span: str, output: pathlib.Path, force: bool) -> Summary:
    started = time.monotonic()
    console.say(f"{chosen.name}: output in {output}")
    if chosen.prepare():
        console.say(f"data made in {chosen.data}")
    chosen.check_start()
    from pipelines import operator_snapshot, pipeline, summary
    from pipelines.places import Places
    from pipelines.runners import local, results
    from pipelines.runs.store import RunStore

    places = Places(output)
    run_id = local.new_run_id(places.runs, span)
    pipeline.stage_schema(chosen, places)
    decided = operator_snapshot.read(places.operator_store, chosen.name)
    steps = pipeline.build(chosen, places, span, decided, force)
    log = places.log(run_id)
    runs = RunStore("", chosen.name, output)
    begun = summary.of_start(run_id, chosen.name, span)
    with runs.running(begun):
        try:
            nodes = local.run(
                steps, run_id, lambda node: console.say(_tick(started, node)), log
            )
            result = summary.of_run(run_id, chosen.name, places, nodes)
        except (Exception, KeyboardInterrupt) as error:
            with contextlib.suppress(Exception):  # a full disk may end this too
                reached = results.read(steps.metadata_connection_config, run_id)
                runs.finish(summary.of_failure(begun, error, reached))
            raise
        runs.finish(result)
    return result


def _tick(started: float, node: str) -> str:
    return f"{time.monotonic() - started:6.1f} s  {node}"


def show(summary: Summary, as_json: bool) -> None:
    """Print a run for people, or as JSON."""
    if as_json:
        console.data(summary.to_json())
        return
    from pipelines import summary as ended
    from pipelines.cli import tables

    head = [f"{summary.heading}: {summary.outcome}", *summary.reasons]
    if summary.status == ended.INCOMPLETE:  # the tables may be long
        console.data("\n".join([*head, ""]))
    if summary.silos:
        console.data_table(tables.silos(summary))
        console.data("")
    if summary.seconds:
        console.data_table(tables.seconds(summary))
        console.data("")
    console.data("\n".join([*head, *tables.outcome(summary)]))


def predict(
    name: Name,
    span: Annotated[
        str,
        typer.Option(
            help="The span to score, such as 2013-11; none where the data has none."
        ),
    ] = "",
    changed: Annotated[
        bool,
        typer.Option(
            "--changed/--all", help="Score only what is new or changed, or all rows."
        ),
    ] = True,
    overrides: Overrides = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Score a span's rows with the newest blessed model up to it, without training."""
    from components.batch_inferrer.settings import SPAN
    from pipelines import use_case

    chosen = use_case.find(name, overrides or [])
    settings = chosen.settings
    has_spans = SPAN in (settings.inference.input or settings.silos.pattern)
    if not span and has_spans:
        raise SettingsError(
            f"use case `{name}`: found no --span, expected the span to score: its "
            "data comes in spans",
            f"give one, such as `fairsilo predict {name} --span 2013-11`",
        )
    folder = console.output_folder(name, output)
    with console.engines():
        run_id, scored = _predict(chosen, span, folder, changed)
    from pipelines.cli import tables
    from pipelines.places import Places

    path = (scored.place or str(Places(folder).homes)) if scored.rows else None
    if as_json:
        result = scored.fields() | {
            "run_id": run_id,
            "path": path,
            "reasons": scored.reasons,
            "scored_by_base": scored.lost,
            "model": scored.model or None,
        }
        console.data_json(result)
    else:
        for line in tables.predicted(scored, path or ""):
            console.data(line)
    raise typer.Exit(exit_status(scored))


def exit_status(scored: Ledger) -> int:
    """Return what `predict` exits with, as a run would."""
    from components.payloads.ledger import FAILED, SKIPPED
    from pipelines.summary import BLESSED, EXIT_STATUS, INCOMPLETE, NOT_BLESSED

    if scored.silos_not_scored or scored.status == FAILED:
        return EXIT_STATUS[INCOMPLETE]
    return EXIT_STATUS[NOT_BLESSED if scored.status == SKIPPED else BLESSED]


def _predict(
    chosen: UseCase, span: str, output: pathlib.Path, changed: bool
) -> tuple[str, Ledger]:
    from components.payloads.ledger import Ledger
    from pipelines import pipeline
    from pipelines.places import Places
    from pipelines.runners import local

    chosen.prepare()
    places = Places(output)
    run_id = local.new_run_id(places.runs, "-".join(filter(None, [span, "predict"])))
    pipeline.stage_schema(chosen, places)
    again = "" if changed else run_id
    steps = pipeline.build_prediction(chosen, places, span, again)
    nodes = local.run(steps, run_id, console.say, places.log(run_id))
    return run_id, Ledger.read(nodes["BatchInferrer"].outputs["inference_result"])
