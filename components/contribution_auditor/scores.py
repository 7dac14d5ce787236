"""What the silos say of the models that audited rounds would have given without some.

The coordinator holds each silo's update of an audited round and forms the models; each
silo scores them on its own evaluation rows, and sums leave. The executor then deletes
the updates. The sums stay in their place, so that what else changes (an appeal, an
earlier audit) asks no silo again.
"""

from __future__ import annotations

import logging
import pathlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from components import atomic, digests
from components.contribution_auditor import recombine
from components.contribution_auditor.scoring import SCORE
from components.contribution_auditor.shapley import Plan
from components.federation import audited_rounds
from components.payloads import egress
from components.payloads.egress import EgressItem
from components.payloads.manifest import EVAL, SiloEntry
from components.personal import calls
from components.silos import engine, tasks

if TYPE_CHECKING:
    from components.contribution_auditor.auditor import Request

logger = logging.getLogger(__name__)

FILE = "sums.npz"
AGAIN = (
    "the updates of the audited rounds are deleted once they are scored, and others "
    "would have to be scored now; a run with another `audit.rounds` trains again"
)
NOBODY = (
    "no silo could score, or an update made the recombined models' losses not finite"
)
Array = NDArray[np.float64]
Left = dict[str, list[EgressItem]]
Scores = dict[str, tuple[int, Array]]
"""Of each silo that scored, its rows, and what it says of all rounds (`scoring.py`)."""


def ask(
    request: Request,
    players: Sequence[str],
    plans: Mapping[int, Plan],
    entries: Sequence[SiloEntry],
) -> tuple[Scores, Left, str]:
    """Return what the silos say, what left each silo, and why there is nothing, if so.

    Args:
        request: The node's.
        players: The silos whose updates are recombined, in the plans' order.
        plans: The coalitions of each audited round.
        entries: The silos that score, each with evaluation rows.
    """
    folders = [audited_rounds.path(request.model_run, number) for number in plans]
    key = _key(request, plans, entries)
    if known := _kept(folders[0] / FILE, key):
        return known, {}, ""
    if not all((folder / audited_rounds.UPDATES).exists() for folder in folders):
        return {}, {}, AGAIN
    found: Scores = {}
    left: Left = {}
    size = sum(len(plan.coalitions) + 2 * len(players) for plan in plans.values())
    for silo, outcome in _run(request, players, plans, entries):
        if isinstance(outcome, tasks.Failure):
            left[silo] = [egress.of_failure(outcome.num_bytes)]
            continue
        left[silo] = [EgressItem("contribution figures", 1, outcome.num_bytes)]
        sums = np.frombuffer(outcome.payload)
        if len(sums) == size and np.isfinite(sums).all():
            found[silo] = outcome.values["rows"], sums
        else:
            logger.warning("silo=%s: its figures are not finite", silo)
    if len(found) == len(entries):
        _keep(folders[0] / FILE, key, found)
    return found, left, "" if found else NOBODY


def effects_of(plan: Plan) -> Array:
    """Return how each effect weighs the losses of a plan's models, `(effects, models)`.

    First what leaving each player out adds to the loss, then the contributions to it.
    """
    players = len(plan.weights)
    without = np.zeros_like(plan.weights)
    without[:, 1] = -1.0
    without[:, 2 : 2 + players] = np.eye(players)
    return np.concatenate([without, -plan.weights])


def _run(
    request: Request,
    players: Sequence[str],
    plans: Mapping[int, Plan],
    entries: Sequence[SiloEntry],
) -> list[tuple[str, tasks.Outcome]]:
    shared = calls.shared(
        request.plan,
        request.spec,
        request.label,
        request.split_by,
        request.module_file,
        "",
    )
    shared |= {"rows_share": request.settings.rows_share, "seed": request.plan.seed}
    # Models of single silos are among them: they lie, and go, with the updates.
    place = request.model_run / audited_rounds.FOLDER
    with tempfile.TemporaryDirectory(prefix=".models-", dir=place) as folder:
        shared["rounds"] = []
        for number, plan in plans.items():
            path = pathlib.Path(folder, f"{number}.npz")
            models = _models(request.model_run, number, players, plan)
            np.savez(path, models=models, effects=effects_of(plan))
            shared["rounds"].append(str(path))
        asked: list[tasks.Call] = [
            (entry.silo, shared | calls.of_silo(entry, EVAL)) for entry in entries
        ]
        return [(silo.id, outcome) for silo, outcome in engine.run(SCORE, asked)]


def _models(
    model_run: pathlib.Path, number: int, players: Sequence[str], plan: Plan
) -> NDArray[np.float32]:
    """Return a round's models; a player that was not in it has no weight there."""
    kept = audited_rounds.read(model_run, number)
    updates = np.zeros((len(players), kept.updates.shape[1]), np.float32)
    weights = np.zeros(len(players))
    at = [players.index(silo) for silo in kept.silos]
    updates[at], weights[at] = kept.updates, kept.weights
    return recombine.models(kept.before, updates, weights, plan.coalitions)


def _key(
    request: Request, plans: Mapping[int, Plan], entries: Sequence[SiloEntry]
) -> str:
    """Return the digest of what decides the sums, beside the updates."""
    return digests.of_json(
        [
            [request.settings.rows_share, request.plan.seed, [*request.split_by]],
            {entry.silo.id: entry.splits[EVAL].digest for entry in entries},
            [digests.of_bytes(plan.coalitions.tobytes()) for plan in plans.values()],
        ]
    )


def _kept(file: pathlib.Path, key: str) -> Scores | None:
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as kept:
        if str(kept["key"]) != key:
            return None
        silos, rows = kept["silos"].tolist(), kept["rows"].tolist()
        sums = kept["sums"]
    return dict(zip(silos, zip(rows, sums, strict=True), strict=True))


def _keep(file: pathlib.Path, key: str, found: Scores) -> None:
    rows, sums = zip(*found.values(), strict=True)
    with atomic.written(file) as unfinished, unfinished.open("wb") as out:
        np.savez(out, key=key, silos=[*found], rows=rows, sums=np.array(sums))
