"""The chart renders for both platforms, is valid, and keeps every rule."""

import copy
import functools
import json
import pathlib
import re
import tomllib

import kubernetes_validate
import pytest
import yaml

from components import store_url
from components.batch_inferrer.pods import PodTemplate
from components.errors import SettingsError
from components.federation import silo_registry
from components.payloads.silo import Silo, check_id
from pipelines.kubeflow.settings import DEFAULT_IMAGE, KubeflowSettings
from pipelines.places import Places
from tests.k8s import chart
from tests.k8s.chart import IDS, find, inside, of_kind, silos, slug_of, templates

KUBERNETES = "1.33"
# Kinds that Kubernetes' own schemas don't know.
FOREIGN = {"CiliumNetworkPolicy"}
SETTINGS = KubeflowSettings()
PROJECT = tomllib.loads((chart.ROOT / "pyproject.toml").read_text())["project"]
VERSION = PROJECT["version"]


@pytest.fixture(params=chart.PLATFORMS)
def platform(request):
    return request.param


@pytest.fixture
def objects(platform):
    return list(chart.rendered(platform))


def listed(*silos):
    return {"use_case": "flights", "silos": [*silos]}


def test_helm_finds_nothing_to_complain_about(platform):
    done = chart.helm("lint", platform, chart.values(platform), "--strict")
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_sixteen_silos_and_they_are_alike(objects):
    found = silos(objects)
    kinds = {
        tuple(sorted((one["kind"], one["metadata"]["name"]) for one in of_silo))
        for of_silo in (inside(objects, namespace) for namespace in found)
    }
    assert (len(found), len(kinds)) == (16, 1)


def test_kubernetes_schemas_take_every_object_and_no_misspelt_field(objects):
    # Reading the schemas takes most of the time, and silos are alike.
    others = silos(objects)[1:]
    checked = [
        found
        for found in objects
        if not any(other in json.dumps(found["metadata"]) for other in others)
        and found["kind"] not in FOREIGN
    ]
    kinds = {one["kind"] for one in objects} - FOREIGN
    assert {one["kind"] for one in checked} == kinds
    for found in checked:
        kubernetes_validate.validate(found, KUBERNETES, strict=True)
    bad = copy.deepcopy(of_kind(objects, "Deployment")[0])
    bad["spec"]["template"]["spec"]["containers"][0]["securtyContext"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="securtyContext"):
        kubernetes_validate.validate(bad, KUBERNETES, strict=True)


def test_no_object_is_there_twice_none_holds_a_secret_and_all_are_labelled(objects):
    keys = [chart.key(found) for found in objects]
    assert len({*keys}) == len(keys)
    assert not of_kind(objects, "Secret")
    label = "app.kubernetes.io/part-of"
    assert all(one["metadata"]["labels"][label] == "fairsilo" for one in objects)


def test_pods_and_namespaces_are_restricted_and_images_pinned(objects, platform):
    assert len(list(templates(objects))) == 16 + 3
    for owner, template in templates(objects):
        chart.assert_restricted(template)
        probes = {"startupProbe", "readinessProbe", "livenessProbe"}
        for one in template["spec"]["containers"]:
            assert probes <= {*one} or owner["kind"] in {"Job", "CronJob"}
            assert {*one["resources"]["requests"]} == {"cpu", "memory"}
            pinned = re.search(r"@sha256:[0-9a-f]{64}$", one["image"])
            ours = platform == "local" and one["image"].startswith("fairsilo-")
            assert pinned or (ours and one["image"].endswith(f":{VERSION}"))
    for namespace in of_kind(objects, "Namespace"):
        for mode in ("enforce", "audit", "warn"):
            label = f"pod-security.kubernetes.io/{mode}"
            assert namespace["metadata"]["labels"][label] == "restricted"


COORDINATOR = {"fairsilo.io/role": "coordinator"}


def peer(namespace, labels):
    name = {"kubernetes.io/metadata.name": namespace}
    chosen = {"podSelector": {"matchLabels": labels}}
    return {"namespaceSelector": {"matchLabels": name}, **chosen}


def ports(*pairs):
    return [{"protocol": protocol, "port": port} for protocol, port in pairs]


DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
WORKER = {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "worker"}}}
CALLS = {
    **WORKER,
    "policyTypes": ["Ingress"],
    "ingress": [
        {"from": [peer("kubeflow", COORDINATOR)], "ports": ports(("TCP", 8000))}
    ],
}
NAMES = {
    "podSelector": {},
    "policyTypes": ["Egress"],
    "egress": [
        {
            "to": [peer("kube-system", {"k8s-app": "kube-dns"})],
            "ports": ports(("UDP", 53), ("TCP", 53)),
        }
    ],
}


def test_a_silo_is_called_by_the_coordinator_and_calls_names_and_its_storage(
    objects, platform
):
    assert find(objects, "NetworkPolicy", "fairsilo", "default-deny")["spec"] == DENY
    for silo in silos(objects):
        wanted = {"default-deny": DENY, "calls-from-coordinator": CALLS, "names": NAMES}
        if platform == "aks":
            slug = silo.removeprefix("fairsilo-silo-")
            address = chart.values("aks")["azure"]["silos"][slug]["endpoint_ip"]
            block = {"ipBlock": {"cidr": f"{address}/32"}}
            rule = {"to": [block], "ports": ports(("TCP", 443))}
            own = {**WORKER, "policyTypes": ["Egress"], "egress": [rule]}
            wanted["own-storage"] = own
        policies = of_kind(
            inside(objects, silo), "NetworkPolicy", "CiliumNetworkPolicy"
        )
        assert {one["metadata"]["name"]: one["spec"] for one in policies} == wanted


def test_a_shard_is_called_by_nobody_and_calls_names_and_on_azure_storage(platform):
    egress = {"client_id": "", "egress": ["10.1.2.0/24"]}
    given = chart.values(platform) | {"shards": egress}
    objects = chart.render(platform, given)
    policy = find(objects, "NetworkPolicy", "kubeflow", "fairsilo-shard")["spec"]
    assert policy["podSelector"] == {"matchLabels": {"fairsilo.io/role": "shard"}}
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in policy
    names, storage = policy["egress"]
    assert [names] == NAMES["egress"]
    assert storage["ports"] == ports(("TCP", 443))
    blocks = {one["ipBlock"]["cidr"] for one in storage["to"]}
    azure = {"10.40.64.5/32"} if platform == "aks" else set()
    assert blocks == {"10.1.2.0/24"} | azure
    name = PodTemplate("", "", {}).service_account
    account = find(objects, "ServiceAccount", "kubeflow", name)
    assert account["automountServiceAccountToken"] is False
    assert "annotations" not in account["metadata"]


def test_shards_have_an_identity_where_one_is_named():
    client_id = "12345678-9abc-def0-1234-000000000001"
    given = chart.values("aks") | {"shards": {"client_id": client_id, "egress": []}}
    account = find(
        chart.render("aks", given), "ServiceAccount", "kubeflow", "fairsilo-shard"
    )
    annotation = "azure.workload.identity/client-id"
    assert account["metadata"]["annotations"] == {annotation: client_id}


SETTLED = "fairsilo-settings fairsilo-silos"
# All that roles allow beside reading: role, resource, names and verbs.
ALLOWED = {
    ("fairsilo-silo-owner", "deployments/scale", "worker", "get update patch"),
    ("fairsilo-operator", "configmaps", SETTLED, "update patch"),
    ("fairsilo-operator", "pods/portforward", "", "create get"),
    ("fairsilo-operator", "services/proxy", "ml-pipeline:http", "get create delete"),
    ("fairsilo-reviewer", "pods/portforward", "", "create get"),
    ("fairsilo-runner", "workflowtaskresults", "", "create patch"),
    ("fairsilo-runner", "jobs", "", "create get delete"),
    ("fairsilo-runner", "secrets", "mlpipeline-minio-artifact", "get"),
}


def test_roles_allow_what_is_listed_and_hold_in_no_namespace_but_theirs(objects):
    roles = of_kind(objects, "Role", "ClusterRole")
    assert len(roles) == 6
    assert not of_kind(objects, "ClusterRoleBinding")
    assert "*" not in json.dumps([one["rules"] for one in roles])
    assert {
        (
            role["metadata"]["name"],
            resource,
            " ".join(rule.get("resourceNames", [])),
            " ".join(rule["verbs"]),
        )
        for role in roles
        for rule in role["rules"]
        for resource in rule["resources"]
        if resource == "secrets" or not {*rule["verbs"]} <= {"get", "list", "watch"}
    } == ALLOWED


