"""FederatedTrainer: how the training went, who dropped out and how silos were apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.dashboard import formats
from components.dashboard.run.key_figures import KeyFigure
from components.federation.workers import ONE_USER_ID
from components.payloads.model_run import RoundRecord, RunRecord
from components.scoring import model
from pipelines.runners.result import NodeResult
from pipelines.runners.step_reports import figures, outputs
from pipelines.runners.step_reports.content import (
    Chart,
    Column,
    Content,
    Metric,
    Table,
    facts,
    verb,
)

MAX_DRAWN = 200
BEFORE_ROUNDS = "before the first round"


def describe(nodes: Mapping[str, NodeResult]) -> Content:
    """Return what the step says.

    Raises:
        FairSiloError: Its output is not there.
    """
    run = outputs.required(nodes, "FederatedTrainer", "model_run", RunRecord.read)
    card = outputs.optional(nodes, "FederatedTrainer", "model", model.read_card)
    trained = not run.refusal
    rounds = formats.count(len(run.rounds))
    about = {
        "Algorithm": run.algorithm,
        "How the silos' workers were kept apart": run.isolation,
        "Resumed after round": formats.count(run.resumed_from)
        if run.resumed_from
        else "",
        "Digest of the model": card.digest if card else "",
    }
    return Content(
        f"A model was trained in {rounds} {verb(len(run.rounds), 'round', 'rounds')}"
        if trained
        else "Nothing was trained",
        "good" if trained else "bad",
        reasons=(run.refusal,) if run.refusal else (),
        notices=_notices(run),
        figures=_figures(run) if run.rounds else (),
        chart=_chart(run.rounds),
        tables=(
            facts("About the training", {k: v for k, v in about.items() if v}),
            _dropped(run),
            _rounds(run.rounds),
        ),
        metrics=_metrics(run),
    )


def _notices(run: RunRecord) -> tuple[str, ...]:
    """Return what must be said where silos' workers shared one user id."""
    if run.isolation != ONE_USER_ID:
        return ()
    return (
        f"Isolation of the silos: {run.isolation}. Workers in the silos' own "
        "namespaces are kept apart: name them in the config map fairsilo-silos.",
    )


def _figures(run: RunRecord) -> tuple[KeyFigure, ...]:
    first, last = run.rounds[0], run.rounds[-1]
    out = len(_drops(run))
    return (
        KeyFigure(
            "Loss before the last round",
            formats.metric(last.loss_before),
            f"first round: {formats.metric(first.loss_before)}",
        ),
        KeyFigure("Silos in the last round", formats.count(len(last.silos))),
        KeyFigure("Silos that dropped out", formats.count(out), "of any round"),
    )


def _metrics(run: RunRecord) -> dict[str, Metric]:
    last = run.rounds[-1] if run.rounds else None
    return {
        "rounds": len(run.rounds),
        "loss before the last round": last.loss_before if last else None,
        "silos in the last round": len(last.silos) if last else 0,
        "silos that dropped out": len(_drops(run)),
    }


def _chart(rounds: Sequence[RoundRecord]) -> Chart | None:
    step = -(-len(rounds) // MAX_DRAWN) or 1
    drawn = [*rounds[:-1:step], *rounds[-1:]]
    training = figures.training(drawn) if drawn else None
    if training is None:
        return None
    dropped = tuple((item.round, len(item.dropped)) for item in drawn if item.dropped)
    note = f"One round in {step} is drawn, and the last." if step > 1 else ""
    return Chart(training, dropped, note)


def _drops(run: RunRecord) -> dict[str, list[tuple[str, str]]]:
    """Return when and why each silo dropped out, in the order of the rounds."""
    found: dict[str, list[tuple[str, str]]] = {}
    for drop in run.left_out:
        found.setdefault(drop.silo, []).append((BEFORE_ROUNDS, drop.reason))
    for record in run.rounds:
        for drop in record.dropped:
            found.setdefault(drop.silo, []).append((str(record.round), drop.reason))
    return found


def _dropped(run: RunRecord) -> Table:
    rows = tuple(
        (
            silo,
            ", ".join(when for when, _ in drops),
            tuple(dict.fromkeys(why for _, why in drops)),
        )
        for silo, drops in sorted(_drops(run).items(), key=lambda item: -len(item[1]))
    )
    columns = (
        Column("Silo"),
        Column("Rounds", "sentence"),
        Column("Why", "sentence"),
    )
    return Table("Silos that dropped out", columns, rows, "The most often first.")


def _rounds(rounds: Sequence[RoundRecord]) -> Table:
    return Table(
        "Rounds",
        (
            Column("Round"),
            Column("Loss before", "number"),
            Column("Loss after", "number"),
            Column("Silos", "number"),
            Column("Dropped out", "number"),
        ),
        tuple(
            (
                formats.count(item.round),
                formats.metric(item.loss_before),
                formats.metric(item.loss_after),
                formats.count(len(item.silos)),
                formats.count(len(item.dropped)),
            )
            for item in reversed(rounds)
        ),
        "The last one first. Losses are means of the silos, weighted by rows, in nats.",
    )
