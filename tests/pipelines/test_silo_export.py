"""A silo's own model leaves its home only by its owner's command."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components import blessed_models
from components.errors import SettingsError
from components.federated_trainer import export
from components.federation import model_module
from components.payloads.benefit import PERSONAL, BenefitReport, SiloBenefit
from components.scoring import model
from components.silos import homes
from pipelines import silo_export
from pipelines.places import Places
from pipelines.runners import metadata
from tests.components.federated_trainer.support import MODEL, SPEC

WEIGHTS = "personal/x/weights.npz"


@dataclasses.dataclass(frozen=True)
class Made:
    """A blessed model, and a silo that is served by a model of its own."""

    places: Places
    base: str  # digest
    own: str

    def export(self, silo="north", name="out", use_case="people"):
        folder = self.places.output / name
        return silo_export.export(self.places, use_case, silo, folder), folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base")
    start = model_module.load(MODEL, SPEC, 3)
    export.export(folder, start, start.weights, SPEC)
    return folder, start.weights


@pytest.fixture
def made(exported, tmp_path):
    folder, weights = exported
    places = Places(tmp_path)
    own = tuple(each + 0.1 for each in weights)
    silo = homes.open_home(places.homes, "north")
    homes.open_home(places.homes, "south")
    silo.path(WEIGHTS).parent.mkdir(parents=True)
    model.write_weights(silo.path(WEIGHTS), own)
    base, digest = (model.digest_of(each, SPEC) for each in (weights, own))
    served = SiloBenefit("north", PERSONAL, digest, WEIGHTS)
    benefit = tmp_path / "benefit"
    benefit.mkdir()
    BenefitReport("ditto", base, (served,)).write(benefit)
    store = MetadataStore(metadata.connection(f"sqlite:///{places.metadata}"))
    kind = mlmd.ArtifactType(name=blessed_models.TYPE_NAME)
    artifact = mlmd.Artifact(type_id=store.put_artifact_type(kind), uri="/b")
    artifact.custom_properties[blessed_models.BLESSED].int_value = 1
    for name, value in {
        blessed_models.USE_CASE: "people",
        blessed_models.SPAN: "3",
        blessed_models.MODEL_URI: str(folder),
        blessed_models.MODEL_DIGEST: base,
        blessed_models.BENEFIT_URI: str(benefit),
    }.items():
        artifact.custom_properties[name].string_value = value
    store.put_artifacts([artifact])
    return Made(places, base, digest)


def test_own_model_of_a_silo_is_exported_with_its_digest(made, exported):
    told, folder = made.export()
    assert (
        told
        == f"silo `north`: its personal model serves it; exported, digest {made.own}"
    )
    assert model.read_card(folder).digest == made.own
    assert model.Scorer(folder).digest == made.own
    assert (folder / model.TFLITE).stat().st_size
    own = model.read_weights(folder / model.WEIGHTS)
    np.testing.assert_allclose(own[0], exported[1][0] + 0.1)


def test_base_model_is_exported_where_it_serves(made):
    told, folder = made.export("south")
    assert (
        told == f"silo `south`: the base model serves it; exported, digest {made.base}"
    )
    assert model.read_card(folder).digest == made.base


def test_base_model_is_exported_where_the_own_one_is_lost(made):
    (made.places.homes / "north" / WEIGHTS).unlink()
    told, folder = made.export()
    assert told.startswith(f"silo `north`: {WEIGHTS}: found no file")
    assert told.endswith(f"; exported, digest {made.base}")
    assert model.read_card(folder).digest == made.base


def test_base_model_is_exported_where_the_report_is_gone_and_that_is_said(made):
    (made.places.output / "benefit" / BenefitReport.FILE_NAME).unlink()
    told, folder = made.export()
    assert "found no benefit.json, expected the file that says which model" in told
    assert model.read_card(folder).digest == made.base


@pytest.mark.parametrize(
    ("arguments", "found", "hint"),
    [
        ({"silo": "west"}, "there are north, south", "correct the name"),
        ({"silo": "../north"}, "would leave its parent folder", "rename"),
        ({"use_case": "others"}, "found no blessed model", "fairsilo run others"),
        ({"name": "benefit"}, "found something there", "another one with --to"),
    ],
)
def test_what_cannot_be_exported_is_refused(made, arguments, found, hint):
    with pytest.raises(SettingsError) as caught:
        made.export(**arguments)
    assert found in caught.value.message
    assert hint in caught.value.hint
    assert not (made.places.output / "out").exists()


def test_before_any_run_there_is_nothing_to_export(tmp_path):
    places = Places(tmp_path)
    homes.open_home(places.homes, "north")
    with pytest.raises(SettingsError, match="found no blessed model"):
        silo_export.export(places, "people", "north", tmp_path / "out")
    assert not places.metadata.exists()