# What must be there before the chart is installed, and who makes it (k8s/README.md).
PREREQUISITES = {
    ("Namespace", "", "kubeflow"),  # Kubeflow Pipelines
    ("Secret", "fairsilo", "fairsilo-mysql"),  # make cluster-secrets
}
# Fields that name another object, or hold its `name`, and of which kind it is.
NAMED = {
    "serviceAccountName": "ServiceAccount",
    "serviceName": "Service",
    "claimName": "PersistentVolumeClaim",
    "claimRef": "PersistentVolumeClaim",
    "volumeName": "PersistentVolume",
    "storageClassName": "StorageClass",
    "configMap": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secretKeyRef": "Secret",
}
GLOBAL = {"PersistentVolume", "StorageClass", "ClusterRole"}


def references(part, namespace):
    """Yield all that a part of an object names, as `chart.key` gives it."""
    if isinstance(part, list):
        for item in part:
            yield from references(item, namespace)
    elif isinstance(part, dict):
        for field, value in part.items():
            kind = value["kind"] if field == "roleRef" else NAMED.get(field)
            if not kind or not value:
                yield from references(value, namespace)
                continue
            wanted = {"name": value} if isinstance(value, str) else value
            place = wanted.get("namespace", namespace)
            yield kind, "" if kind in GLOBAL else place, wanted["name"]


def test_what_an_object_names_is_there_and_services_choose_pods(objects):
    there = {chart.key(found) for found in objects} | PREREQUISITES
    pods = [
        (owner["metadata"]["namespace"], template["metadata"]["labels"].items())
        for owner, template in templates(objects)
    ]
    named = set()
    for found in objects:
        namespace = found["metadata"].get("namespace", "")
        named |= {*references(found, namespace)}
        named |= {("Namespace", "", namespace)} if namespace else set()
        named |= {
            (one["kind"], one["namespace"], one["name"])
            for one in found.get("subjects", [])
            if one["kind"] == "ServiceAccount"
        }
        if found["kind"] in {"Service", "PodDisruptionBudget"}:
            selector = found["spec"]["selector"]
            wanted = selector.get("matchLabels", selector).items()
            assert any(where == namespace and wanted <= has for where, has in pods)
    assert {kind for kind, _, _ in named} == {
        *NAMED.values(),
        *("Namespace", "Role", "ClusterRole"),
    } - ({"StorageClass"} if "StorageClass" not in str(there) else set())
    assert named <= there, named - there


def places(objects):
    """Return what each volume shows: the path in its account, share or node."""
    found = {}
    for volume in of_kind(objects, "PersistentVolume"):
        csi = volume["spec"].get("csi", {}).get("volumeAttributes", {})
        names = ("storageAccount", "containerName", "shareName", "folderName")
        parts = [csi[name] for name in names if name in csi]
        path = "/".join(parts) or volume["spec"]["local"]["path"]
        found[volume["metadata"]["name"]] = pathlib.PurePath(path)
    return found


def test_a_silos_volumes_show_what_is_its_own_and_may_not_be_written_to(objects):
    shown = places(objects)
    root = shown.pop("fairsilo-root")
    assert sum(root in path.parents for path in shown.values()) >= 16
    assert len({*shown.values()}) == len(shown) == 32
    for path in shown.values():
        assert not {*path.parents} & {*shown.values()}
    for silo in silos(objects):
        for name in ("home", "input"):
            spec = find(objects, "PersistentVolume", "", f"{silo}-{name}")["spec"]
            assert spec["claimRef"]["namespace"] == silo
            assert spec["accessModes"] == ["ReadOnlyMany"]
            assert spec.get("csi", {"readOnly": True})["readOnly"] is True
        pod = find(objects, "Deployment", silo, "worker")["spec"]["template"]["spec"]
        (worker,) = pod["containers"]
        mounts = {mount["name"]: mount for mount in worker["volumeMounts"]}
        assert worker["workingDir"] == mounts["home"]["mountPath"]
        for volume in pod["volumes"]:
            own = volume.get("persistentVolumeClaim")
            assert "emptyDir" in volume or (own["readOnly"], own["claimName"]) == (
                mounts[volume["name"]]["readOnly"],
                volume["name"],
            )


