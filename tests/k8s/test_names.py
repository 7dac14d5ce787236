"""Kubernetes, the pipeline's package, the trainer and Azure use the same names."""

import json

import pytest
import yaml

from components import store_url
from components.federation import silo_registry
from components.payloads.silo import Silo
from pipelines.cluster import names, secrets
from pipelines.kubeflow.settings import DEFAULT_IMAGE, KubeflowSettings
from pipelines.places import Places
from tests.k8s import kustomize
from tests.k8s.rules import references
from tests.k8s.rules.objects import inside, of_kind, silos, templates

SETTINGS = KubeflowSettings()


@pytest.fixture(params=kustomize.OVERLAYS)
def objects(request):
    return list(kustomize.overlay(request.param))


def one(objects, kind, name, namespace):
    (found,) = [
        found for found in objects if references.key(found) == (kind, namespace, name)
    ]
    return found


def test_what_the_package_names_is_there_or_a_prerequisite(objects):
    namespace = SETTINGS.namespace
    one(objects, "ServiceAccount", SETTINGS.service_account, namespace)
    one(objects, "PersistentVolumeClaim", SETTINGS.root_claim, namespace)
    one(objects, "ConfigMap", SETTINGS.silos_config_map, namespace)
    store = ("Secret", namespace, SETTINGS.store_secret)
    assert store == kustomize.STORE
    # Both are optional, and none by default.
    assert SETTINGS.data_claim == ""
    assert not [found for found in objects if found["kind"] == "Secret"]


def test_the_operator_may_change_the_config_maps_that_the_package_mounts(objects):
    role = one(objects, "Role", "fairsilo-operator", SETTINGS.namespace)
    (rule,) = [rule for rule in role["rules"] if "update" in rule["verbs"]]
    assert rule["resourceNames"] == [
        SETTINGS.settings_config_map,
        SETTINGS.silos_config_map,
    ]


def test_policies_choose_steps_by_the_labels_that_the_package_gives(objects):
    from pipelines.runners import placing

    policy = one(objects, "NetworkPolicy", "fairsilo-coordinator", SETTINGS.namespace)
    chosen = policy["spec"]["podSelector"]["matchLabels"]
    assert chosen.items() <= placing.LABELS.items()
    for namespace in silos(objects):
        calls = one(objects, "NetworkPolicy", "calls-from-coordinator", namespace)
        (rule,) = calls["spec"]["ingress"]
        (peer,) = rule["from"]
        assert peer["podSelector"]["matchLabels"].items() <= placing.LABELS.items()


def test_the_trainer_reads_the_registry_and_finds_every_silos_service(
    objects, tmp_path
):
    config_map = one(
        objects, "ConfigMap", SETTINGS.silos_config_map, SETTINGS.namespace
    )
    path = tmp_path / "silos.json"
    path.write_text(config_map["data"]["silos.json"])
    registry = silo_registry.read(str(path))
    assert len(registry.addresses) == 16
    for silo in registry.addresses:
        namespace = names.namespace(names.slug_of(silo))
        service = one(objects, "Service", "worker", namespace)
        (port,) = service["spec"]["ports"]
        assert registry.address(Silo(silo, "")) == (
            f"worker.{namespace}.svc.cluster.local:{port['port']}"
        )
        (deployment,) = of_kind(inside(objects, namespace), "Deployment")
        (worker,) = deployment["spec"]["template"]["spec"]["containers"]
        (listens,) = worker["ports"]
        assert port["targetPort"] == listens["name"]
        assert listens["containerPort"] == names.PORT


