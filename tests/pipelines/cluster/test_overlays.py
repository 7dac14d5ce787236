"""What the overlays' silos are made of."""

import json

from pipelines.cluster import azure, images
from pipelines.cluster.overlays import Aks, Local
from pipelines.cluster.silos import Silo
from pipelines.kubeflow.settings import DEFAULT_IMAGE
from tests.pipelines.cluster.test_azure import CLIENT, FOUND

DIGEST = "sha256:" + "1" * 64


def aks(**digests):
    pushed = images.Images.model_validate(
        {"fairsilo-pipeline": DIGEST, "fairsilo-silo-worker": DIGEST, **digests}
    )
    return Aks(azure.Azure.model_validate(json.loads(json.dumps(FOUND))), pushed)


def test_a_silos_input_is_its_container_or_a_directory_on_azure():
    container, directory = Silo(id="AA"), Silo(id="AA", input="directory")
    assert aks().parts(container)[-1] == "aks/input-container.yaml"
    assert aks().parts(directory)[-1] == "aks/input-directory.yaml"
    assert not aks().reads_directory(container)
    assert aks().reads_directory(directory)


def test_a_silos_input_is_a_directory_on_one_node():
    silo = Silo(id="AA")
    assert Local().reads_directory(silo)
    assert Local().parts(silo)[-1] == "local/input.yaml"


def test_azures_values_are_the_shares_and_the_silos_own():
    values = aks().values(Silo(id="AA"))
    assert values["client_id"] == CLIENT
    assert values["container"] == "silo-aa"
    assert values["root_share"] == "root"
    assert values["worker_image"] == (
        f"fairsilo1.azurecr.io/fairsilo-silo-worker@{DIGEST}"
    )
    assert "client_id" not in aks().values(None)


def test_images_are_pinned_on_azure_and_those_built_here_on_one_node():
    assert aks().images() == [
        {
            "name": "fairsilo-pipeline",
            "newName": "fairsilo1.azurecr.io/fairsilo-pipeline",
            "digest": DIGEST,
        }
    ]
    (image,) = Local().images()
    assert f"{image['name']}:{image['newTag']}" == DEFAULT_IMAGE


def test_files_that_nobody_filled_in_are_named():
    assert aks().stand_ins() == []
    stand_in = {"fairsilo-silo-worker": images.NO_DIGEST}
    assert aks(**stand_in).stand_ins() == ["images.json"]
    assert Local().stand_ins() == []
