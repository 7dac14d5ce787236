"""Each overlay builds without a network, is valid, and keeps every rule."""

import copy
import json
import pathlib

import kubernetes_validate
import pytest

from tests.k8s import kustomize
from tests.k8s.rules import network, pods, references, rights, volumes
from tests.k8s.rules.objects import inside, name, of_kind, silos, templates

KUBERNETES = "1.33"
# Kinds that Kubernetes' own schemas don't know.
FOREIGN = {"CiliumNetworkPolicy"}


@pytest.fixture(params=kustomize.OVERLAYS)
def overlay(request):
    return request.param


@pytest.fixture
def objects(overlay):
    return list(kustomize.overlay(overlay))


def test_there_are_sixteen_silos_and_they_are_alike(objects):
    found = silos(objects)
    assert len(found) == 16
    kinds = {
        tuple(sorted((one["kind"], one["metadata"]["name"]) for one in of_silo))
        for of_silo in (inside(objects, namespace) for namespace in found)
    }
    assert len(kinds) == 1


def test_kubernetes_schemas_take_every_object_strictly(objects):
    # Reading the schemas takes most of the time, and silos are alike.
    others = silos(objects)[1:]
    checked = [
        found
        for found in objects
        if not any(other in json.dumps(found["metadata"]) for other in others)
        and found["kind"] not in FOREIGN
    ]
    assert {one["kind"] for one in checked} == {
        one["kind"] for one in objects
    } - FOREIGN
    for found in checked:
        kubernetes_validate.validate(found, KUBERNETES, strict=True)


def test_a_misspelt_field_is_not_valid(objects):
    found = copy.deepcopy(of_kind(objects, "Deployment")[0])
    found["spec"]["template"]["spec"]["containers"][0]["securtyContext"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="securtyContext"):
        kubernetes_validate.validate(found, KUBERNETES, strict=True)


def test_pods_are_restricted_probed_and_their_namespaces_enforce_it(objects):
    assert len(list(templates(objects))) == 16 + 3
    assert pods.restricted(objects) == []
    assert pods.probed(objects) == []
    assert pods.enforced(objects) == []


def test_images_are_pinned(overlay, objects):
    assert pods.images(objects, by_digest=overlay == "aks") == []


def test_our_namespaces_deny_by_default_and_silos_open_no_other_way(objects):
    for namespace in ("fairsilo", *silos(objects)):
        assert network.denied(objects, namespace) == []
    for namespace in silos(objects):
        assert network.silo(objects, namespace) == []


def test_no_role_allows_more_than_it_says(objects):
    assert len(of_kind(objects, "Role", "ClusterRole")) == 6
    assert rights.least(objects) == []


def test_whatever_an_object_names_is_there(objects):
    assert references.missing(objects, kustomize.PREREQUISITES) == []
    assert references.unused(objects, kustomize.PREREQUISITES) == []
    assert references.unmatched(objects) == []


def test_no_object_is_there_twice_and_none_holds_a_secret(objects):
    keys = [references.key(found) for found in objects]
    assert len({*keys}) == len(keys)
    assert not of_kind(objects, "Secret")


def test_a_silos_volumes_show_its_own_and_its_worker_writes_to_neither(objects):
    assert volumes.own(objects) == []
    assert volumes.mounted(objects) == []
    claims = of_kind(objects, "PersistentVolumeClaim")
    static = [one for one in claims if "volumeName" in one["spec"]]
    assert len(static) == 2 * 16 + 1
    assert all(one["spec"]["storageClassName"] == "" for one in static)


def test_claims_and_volumes_are_made_for_each_other(objects):
    made = {
        one["metadata"]["name"]: one for one in of_kind(objects, "PersistentVolume")
    }
    for claim in of_kind(objects, "PersistentVolumeClaim"):
        if "volumeName" not in claim["spec"]:
            continue
        volume = made.pop(claim["spec"]["volumeName"])
        wanted = volume["spec"]["claimRef"]
        assert (wanted["namespace"], wanted["name"]) == (
            claim["metadata"]["namespace"],
            claim["metadata"]["name"],
        )
        assert volume["spec"]["accessModes"] == claim["spec"]["accessModes"]
        assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert made == {}


def test_azure_files_modes_are_left_alone_below_the_root():
    for volume in of_kind(list(kustomize.overlay("aks")), "PersistentVolume"):
        if volume["spec"]["csi"]["driver"] != "file.csi.azure.com":
            continue
        attributes = volume["spec"]["csi"]["volumeAttributes"]
        # The driver would open a home (mode 0700) to all that it isn't mounted for.
        wanted = "0" if "folderName" in attributes else "0777"
        assert attributes["mountPermissions"] == wanted, name(volume)
        assert attributes["protocol"] == "nfs"


def test_a_silos_token_goes_to_the_nodes_driver_and_not_to_its_pod():
    objects = list(kustomize.overlay("aks"))
    for namespace in silos(objects):
        of_silo = inside(objects, namespace)
        (account,) = of_kind(of_silo, "ServiceAccount")
        (pod,) = [template for _, template in templates(of_silo)]
        (volume,) = [
            one
            for one in of_kind(objects, "PersistentVolume")
            if one["metadata"]["name"] == f"{namespace}-input"
        ]
        attributes = volume["spec"]["csi"]["volumeAttributes"]
        annotation = "azure.workload.identity/client-id"
        assert attributes["clientID"] == account["metadata"]["annotations"][annotation]
        assert attributes["mountWithWorkloadIdentityToken"] == "true"
        assert "azure.workload.identity/use" not in pod["metadata"]["labels"]


def test_certificates_are_off_and_can_be_switched_on(objects, overlay, tmp_path):
    assert not of_kind(objects, "Certificate")
    folder = kustomize.K8S / "overlays" / overlay
    made = tmp_path / "on"
    made.mkdir()
    # kustomize takes relative paths only.
    up = "/".join([".."] * len(made.parts[1:]))
    paths = [f"{up}{folder}", f"{up}{folder}/generated/certificates"]
    (made / "kustomization.yaml").write_text(
        f"resources: [{paths[0]}]\ncomponents: [{paths[1]}]\n"
    )
    certificates = of_kind(kustomize.build(made), "Certificate")
    assert [
        (one["metadata"]["namespace"], one["spec"]["dnsNames"]) for one in certificates
    ] == [
        (namespace, [f"worker.{namespace}.svc.cluster.local"])
        for namespace in silos(objects)
    ]


def test_every_kustomization_opens_with_its_purpose_and_its_command():
    found = sorted(kustomize.K8S.rglob("kustomization.yaml"))
    assert len(found) == 4 + 2 * 4
    for path in found:
        head = path.read_text().split("apiVersion:")[0]
        assert head.startswith("# "), path
        assert "\n#   kubectl " in head or "\n#   make " in head, path
        folder = path.parent.relative_to(kustomize.ROOT)
        while not (named := f"{folder}" in head) and folder != pathlib.Path("k8s"):
            folder = folder.parent
        assert named, f"{path} names no folder to build"
