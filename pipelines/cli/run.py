"""`fairsilo run` and `fairsilo predict`."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console
from pipelines.cli.options import Json, Name, Output, Overrides, Span

if TYPE_CHECKING:
    from rich.console import Console

    from pipelines.summary import Summary


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


def _run(chosen: Any, span: str, output: pathlib.Path, force: bool) -> Summary:  # noqa: ANN401
    started = time.monotonic()
    console.say(f"{chosen.name}: output in {output}")
    if chosen.prepare():
        console.say(f"data made in {chosen.data}")
    chosen.check_quorum()
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
    import rich.console

    from pipelines import summary as ended
    from pipelines.cli import tables

    out = rich.console.Console(highlight=False, soft_wrap=False)
    head = [f"{summary.heading}: {summary.outcome}", *summary.reasons]
    if summary.status == ended.INCOMPLETE:  # the tables may be long
        _print_lines(out, head)
        out.print()
    if summary.silos:
        out.print(tables.silos(summary))
        out.print()
    if summary.seconds:
        out.print(tables.seconds(summary))
        out.print()
    _print_lines(out, [*head, *tables.outcome(summary)])


def _print_lines(out: Console, lines: Iterable[str]) -> None:
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def predict(
    name: Name,
    span: Annotated[
        str,
        typer.Option(
            help="The span to score, such as 2013-11; none where the data has none."
        ),
    ] = "",
    overrides: Overrides = None,
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Score a span's rows with the newest blessed model up to it, without training."""
    from pipelines import use_case

    chosen = use_case.find(name, overrides or [])
    if not span and chosen.settings.silos.has_spans:
        raise SettingsError(
            f"use case `{name}`: found no --span, expected the span to score: its "
            "data comes in spans",
            f"give one, such as `fairsilo predict {name} --span 2013-11`",
        )
    with console.engines():
        result = _predict(chosen, span, console.output_folder(name, output))
    if as_json:
        console.data_json(result)
    else:
        for item in result["unscored"]:
            console.data(f"not scored: {item['reason']}")
        from pipelines.cli import tables

        for line in tables.without(result["without"]):
            console.data(line)
        console.data(
            f"{result['rows']:,} rows scored, {result['dead_letters']:,} dead letters: "
            f"{result['path'] or result['reason']}"
        )
    raise typer.Exit(exit_status(result))


def exit_status(predicted: dict[str, Any]) -> int:
    """Return the exit status of what `predict` tells: as that of a run."""
    from components.payloads import ledger
    from pipelines.summary import BLESSED, EXIT_STATUS, INCOMPLETE, NOT_BLESSED

    if predicted["unscored"]:
        return EXIT_STATUS[INCOMPLETE]
    skipped = predicted["status"] == ledger.SKIPPED
    return EXIT_STATUS[NOT_BLESSED if skipped else BLESSED]


def _predict(chosen: Any, span: str, output: pathlib.Path) -> dict[str, Any]:  # noqa: ANN401
    from components.payloads.ledger import Ledger
    from pipelines import pipeline
    from pipelines.places import Places
    from pipelines.runners import local

    chosen.prepare()
    places = Places(output)
    run_id = local.new_run_id(places.runs, "-".join(filter(None, [span, "predict"])))
    pipeline.stage_schema(chosen, places)
    steps = pipeline.build_prediction(chosen, places, span)
    nodes = local.run(steps, run_id, console.say, places.log(run_id))
    result = Ledger.read(nodes["BatchInferrer"].outputs["inference_result"])
    return {
        "run_id": run_id,
        "status": result.status,
        "reason": result.reason,
        "path": str(places.homes) if result.rows else None,
        "rows": result.rows,
        "dead_letters": result.dead_letters,
        "unscored": [dataclasses.asdict(one) for one in result.unscored],
        "without": result.without,
        "model": result.model or None,
    }
