"""The silo task `compare`: a silo's own models, and which of them serves it.

It trains what the home does not hold yet, chooses on the rows to choose by, and
measures on the evaluation rows. Weights and scores stay in the home; what leaves are
figures, counts and digests.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pydantic
from numpy.typing import NDArray

from components.payloads.benefit import (
    ALONE,
    BASE,
    PERSONAL,
    POOLED,
    SERVED,
    SiloBenefit,
)
from components.payloads.manifest import CHOOSE, EVAL, TRAIN
from components.payloads.silo import Silo
from components.personal import choice
from components.personal.calls import IMPORTS, Schedule
from components.scoring import model
from components.silo_benchmark import figures
from components.silos.tasks import Result, Task

if TYPE_CHECKING:
    from components.personal.own_models import OwnModel, OwnModels
    from components.personal.stopping import Weights

BENEFIT = pydantic.TypeAdapter(SiloBenefit)


def compare(silo: Silo, arguments: Mapping[str, Any]) -> Result:
    """Train, choose and measure a silo's own models.

    Args:
        silo: The silo.
        arguments: `calls.shared` and `calls.of_silo` with the evaluation split, and
            `base` (file of the base model's weights), `personal` (fields of the
            `Schedule`; null where no personal models are trained), `anchor` (file of
            what draws them), `pooled` (file of the pooled model's weights; empty where
            there is none), `min_rows` (with fewer rows of a split only their number
            leaves the silo).

    Returns:
        The fields of its `SiloBenefit`.

    Raises:
        SiloError: See `encode.encode` and `store.keep`.
        SettingsError: See `model_module.load`.
    """
    from components.personal.own_models import OwnModels  # loads TensorFlow

    own = OwnModels(silo, arguments)
    weights = {BASE: model.read_weights(arguments["base"])}
    kept, notes = _train(own, weights[BASE], arguments)
    weights |= {name: one.model.weights for name, one in kept.items()}
    chosen = _choose(own, weights[BASE], kept, notes, arguments)
    if arguments["pooled"]:
        weights[POOLED] = model.read_weights(arguments["pooled"])
    rows = own.split(EVAL).rows
    few = len(rows.labels) < arguments["min_rows"]
    measured = {} if few else weights
    scores = {name: own.local.scores(each, rows) for name, each in measured.items()}
    gains, freedom = {}, 0
    if ALONE in scores:
        compared = {name: scores[name] for name in (BASE, PERSONAL) if name in scores}
        compared[SERVED] = scores[chosen.served]
        groups = own.groups(EVAL)
        freedom = figures.freedom(rows.labels, groups)
        gains = {
            name: figures.gains(rows.labels, each, scores[ALONE], groups)
            for name, each in compared.items()
        }
    splits = {TRAIN: own.train.rows, CHOOSE: own.choose.rows, EVAL: rows}
    found = SiloBenefit(
        silo.id,
        served=chosen.served,
        digest=model.digest_of(weights[chosen.served], own.spec),
        weights=kept[chosen.served].weights_file if chosen.served in kept else "",
        reason=chosen.reason,
        rows={name: len(split.labels) for name, split in splits.items()},
        positives=None if few else int(rows.labels.sum()),
        passes={name: one.model.passes for name, one in kept.items()},
        figures={
            name: figures.figures(rows.labels, each) for name, each in scores.items()
        },
        gains=gains,
        freedom=freedom,
        choice=dict(chosen.falls),
    )
    return Result(BENEFIT.dump_python(found, mode="json"))


def _train(
    own: OwnModels, base: Weights, arguments: Mapping[str, Any]
) -> tuple[dict[str, OwnModel], list[str]]:
    """Return the silo's own models that there are, and why one is not, in sentences."""
    rows, least = len(own.train.rows.labels), max(1, arguments["min_rows"])
    if rows < least:
        return {}, [f"rows to train on: found {rows:,}, at least {least} are needed"]
    found: dict[str, OwnModel | None] = {ALONE: own.alone()}
    if arguments["personal"] is not None:
        schedule = Schedule(**arguments["personal"])
        anchor = model.read_weights(pathlib.Path(arguments["anchor"]))
        found[PERSONAL] = own.personal(base, schedule, anchor)
    notes = [
        f"the training of {choice.NAMES[name]} gave numbers that are not finite"
        for name, one in found.items()
        if one is None or one.model.diverged
    ]
    return {name: one for name, one in found.items() if one is not None}, notes


def _choose(
    own: OwnModels,
    base: Weights,
    kept: Mapping[str, OwnModel],
    notes: list[str],
    arguments: Mapping[str, Any],
) -> choice.Chosen:
    if arguments["personal"] is None:
        reason = "no silo gets a model of its own: personal.method is none"
        return choice.Chosen(BASE, reason)
    rows = own.choose.rows
    scores: dict[str, NDArray[np.float64]] = {BASE: own.local.scores(base, rows)}
    # Pass 0 is the base model itself, and a training that went astray tells nothing
    # good of what came before.
    scores |= {
        name: one.model.scores
        for name, one in kept.items()
        if one.model.passes and not one.model.diverged
    }
    found = choice.choose(
        rows.labels, scores, own.groups(CHOOSE), arguments["min_rows"]
    )
    reason = "; ".join(filter(None, [*notes, found.reason]))
    return dataclasses.replace(found, reason=reason)


COMPARE = Task("compare", compare, imports=IMPORTS)