def test_claims_and_volumes_are_made_for_each_other(objects):
    volumes = of_kind(objects, "PersistentVolume")
    made = {one["metadata"]["name"]: one for one in volumes}
    assert len(made) == 2 * 16 + 1
    for claim in of_kind(objects, "PersistentVolumeClaim"):
        if "volumeName" not in claim["spec"]:
            continue
        volume = made.pop(claim["spec"]["volumeName"])
        wanted, metadata = volume["spec"]["claimRef"], claim["metadata"]
        assert wanted["namespace"] == metadata["namespace"]
        assert wanted["name"] == metadata["name"]
        assert claim["spec"]["storageClassName"] == ""
        assert volume["spec"]["accessModes"] == claim["spec"]["accessModes"]
        assert volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert made == {}


def test_azure_files_modes_are_left_alone_below_the_root():
    for volume in of_kind(list(chart.rendered("aks")), "PersistentVolume"):
        if volume["spec"]["csi"]["driver"] != "file.csi.azure.com":
            continue
        attributes = volume["spec"]["csi"]["volumeAttributes"]
        # The driver would open a home (mode 0700) to all that it isn't mounted for.
        wanted = "0" if "folderName" in attributes else "0777"
        assert attributes["mountPermissions"] == wanted, volume["metadata"]["name"]
        assert attributes["protocol"] == "nfs"


def test_a_silos_token_goes_to_the_nodes_driver_and_not_to_its_pod():
    objects = list(chart.rendered("aks"))
    for namespace in silos(objects):
        account = find(objects, "ServiceAccount", namespace, "silo-worker")
        (pod,) = [template for _, template in templates(inside(objects, namespace))]
        volume = find(objects, "PersistentVolume", "", f"{namespace}-input")
        attributes = volume["spec"]["csi"]["volumeAttributes"]
        annotation = "azure.workload.identity/client-id"
        assert attributes["clientID"] == account["metadata"]["annotations"][annotation]
        assert attributes["mountWithWorkloadIdentityToken"] == "true"
        assert "azure.workload.identity/use" not in pod["metadata"]["labels"]


def test_certificates_are_off_and_can_be_switched_on(objects, platform):
    assert not of_kind(objects, "Certificate")
    on = chart.render(platform, chart.values(platform) | {"certificates": True})
    assert [
        (one["metadata"]["namespace"], one["spec"]["dnsNames"])
        for one in of_kind(on, "Certificate")
    ] == [
        (namespace, [f"worker.{namespace}.svc.cluster.local"])
        for namespace in silos(objects)
    ]


def test_what_the_package_names_is_there_or_a_prerequisite(objects):
    namespace = SETTINGS.namespace
    find(objects, "ServiceAccount", namespace, SETTINGS.service_account)
    find(objects, "PersistentVolumeClaim", namespace, SETTINGS.root_claim)
    assert SETTINGS.store_secret == store_url.SECRET
    role = find(objects, "Role", namespace, "fairsilo-operator")
    (rule,) = [rule for rule in role["rules"] if "update" in rule["verbs"]]
    mounted = [SETTINGS.settings_config_map, SETTINGS.silos_config_map]
    assert rule["resourceNames"] == mounted
    for name in mounted:
        find(objects, "ConfigMap", namespace, name)


def test_policies_choose_steps_by_the_labels_that_the_package_gives(objects):
    from pipelines.runners import kubeflow

    policy = find(objects, "NetworkPolicy", SETTINGS.namespace, "fairsilo-coordinator")
    chosen = policy["spec"]["podSelector"]["matchLabels"]
    assert chosen == COORDINATOR
    assert chosen.items() <= kubeflow.LABELS.items()


def test_the_trainer_reads_the_registry_and_finds_every_silos_service(
    objects, tmp_path
):
    config_map = find(
        objects, "ConfigMap", SETTINGS.namespace, SETTINGS.silos_config_map
    )
    path = tmp_path / "silos.json"
    path.write_text(config_map["data"]["silos.json"])
    registry = silo_registry.read(str(path))
    assert [*registry.addresses] == [silo["id"] for silo in chart.SILOS["silos"]]
    for silo in registry.addresses:
        namespace = f"fairsilo-silo-{slug_of(silo)}"
        service = find(objects, "Service", namespace, "worker")
        (port,) = service["spec"]["ports"]
        assert registry.address(Silo(silo, "")) == (
            f"worker.{namespace}.svc.cluster.local:{port['port']}"
        )
        worker = find(objects, "Deployment", namespace, "worker")
        (container,) = worker["spec"]["template"]["spec"]["containers"]
        (listens,) = container["ports"]
        assert port["targetPort"] == listens["name"]
        assert listens["containerPort"] == 8000


