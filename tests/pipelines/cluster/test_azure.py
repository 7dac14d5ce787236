"""What Terraform says of Azure is taken strictly: it ends up in manifests."""

import copy
import json
import pathlib

import pytest

from components.errors import SettingsError
from pipelines.cluster import azure

COMMITTED = (
    pathlib.Path(__file__).parents[3] / "k8s" / "overlays" / "aks" / "azure.json"
)
CLIENT = "12345678-9abc-def0-1234-56789abcdef0"
SILO = {
    "client_id": CLIENT,
    "resource_group": "fairsilo",
    "account": "fairsilo1",
    "container": "silo-aa",
    "endpoint_ip": "10.0.0.5",
}
FOUND = {
    "tenant_id": CLIENT,
    "registry": "fairsilo1.azurecr.io",
    "store": {"host": None},
    "root": {
        "resource_group": "fairsilo",
        "account": "fairsiloroot1",
        "share": "root",
        "server": "fairsiloroot1.file.core.windows.net",
        "endpoint_ip": "10.0.0.4",
        "size_gib": 100,
    },
    "silos": {"aa": SILO},
}


def unchanged(found):
    assert found


def read(tmp_path, change=unchanged, slugs=("aa",)):
    found = copy.deepcopy(FOUND)
    change(found)
    path = tmp_path / "azure.json"
    path.write_text(json.dumps(found))
    return azure.read(path, slugs)


def test_terraforms_output_is_read(tmp_path):
    found = read(tmp_path)
    assert found.silos["aa"].client_id == CLIENT
    assert not found.is_stand_in


def test_the_committed_file_is_known_to_be_a_stand_in():
    slugs = json.loads(COMMITTED.read_text())["silos"]
    assert azure.read(COMMITTED, slugs).is_stand_in


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("silos", "aa", "client_id"), "someone"),
        (("silos", "aa", "account"), "Fairsilo"),
        (("silos", "aa", "container"), "a: b"),
        (("silos", "aa", "container"), "silo--aa"),
        (("silos", "aa", "endpoint_ip"), "10.0.0"),
        (("silos", "aa", "endpoint_ip"), "0.0.0.0/0"),
        (("silos", "aa", "resource_group"), "a\nb"),
        (("registry",), "fairsilo1.azurecr.io/x"),
        (("root", "server"), "a b"),
        (("root", "share"), "../root"),
        (("root", "size_gib"), "100"),
        (("root", "size_gib"), 0),
    ],
)
def test_a_value_that_cannot_be_one_is_refused(tmp_path, place, value):
    def change(found):
        *parents, last = place
        for parent in parents:
            found = found[parent]
        found[last] = value

    with pytest.raises(SettingsError, match=f"`{'.'.join(place)}`") as caught:
        read(tmp_path, change)
    assert caught.value.hint == azure.WAY_OUT


def test_a_database_outside_the_cluster_is_refused_with_the_reason(tmp_path):
    with pytest.raises(SettingsError, match="hold the database as a pod"):
        read(tmp_path, lambda found: found["store"].update(host="x.mysql.example"))


def test_silos_that_azure_does_not_know_are_named(tmp_path):
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, slugs=("dl", "aa", "b6"))
    assert "found nothing about b6, dl, expected the silos of silos.yaml" in (
        caught.value.message
    )


def test_silos_that_are_not_listed_are_named(tmp_path):
    with pytest.raises(
        SettingsError, match=r"silos that silos\.yaml hasn't: dl, expect"
    ):
        read(tmp_path, lambda found: found["silos"].update(dl=SILO))
