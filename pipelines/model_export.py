"""Exports the newest blessed model for use without FairSilo, or what serves a silo.

A silo's own weights are read from its home, so that is for the silo's owner.

```text
saved_model/, model.tflite or model.onnx   the model
feature_spec.json                          how a row is encoded for it
model.json                                 the digest that prediction files name
```
"""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Literal

from ml_metadata import metadata_store

from components import atomic, blessed_models
from components.blessed_models import BlessedModel
from components.errors import SettingsError
from components.federated_trainer import export as exporting
from components.federated_trainer import onnx_format
from components.payloads.benefit import BASE
from components.payloads.silo import Silo, check_id
from components.scoring import model, served
from components.scoring.served import Served
from pipelines.places import Places
from pipelines.runners import metadata

Format = Literal["saved_model", "tflite", "onnx"]


def export(
    places: Places, use_case: str, silo: str, form: Format, folder: pathlib.Path
) -> str:
    """Write the newest blessed model, or what serves a silo now, into a new folder.

    Args:
        places: Where the runs wrote.
        use_case: Name of the use case.
        silo: The silo's id; empty for the base model.
        form: The format.
        folder: The new folder.

    Returns:
        What was written, in a sentence.

    Raises:
        SettingsError: There is no such silo or no blessed model, the folder exists, or
            packages that the format needs are not there.
        FairSiloError: The format has none of an operation of the model.
    """
    if folder.exists():
        raise SettingsError(
            f"{folder}: found something there, expected a new folder",
            "choose another one with --to",
        )
    blessed = _newest(places, use_case)
    found = _served(places, silo, blessed) if silo else Served(BASE, blessed.digest)
    with (
        tempfile.TemporaryDirectory(prefix="fairsilo-export-") as own,
        atomic.written(folder) as unfinished,
    ):
        unfinished.mkdir()
        if found.weights:
            exporting.export_others(own, blessed.uri, model.read_weights(found.weights))
        _write(own if found.weights else blessed.uri, form, unfinished)
    kind = "the base" if found.model == BASE else f"its {found.model}"
    why = f"silo `{silo}`: {kind} model serves it" if silo else "the base model"
    return f"{found.lost or why}; exported, digest {found.digest}"


def _served(places: Places, silo: str, blessed: BlessedModel) -> Served:
    home = places.homes / check_id(silo)
    if not home.is_dir():
        known = sorted(path.name for path in places.homes.glob("[!.]*"))
        raise SettingsError(
            f"silo `{silo}`: found no home of it in {places.homes}; there are "
            f"{', '.join(known) or 'none'}",
            "correct the name, or give --output where the runs were written elsewhere",
        )
    serve = served.by_report(blessed.benefit_uri, blessed.uri, blessed.digest)
    return serve(Silo(silo, str(home)))


def _newest(places: Places, use_case: str) -> BlessedModel:
    """Return the newest blessed model, which scores the silos' rows."""
    found = None
    if places.metadata.exists():
        store = metadata_store.MetadataStore(
            metadata.connection(f"sqlite:///{places.metadata}")
        )
        found = blessed_models.find(store, use_case, lambda _: True)
    if found is None or not model.serving_path(found.uri).is_dir():
        raise SettingsError(
            f"use case `{use_case}`: found no blessed model in {places.output}",
            f"train one with `fairsilo run {use_case}`, or give --output where it was "
            "written elsewhere",
        )
    return found


def _write(source: str, form: Format, folder: pathlib.Path) -> None:
    """Write a model of the layout of `scoring/model.py` in another format."""
    model.read_spec(source).write(folder)
    model.read_card(source).write(folder)
    if form == "saved_model":
        shutil.copytree(model.serving_path(source), folder / form)
    elif form == "tflite":
        shutil.copyfile(pathlib.Path(source, model.TFLITE), folder / "model.tflite")
    else:
        (folder / "model.onnx").write_bytes(onnx_format.convert(source))