def test_silos_homes_are_where_steps_write_and_a_job_makes_every_directory(objects):
    homes = Places(chart.ROOT / "flights").homes.relative_to(chart.ROOT)
    roots = ("/var/lib/fairsilo/root", "fairsiloroot1/root")
    shown = {
        name: str(path).removeprefix(root).strip("/")
        for name, path in places(objects).items()
        for root in roots
        if str(path).startswith(f"{root}/")
    }
    for namespace in silos(objects):
        silo = find(objects, "Namespace", "", namespace)
        silo_id = silo["metadata"]["annotations"]["fairsilo.io/silo-id"]
        assert shown[f"{namespace}-home"] == f"{homes}/{silo_id}"
    config_map = find(objects, "ConfigMap", "kubeflow", "silo-homes")
    made = config_map["data"]["directories"].splitlines()
    assert sorted(made) == sorted(shown.values())


def test_the_local_images_and_the_charts_version_are_the_projects():
    images = yaml.safe_load((chart.CHART / "values-local.yaml").read_text())["images"]
    assert images == {
        "pipeline": DEFAULT_IMAGE,
        "worker": f"fairsilo-silo-worker:{VERSION}",
    }
    about = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
    assert (about["version"], about["appVersion"]) == (VERSION, VERSION)


def test_the_job_of_homes_has_another_name_when_it_does_something_else():
    def name(*silos, image=DEFAULT_IMAGE):
        images = {"images": {"pipeline": image}}
        objects = chart.render("local", listed(*silos) | images)
        return of_kind(objects, "Job")[0]["metadata"]["name"]

    first = name({"id": "a"})
    assert first == name({"id": "a"})
    assert len({first, name({"id": "b"}), name({"id": "a"}, image="other:1")}) == 3


def test_a_silos_input_may_be_a_directory_of_the_share_and_needs_no_way_out():
    given = listed({"id": "Süd", "input": "directory", "owners": "a-b@c.d"})
    objects = chart.render("aks", chart.values("aks", given))
    namespace = f"fairsilo-silo-{slug_of('Süd')}"
    volume = find(objects, "PersistentVolume", "", f"{namespace}-input")
    attributes = volume["spec"]["csi"]["volumeAttributes"]
    assert attributes["folderName"] == "input/flights/Süd"
    policies = of_kind(inside(objects, namespace), "NetworkPolicy")
    assert "own-storage" not in {one["metadata"]["name"] for one in policies}
    (subject,) = find(objects, "RoleBinding", namespace, "owner")["subjects"]
    assert subject["name"] == "a-b@c.d"
    assert len({*places(objects).values()}) == len(places(objects))


def test_ids_in_any_script_become_names_that_kubernetes_and_azure_take():
    ids = [*IDS, "\N{KELVIN SIGN}", 'a"b: {{ x }}', "x\N{LINE SEPARATOR}y"]
    assert [check_id(one) for one in ids] == ids
    objects = chart.render("local", listed(*({"id": one} for one in ids)))
    found = {
        one["metadata"]["annotations"]["fairsilo.io/silo-id"]: one["metadata"]["name"]
        for one in of_kind(objects, "Namespace")
        if "annotations" in one["metadata"] and "-silo-" in one["metadata"]["name"]
    }
    assert found == {one: f"fairsilo-silo-{slug_of(one)}" for one in ids}
    assert found["Süd"] == "fairsilo-silo-s-d-be833bb8"
    assert found["北"] == "fairsilo-silo-silo-01bc01b3"
    assert len({*places(objects).values()}) == len(places(objects))


