"""All files follow from one list; a fault leaves the overlays as they were."""

import json
import pathlib
import shutil

import pytest
import yaml

from components.errors import SettingsError
from pipelines.cluster import manifests, silos

K8S = pathlib.Path(__file__).parents[3] / "k8s"
AWKWARD = ['a: "b" # c', "北京 航空", "O'Hare ${slug}", "NO"]


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(K8S / "silo", tmp_path / "silo")
    shutil.copytree(K8S / "overlays", tmp_path / "overlays")
    shutil.copy(K8S / "silos.yaml", tmp_path)
    return tmp_path


def list_silos(folder, listed):
    (folder / "silos.yaml").write_text(
        yaml.safe_dump({"use_case": "flights", "silos": listed})
    )


def objects(folder, overlay):
    generated = folder / "overlays" / overlay / "generated"
    for path in sorted(generated.glob("s*/*.yaml")):
        if path.name != "kustomization.yaml":
            yield from yaml.safe_load_all(path.read_text())


def test_awkward_names_stay_values_in_every_object(folder):
    list_silos(folder, [{"id": silo} for silo in AWKWARD])
    made = manifests.write(folder, ["local"])
    assert made.silos == len(AWKWARD)
    found = list(objects(folder, "local"))
    assert {
        one["metadata"]["annotations"]["fairsilo.io/silo-id"]
        for one in found
        if one["kind"] == "Namespace"
    } == {*AWKWARD}
    paths = {
        one["spec"]["local"]["path"]
        for one in found
        if one["kind"] == "PersistentVolume"
    }
    assert paths == {
        f"/var/lib/fairsilo/root/{place}/{silo}"
        for place in ("flights/silos", "input/flights")
        for silo in AWKWARD
    }


def test_a_silo_with_an_input_directory_gets_it_on_azure(folder):
    text = (folder / "silos.yaml").read_text()
    text = text.replace("- id: UA", "- {id: UA, input: directory}")
    (folder / "silos.yaml").write_text(text)
    manifests.write(folder, ["aks"])
    found = {
        one["metadata"]["name"]: one["spec"]["csi"]
        for one in objects(folder, "aks")
        if one["kind"] == "PersistentVolume"
    }
    of_ua = found["fairsilo-silo-ua-input"]
    assert of_ua["driver"] == "file.csi.azure.com"
    assert of_ua["volumeAttributes"]["folderName"] == "input/flights/UA"
    assert found["fairsilo-silo-us-input"]["driver"] == "blob.csi.azure.com"
    policies = [
        one["metadata"]["namespace"]
        for one in objects(folder, "aks")
        if one["metadata"]["name"] == "own-storage"
    ]
    assert len(policies) == 15, "no way out is opened for what the node mounts by NFS"
    assert "fairsilo-silo-ua" not in policies
    homes = folder / "overlays" / "aks" / "generated" / "shared" / "registry.yaml"
    assert '"input/flights/UA"' in homes.read_text()


def test_groups_of_people_get_what_the_list_says(folder):
    group = "11111111-2222-3333-4444-555555555555"
    text = (folder / "silos.yaml").read_text()
    text = text.replace("operators: fairsilo-operators", f"operators: {group}")
    (folder / "silos.yaml").write_text(text)
    manifests.write(folder)
    for overlay in manifests.OVERLAYS:
        bound = [
            one["subjects"][0]["name"]
            for one in objects(folder, overlay)
            if one["kind"] == "RoleBinding"
            and one["metadata"]["labels"]["fairsilo.io/group"] == "operators"
        ]
        assert bound == [group] * (16 + 2)


def test_terraforms_list_is_written_before_azure_is_known(folder):
    list_silos(folder, [{"id": "new one", "tier": "account"}])
    before = (folder / "overlays/aks/generated/kustomization.yaml").read_text()
    with pytest.raises(SettingsError, match="found nothing about new-one-"):
        manifests.write(folder)
    (slug, silo), *others = json.loads((folder / manifests.TERRAFORM_FILE).read_text())[
        "silos"
    ].items()
    assert others == []
    assert silo == {
        "id": "new one",
        "namespace": f"fairsilo-silo-{slug}",
        "service_account": "silo-worker",
        "tier": "account",
    }
    for overlay in manifests.OVERLAYS:
        kept = folder / "overlays" / overlay / "generated" / "kustomization.yaml"
        assert "silos/9e.yaml" in kept.read_text()
    assert (folder / "overlays/aks/generated/kustomization.yaml").read_text() == before


def test_a_fault_in_the_list_leaves_everything_as_it_was(folder):
    list_silos(folder, [{"id": "AA"}, {"id": "aa"}])
    with pytest.raises(SettingsError, match="of silo `AA` and of silo `aa`"):
        manifests.write(folder)
    assert not (folder / manifests.TERRAFORM_FILE).exists()
    assert (folder / "overlays/local/generated/silos/9e.yaml").exists()


def test_an_overlay_that_there_is_not_is_refused(folder):
    with pytest.raises(SettingsError, match="overlay `gke`: expected local or aks"):
        manifests.write(folder, ["gke"])


def test_a_removed_silo_leaves_no_file(folder):
    list_silos(folder, [{"id": "AA"}])
    manifests.write(folder, ["local"])
    made = folder / "overlays" / "local" / "generated" / "silos"
    assert [path.name for path in made.iterdir()] == ["aa.yaml"]


def test_terraforms_list_is_sorted_and_readable():
    listed = silos.Silos(
        use_case="a", silos=[silos.Silo(id="b"), silos.Silo(id="ä", slug="a")]
    )
    text = manifests.terraform(listed)
    assert text.endswith("}\n")
    assert list(json.loads(text)["silos"]) == ["a", "b"]
    assert '"id": "ä"' in text
