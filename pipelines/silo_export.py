"""Exports the model that serves a silo, from its home, for the silo's owner."""

from __future__ import annotations

import pathlib

from ml_metadata import metadata_store

from components import atomic, blessed_models
from components.blessed_models import BlessedModel
from components.errors import SettingsError
from components.federated_trainer import export as exporting
from components.payloads.benefit import BASE
from components.payloads.silo import Silo, check_id
from components.scoring import model, served
from pipelines.places import Places
from pipelines.runners import metadata


def export(places: Places, use_case: str, silo: str, folder: pathlib.Path) -> str:
    """Write what serves a silo now into a new folder; layout: `scoring/model.py`.

    Args:
        places: Where the runs wrote.
        use_case: Name of the use case.
        silo: The silo's id.
        folder: The new folder.

    Returns:
        What was written, in a sentence.

    Raises:
        SettingsError: There is no such silo or no blessed model, or the folder exists.
    """
    if folder.exists():
        raise SettingsError(
            f"{folder}: found something there, expected a new folder",
            "choose another one with --to",
        )
    home = places.homes / check_id(silo)
    if not home.is_dir():
        known = sorted(path.name for path in places.homes.glob("[!.]*"))
        raise SettingsError(
            f"silo `{silo}`: found no home of it in {places.homes}; there are "
            f"{', '.join(known) or 'none'}",
            "correct the name, or give --output where the runs were written elsewhere",
        )
    blessed = _newest(places, use_case)
    serve = served.by_report(blessed.benefit_uri, blessed.uri, blessed.digest)
    found = serve(Silo(silo, str(home)))
    path = found.weights or pathlib.Path(blessed.uri, model.WEIGHTS)
    with atomic.written(folder) as unfinished:
        exporting.export_others(unfinished, blessed.uri, model.read_weights(path))
    own = "the base" if found.model == BASE else f"its {found.model}"
    why = found.lost or f"silo `{silo}`: {own} model serves it"
    return f"{why}; exported, digest {found.digest}"


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