A = {"id": "a"}
REFUSED = [
    ([{"id": "../x"}], "silos.0.id: Does not match pattern"),
    ([{"id": ".x"}], "silos.0.id: Does not match pattern"),
    ([{"id": ""}], "silos.0.id: Does not match pattern"),
    ([{"id": "a\u200bb"}], "silos.0.id: Does not match pattern"),
    # YAML reads Norway's code as a truth value.
    ([{"id": False}], "silos.0.id: Invalid type. Expected: string, given: boolean"),
    ([{"id": 7}], "silos.0.id: Invalid type. Expected: string, given: integer"),
    ([{"id": 61 * "é"}], "of 122 bytes, expected at most 120"),
    ([A | {"slug": "a--b"}], "silos.0.slug: Does not match pattern"),
    ([A | {"slug": 41 * "a"}], "silos.0.slug: String length must be less"),
    ([A | {"tier": "pool"}], "silos.0.tier must be one of"),
    ([A | {"input": "blob"}], "silos.0.input must be one of"),
    ([A | {"owners": 'x"y'}], "silos.0.owners: Does not match pattern"),
    ([A | {"owner": "x"}], "Additional property owner is not allowed"),
    ([A, A], "found silo `a` twice, expected each silo once"),
    ([{"id": "AA"}, {"id": "aa"}], "found `aa` as the name of silo `AA` and of silo"),
    (
        [A | {"slug": "x"}, {"id": "b", "slug": "x"}],
        "give one of them a `slug` of its own",
    ),
    ([], "silos: Array must have at least 1 items"),
]


@pytest.mark.parametrize(("silos", "sentence"), REFUSED)
def test_what_cannot_be_silos_is_refused(silos, sentence):
    assert sentence in chart.refusal(listed(*silos))
    given = [silo["id"] for silo in silos if [*silo] == ["id"]]
    if len(given) == 1 and isinstance(given[0], str):
        with pytest.raises(SettingsError):
            check_id(given[0])


AZURE = "azure silos aa "
ANOTHER = chart.azure(["dl"])["azure"]["silos"]["dl"]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("use_case", "../x", "use_case: Does not match pattern"),
        ("use_case", None, "use_case: Invalid type. Expected: string"),
        ("operators", "a b", "operators: Does not match pattern"),
        ("shards", {"client_id": "x", "egress": []}, "shards.client_id"),
        ("shards", {"client_id": "", "egress": ["world"]}, "egress.0: Does not match"),
        ("note", "x", "Additional property note is not allowed"),
        ("images worker", "r.io/a:1", "images.worker: Does not match pattern"),
        ("worker", {"memory": "4"}, "worker.memory: Does not match pattern"),
        (AZURE + "client_id", "someone", "client_id: Does not match pattern"),
        (AZURE + "account", "Fair", "account: Does not match pattern"),
        (AZURE + "container", "a: b", "container: Does not match pattern"),
        (AZURE + "endpoint_ip", "0.0.0.0/0", "endpoint_ip: Does not match"),
        (AZURE + "resource_group", "a\nb", "resource_group: Does not match"),
        ("azure root server", "a b", "server: Does not match pattern"),
        ("azure root share", "../root", "share: Does not match pattern"),
        ("azure root size_gib", 0, "size_gib: Must be greater than or equal to 1"),
        ("azure store host", "x.mysql", "holds the database as a pod of the cluster"),
        ("azure silos", {}, "found nothing about `aa`, expected the silos of"),
        ("azure silos dl", ANOTHER, "found `dl`, expected the silos of silos.yaml"),
    ],
)
def test_values_that_cannot_be_used_are_refused(path, value, sentence):
    given = chart.values("aks", listed({"id": "AA"}))
    *above, last = path.split()
    functools.reduce(dict.__getitem__, above, given)[last] = value
    assert sentence in chart.refusal(given, "aks")


def test_aks_needs_what_terraform_says():
    assert "azure is required" in chart.refusal(listed({"id": "AA"}), "aks")


@pytest.mark.slow
def test_many_silos_are_rendered_and_no_config_map_is_too_large(platform):
    count = 2000
    ids = [f"Fluggesellschaft Süd {i}" if i % 2 else f"silo-{i}" for i in range(count)]
    given = chart.values(platform, listed(*({"id": one} for one in ids)))
    done = chart.helm("template fairsilo", platform, given)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\nkind: Deployment\n") == count
    maps = [one for one in done.stdout.split("\n---\n") if "kind: ConfigMap\n" in one]
    assert any(SETTINGS.silos_config_map in one for one in maps)
    # The API server takes no config map over 1 MiB.
    assert max(map(len, maps)) < 2 * count * 250 < 2**20
