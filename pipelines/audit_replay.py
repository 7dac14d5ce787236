"""Asks a past run's silos once more: for an update of it, or to score it without one.

The training's own inputs and parameters are read from ML Metadata.
"""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Sequence

import numpy as np
from ml_metadata import metadata_store
from ml_metadata.proto.metadata_store_pb2 import Event, Execution
from numpy.typing import NDArray

from components import digests
from components.contribution_auditor.effects import UNIT
from components.contribution_auditor.scoring import SCORE
from components.dashboard import formats
from components.errors import FairSiloError, SettingsError
from components.federated_trainer import executor, trainer
from components.federated_trainer.component import NODE
from components.payloads.contribution import ContributionReport
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL
from components.payloads.model_run import RunRecord
from components.personal import calls
from components.scoring import model
from components.silos import engine, tasks
from pipelines.places import Places
from pipelines.runners import metadata, results

EQUAL = (
    "equal: its rows of the run give the update of the record, digest {digest}; what "
    "its own machine computes it can also forge, so this convinces who trusts it now"
)
OTHER = (
    "not equal: the record has {recorded}, its rows give {recomputed}; it trained on "
    "other rows, its worker did something else, or its processor is of another kind"
)
LEAST_OTHERS = 2  # that score: of one, the sum would be its own


def replay(places: Places, use_case: str, run_id: str, silo: str, number: int) -> str:
    """Return in a sentence whether a silo's update comes from its rows of a run.

    Args:
        places: Where the runs of this machine wrote.
        use_case: Name of the use case.
        run_id: The run.
        silo: The silo's id.
        number: The round, one that was audited.

    Raises:
        SettingsError: The run did not train here, or not with this code.
        FairSiloError: See `trainer.replay`.
    """
    request, folders = _training(places, use_case, run_id)
    found = trainer.replay(request, folders["model_run"], silo, number)
    text = EQUAL if found.is_equal else OTHER
    told = text.format(digest=found.recorded, **found._asdict())
    return f"run {run_id}, silo `{silo}`, round {number}: {told}"


def shadow(places: Places, use_case: str, run_id: str, silo: str) -> str:
    """Return in a sentence what a training without a silo does to the others' loss.

    Raises:
        SettingsError: The run did not train here, or not with this code.
        FairSiloError: See `trainer.shadow`, or fewer than two others can score.
    """
    request, folders = _training(places, use_case, run_id)
    ended, store = _executions(places, run_id, ContributionReport.NODE)
    one = ContributionReport.read(results.folders(store, ended[-1])["contribution"])
    weights = trainer.shadow(request, folders["model_run"], silo)
    models = (model.read_weights(folders["model"] / model.WEIGHTS), weights)
    least = max(1, ended[-1].custom_properties["min_rows"].int_value)
    found, others = effect_of(request, models, silo, least)
    known = one.get(silo)
    recombined = formats.effect(known.contribution if known else None)
    return (
        f"run {run_id}: had silo `{silo}` not trained in the second half, the log loss "
        f"of {others} others' rows would change by {formats.effect(found)}; "
        f"recombined, its contribution is {recombined}; in thousandths of a nat"
    )


def effect_of(
    request: trainer.Request,
    models: Sequence[Sequence[NDArray[np.float32]]],
    silo: str,
    least: int,
) -> tuple[Interval, int]:
    """Return by how much a second model has a higher loss, and how many silos said so.

    Over the rows of all silos but one alike, with the 95 % interval of their draw;
    unit: thousandths of a nat. With fewer than `least` evaluation rows nothing leaves
    a silo.
    """
    entries = [request.manifest[one] for one in request.cohort.admitted if one != silo]
    asked = [one for one in entries if one.rows(EVAL) >= least]
    shared = calls.shared(
        request.settings,
        request.spec,
        request.label,
        request.split_by,
        request.module_file,
        "",
    )
    with tempfile.TemporaryDirectory(prefix="fairsilo-shadow-") as folder:
        path = pathlib.Path(folder, "models.npz")
        flat = np.array([np.concatenate([*map(np.ravel, each)]) for each in models])
        np.savez(path, models=flat, effects=[[-1.0, 1.0]])
        shared |= {"rows_share": 1.0, "seed": 0, "rounds": [str(path)]}
        made = [(one.silo, shared | calls.of_silo(one, EVAL)) for one in asked]
        said = [it for _, it in engine.run(SCORE, made) if isinstance(it, tasks.Result)]
    if len(said) < LEAST_OTHERS:
        raise FairSiloError(
            f"without silo `{silo}`: found {len(said)} silos that can score, expected "
            f"{LEAST_OTHERS} others with at least {least:,} evaluation rows",
        )
    rows = sum(it.values["rows"] for it in said)
    sums = np.sum([np.frombuffer(it.payload) for it in said], axis=0)
    value, half = (sums[1] - sums[0]) / rows, 1.96 * np.sqrt(sums[2]) / rows
    ends = (UNIT * it for it in (value, value - half, value + half))
    return Interval(*ends), len(said)


def _training(
    places: Places, use_case: str, run_id: str
) -> tuple[trainer.Request, dict[str, pathlib.Path]]:
    """Return what a run's training was asked, and its folders."""
    trained, store = _executions(places, run_id, RunRecord.NODE)
    if not trained:
        raise SettingsError(
            f"run {run_id} of `{use_case}`: found no training of it in "
            f"{places.output}, expected one of this machine",
            "only where a run trained can it be asked again; give --output where it "
            "was written elsewhere",
        )
    properties = {
        name: getattr(value, value.WhichOneof("value"))
        for name, value in trained[-1].custom_properties.items()
    }
    below = pathlib.Path(properties["module_file"]).parent
    now = digests.of_code(NODE), digests.of_python_below(below)
    if now != (properties["code"], properties["module_code"]):
        raise SettingsError(
            f"run {run_id} of `{use_case}`: found other code than it trained with, so "
            "a replay would differ whatever the silo did",
            f"use that version of FairSilo, and of the model in {below}",
        )
    folders = results.folders(store, trained[-1], Event.INPUT)
    folders |= results.folders(store, trained[-1])
    return executor.request_of(folders, properties), folders


def _executions(
    places: Places, run_id: str, node: str
) -> tuple[list[Execution], metadata_store.MetadataStore]:
    """Return a node's executions in a run that came to an end, and their store."""
    if not places.metadata.exists():
        return [], None
    connection = metadata.connection(f"sqlite:///{places.metadata}")
    store = metadata_store.MetadataStore(connection)
    found = results.executions(store, run_id, node)
    return [it for it in found if it.last_known_state in results.DONE], store
