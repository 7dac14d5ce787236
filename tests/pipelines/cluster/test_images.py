"""The digests of the images on Azure."""

import json
import pathlib

import pytest

from components.errors import SettingsError
from pipelines.cluster import images

COMMITTED = pathlib.Path(__file__).parents[3] / "k8s" / "overlays" / "aks"
DIGEST = "sha256:" + "1" * 64


def read(tmp_path, found):
    path = tmp_path / "images.json"
    path.write_text(json.dumps(found))
    return images.read(path)


def test_digests_are_read_by_the_images_names(tmp_path):
    found = read(
        tmp_path, {"fairsilo-pipeline": DIGEST, "fairsilo-silo-worker": DIGEST}
    )
    assert (found.pipeline, found.silo_worker) == (DIGEST, DIGEST)
    assert not found.is_stand_in


def test_the_committed_file_is_known_to_be_a_stand_in():
    assert images.read(COMMITTED / "images.json").is_stand_in


def test_one_image_that_was_not_pushed_makes_it_a_stand_in(tmp_path):
    found = {"fairsilo-pipeline": images.NO_DIGEST, "fairsilo-silo-worker": DIGEST}
    assert read(tmp_path, found).is_stand_in


@pytest.mark.parametrize(
    "value", ["latest", "sha256:12", DIGEST.upper(), DIGEST + "\n"]
)
def test_what_is_no_digest_is_refused(tmp_path, value):
    with pytest.raises(SettingsError, match="string should match pattern"):
        read(tmp_path, {"fairsilo-pipeline": value, "fairsilo-silo-worker": DIGEST})


def test_another_image_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="extra inputs are not permitted"):
        read(
            tmp_path,
            {
                "fairsilo-pipeline": DIGEST,
                "fairsilo-silo-worker": DIGEST,
                "fairsilo-beam": DIGEST,
            },
        )
