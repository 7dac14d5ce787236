"""The types that nodes hand to each other, as ML Metadata knows them."""

import pytest
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact

from components import artifacts

TFX = {
    "InferenceResult",
    "Model",
    "ModelBlessing",
    "ModelEvaluation",
    "ModelRun",
    "PushedModel",
    "Schema",
}
OURS = {
    "Cohort",
    "Dashboard",
    "FeatureSpec",
    "SiloExamples",
    "SiloStatistics",
}


def test_every_type_is_offered_and_no_other():
    assert set(artifacts.__all__) == TFX | OURS


@pytest.mark.parametrize("name", sorted(TFX))
def test_a_type_that_tfx_has_is_tfxs_own(name):
    assert getattr(artifacts, name) is getattr(standard_artifacts, name)


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_type_of_ours_is_stored_under_its_name(name):
    kind = getattr(artifacts, name)
    assert issubclass(kind, Artifact)
    assert not hasattr(standard_artifacts, name)
    artifact = kind()
    artifact.uri = "/süd/1"
    assert (artifact.type_name, artifact.uri) == (name, "/süd/1")
    assert artifact.artifact_type.name == name