def test_a_silos_home_is_where_the_steps_write_it(objects):
    homes = Places(kustomize.ROOT / "flights").homes.relative_to(kustomize.ROOT)
    for volume in of_kind(objects, "PersistentVolume"):
        spec = volume["spec"]
        namespace = spec["claimRef"]["namespace"]
        if spec["claimRef"]["name"] != "home":
            continue
        silo = one(objects, "Namespace", namespace, "")
        silo_id = silo["metadata"]["annotations"]["fairsilo.io/silo-id"]
        expected = f"{homes}/{silo_id}"
        if "local" in spec:
            root = one(objects, "PersistentVolume", "fairsilo-root", "")
            expected = f"{root['spec']['local']['path']}/{expected}"
            assert spec["local"]["path"] == expected
        else:
            assert spec["csi"]["volumeAttributes"]["folderName"] == expected


def test_the_job_makes_every_directory_that_a_volume_shows(objects):
    config_map = one(objects, "ConfigMap", "silo-homes", "kubeflow")
    made = json.loads(config_map["data"]["directories.json"])
    shown = []
    for volume in of_kind(objects, "PersistentVolume"):
        spec = volume["spec"]
        if "local" in spec:
            shown.append(spec["local"]["path"].removeprefix("/var/lib/fairsilo/root"))
        else:
            shown.append(spec["csi"]["volumeAttributes"].get("folderName", ""))
    assert sorted(made) == sorted(path.strip("/") for path in shown if path.strip("/"))


def test_secrets_are_what_the_database_and_the_package_ask_for(objects):
    made = {references.key(secret): secret for secret in secrets.make("one", "two")}
    assert {*made} == {
        *(key for key in kustomize.PREREQUISITES if key[0] == "Secret"),
        kustomize.STORE,
    }
    asked = [
        variable["valueFrom"]["secretKeyRef"]
        for _, template in templates(objects)
        for container in template["spec"]["containers"]
        for variable in container.get("env", [])
        if "valueFrom" in variable
    ]
    assert len(asked) == 3
    for reference in asked:
        secret = made["Secret", "fairsilo", reference["name"]]
        assert reference["key"] in secret["stringData"]
    url = made[kustomize.STORE]["stringData"]["url"]
    assert store_url.resolve(url) == url
    service = one(objects, "Service", "fairsilo-mysql", "fairsilo")
    (port,) = service["spec"]["ports"]
    assert f"@fairsilo-mysql.fairsilo.svc.cluster.local:{port['port']}/" in url
    mysql = one(objects, "StatefulSet", "fairsilo-mysql", "fairsilo")
    (container,) = mysql["spec"]["template"]["spec"]["containers"]
    plain = {v["name"]: v["value"] for v in container["env"] if "value" in v}
    assert url.startswith(f"mysql+pymysql://{plain['MYSQL_USER']}:one@")
    assert url.endswith(f"/{plain['MYSQL_DATABASE']}")


def test_the_local_images_are_those_that_are_built_locally():
    images = {
        container["image"]
        for _, template in templates(list(kustomize.overlay("local")))
        for container in template["spec"]["containers"]
    }
    tag = DEFAULT_IMAGE.partition(":")[2]
    assert {DEFAULT_IMAGE, f"fairsilo-silo-worker:{tag}"} < images


def test_terraform_federates_the_service_accounts_that_there_are(objects):
    path = kustomize.K8S / "terraform" / "silos.auto.tfvars.json"
    listed = json.loads(path.read_text())["silos"].values()
    accounts = {(silo["namespace"], silo["service_account"]) for silo in listed}
    pods = {
        (owner["metadata"]["namespace"], template["spec"]["serviceAccountName"])
        for owner, template in templates(objects)
        if owner["metadata"]["namespace"].startswith(names.PREFIX)
    }
    assert accounts == pods
    assert len(pods) == 16


def test_prerequisites_stand_in_the_readme():
    text = (kustomize.K8S / "README.md").read_text()
    for _, _, name in {*kustomize.PREREQUISITES, kustomize.STORE}:
        assert f"`{name}`" in text


def test_every_silo_of_the_flights_is_listed():
    listed = yaml.safe_load((kustomize.K8S / "silos.yaml").read_text())
    assert " ".join(silo["id"] for silo in listed["silos"]) == (
        "9E AA AS B6 DL EV F9 FL HA MQ OO UA US VX WN YV"
    )
