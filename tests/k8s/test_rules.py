"""Each rule is seen to refuse what it is there for."""

import copy

import pytest

from tests.k8s import chart, rules
from tests.k8s.rules import name

SILO = "fairsilo-silo-9e"
OTHER = "fairsilo-silo-aa"
STORE = "fairsilo/StatefulSet/fairsilo-mysql"


@pytest.fixture
def objects():
    return copy.deepcopy(list(chart.rendered("aks")))


def get(objects, kind, name, namespace=SILO):
    (found,) = [
        one
        for one in objects
        if one["kind"] == kind
        and one["metadata"]["name"] == name
        and one["metadata"].get("namespace", "") == namespace
    ]
    return found


def worker(objects):
    return get(objects, "Deployment", "worker")["spec"]["template"]["spec"]


def container(objects):
    return worker(objects)["containers"][0]


POD = {
    "may run as root": lambda spec: spec["securityContext"].pop("runAsNonRoot"),
    "has no seccomp profile": lambda spec: spec["securityContext"].pop(
        "seccompProfile"
    ),
    "shares the node's namespaces": lambda spec: spec.update(hostNetwork=True),
    "gets a token of the Kubernetes API": lambda spec: spec.pop(
        "automountServiceAccountToken"
    ),
    "mounts what pods may not": lambda spec: spec["volumes"].append(
        {"name": "node", "hostPath": {"path": "/"}}
    ),
}
CONTAINER = {
    "may gain rights": lambda one: one["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
    "may write to its root": lambda one: one["securityContext"].update(
        readOnlyRootFilesystem=False
    ),
    "keeps capabilities": lambda one: one["securityContext"].update(
        capabilities={"drop": ["ALL"], "add": ["SYS_ADMIN"]}
    ),
    "is privileged": lambda one: one["securityContext"].update(privileged=True),
    "may run as root": lambda one: one["securityContext"].update(runAsUser=0),
    "has no requests": lambda one: one["resources"].pop("requests"),
    "has no limits": lambda one: one["resources"]["limits"].pop("memory"),
    "takes a port of the node": lambda one: one["ports"][0].update(hostPort=8000),
}


@pytest.mark.parametrize("sentence", POD)
def test_a_pod_with_more_rights_is_found(objects, sentence):
    POD[sentence](worker(objects))
    assert rules.restricted(objects) == [f"{SILO}/Deployment/worker {sentence}"]


@pytest.mark.parametrize("sentence", CONTAINER)
def test_a_container_with_more_rights_is_found(objects, sentence):
    CONTAINER[sentence](container(objects))
    assert rules.restricted(objects) == [f"{SILO}/Deployment/worker: worker {sentence}"]


def test_rights_are_looked_for_in_jobs_and_in_init_containers(objects):
    cron_job = get(objects, "CronJob", "fairsilo-mysql-backup", "fairsilo")
    spec = cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    spec["initContainers"] = [{"name": "first", "image": "busybox:latest"}]
    assert "fairsilo/CronJob/fairsilo-mysql-backup: first may gain rights" in (
        rules.restricted(objects)
    )


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_a_worker_without_a_probe_is_found(objects, probe):
    container(objects).pop(probe)
    assert rules.probed(objects) == [f"{SILO}/Deployment/worker: worker has no {probe}"]


@pytest.mark.parametrize("value", [None, "baseline"])
def test_a_namespace_that_enforces_less_is_found(objects, value):
    labels = get(objects, "Namespace", SILO, "")["metadata"]["labels"]
    labels["pod-security.kubernetes.io/enforce"] = value
    assert rules.enforced(objects) == [f"Namespace/{SILO} has not enforce=restricted"]


@pytest.mark.parametrize(
    ("image", "by_digest", "sentence"),
    [
        ("registry.example/worker:latest", False, "is whatever is latest"),
        ("registry.example:5000/worker", False, "has no tag"),
        ("registry.example/worker:1.2", True, "has no digest"),
        ("registry.example/worker@sha256:12", True, "has no digest"),
    ],
)
def test_an_image_that_may_change_is_found(objects, image, by_digest, sentence):
    container(objects)["image"] = image
    assert rules.images(objects, by_digest) == [
        f"{SILO}/Deployment/worker: {image} {sentence}"
    ]


def rule(resources, verbs, group="", **more):
    return {"apiGroups": [group], "resources": [resources], "verbs": verbs, **more}


RBAC = "rbac.authorization.k8s.io"


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (rule("pods", ["*"]), "has a wildcard"),
        (rule("pods", ["get"], "*"), "has a wildcard"),
        (rule("*", ["get"]), "has a wildcard"),
        (rule("pods/*", ["get"]), "has a wildcard"),
        ({"nonResourceURLs": ["/logs/*"], "verbs": ["get"]}, "has a wildcard"),
        (rule("pods/exec", ["create"]), "opens a shell in pods"),
        (rule("roles", ["escalate"], RBAC), "gives more rights"),
        (rule("rolebindings", ["create"], RBAC), "gives more rights"),
        (rule("serviceaccounts/token", ["create"]), "gives more rights"),
        (rule("jobs", ["create"], "batch"), "starts or changes workloads"),
        (rule("secrets", ["get"]), "reads secrets that it doesn't name"),
        (
            rule("secrets", ["get", "list"], resourceNames=["one"]),
            "reads secrets that it doesn't name",
        ),
        (rule("configmaps", ["create"]), "writes config maps that it doesn't name"),
    ],
)
def test_a_role_that_allows_too_much_is_found(objects, rule, sentence):
    get(objects, "Role", "fairsilo-runner", "kubeflow")["rules"].append(rule)
    assert rules.least(objects) == [f"kubeflow/Role/fairsilo-runner {sentence}"]


def test_a_binding_for_all_namespaces_is_found(objects):
    binding = get(objects, "RoleBinding", "operator")
    binding["kind"] = "ClusterRoleBinding"
    binding["metadata"].pop("namespace")
    assert rules.least(objects) == [
        "ClusterRoleBinding/operator holds in all namespaces"
    ]


def test_a_namespace_that_denies_nothing_is_found(objects):
    policy = get(objects, "NetworkPolicy", "default-deny")
    policy["spec"]["policyTypes"] = ["Ingress"]
    assert rules.denied(objects, SILO) == [f"{SILO}: nothing is denied by default"]
    assert rules.denied(objects, OTHER) == []


def to(cidr, port):
    ports = [{"protocol": "TCP", "port": port}]
    return {"to": [{"ipBlock": {"cidr": cidr}}], "ports": ports}


ANYBODY = {"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 8000}]}
NO_PORT = {"from": [rules.COORDINATOR]}
WORLD, TWO, NFS = to("0.0.0.0/0", 443), to("10.0.0.0/31", 443), to("10.0.0.4/32", 2049)


@pytest.mark.parametrize("rule", [{}, ANYBODY, NO_PORT])
def test_a_way_into_a_silo_is_found(objects, rule):
    policy = get(objects, "NetworkPolicy", "calls-from-coordinator")
    policy["spec"]["ingress"].append(rule)
    assert rules.silo(objects, SILO) == [f"{name(policy)} lets in {rule}"]


@pytest.mark.parametrize("rule", [{}, WORLD, TWO, NFS])
def test_a_way_out_of_a_silo_is_found(objects, rule):
    policy = get(objects, "NetworkPolicy", "names")
    policy["spec"]["egress"].append(rule)
    assert rules.silo(objects, SILO) == [f"{name(policy)} lets out {rule}"]


def test_a_policy_of_another_kind_is_found(objects):
    policy = get(objects, "NetworkPolicy", "names")
    policy["kind"] = "CiliumNetworkPolicy"
    assert rules.silo(objects, SILO) == [
        f"{SILO}/CiliumNetworkPolicy/names is a policy of another kind"
    ]


@pytest.mark.parametrize(
    ("kind", "namespace", "name", "sentence"),
    [
        ("ServiceAccount", SILO, "silo-worker", f"{SILO}/Deployment/worker names"),
        ("ConfigMap", "kubeflow", "silo-homes", "kubeflow/Job/silo-homes-"),
        ("PersistentVolume", "", f"{SILO}-home", f"{SILO}/PersistentVolumeClaim/home"),
        ("PersistentVolumeClaim", SILO, "home", f"{SILO}/Deployment/worker names"),
        ("StorageClass", "", "fairsilo-disk", f"{STORE} names"),
        ("ClusterRole", "", "fairsilo-silo-owner", f"{SILO}/RoleBinding/owner names"),
        ("Role", "kubeflow", "fairsilo-runner", "kubeflow/RoleBinding/fairsilo-runner"),
        ("Namespace", "", SILO, f"{SILO}/Deployment/worker names"),
        ("Service", "fairsilo", "fairsilo-mysql", f"{STORE} names"),
    ],
)
def test_what_is_named_and_not_there_is_found(objects, kind, namespace, name, sentence):
    objects.remove(get(objects, kind, name, namespace))
    faults = rules.missing(objects, chart.PREREQUISITES)
    assert any(fault.startswith(sentence) for fault in faults), faults
    gone = "/".join(part for part in (kind, namespace, name) if part)
    assert all(fault.endswith(f" {gone}") for fault in faults)


def test_a_prerequisite_counts_only_while_it_is_one(objects):
    faults = rules.missing(objects, {("Namespace", "", "kubeflow")})
    assert {*faults} == {
        "fairsilo/StatefulSet/fairsilo-mysql names Secret/fairsilo/fairsilo-mysql",
        "fairsilo/CronJob/fairsilo-mysql-backup names Secret/fairsilo/fairsilo-mysql",
    }
    gone = {*chart.PREREQUISITES, ("Secret", "fairsilo", "old")}
    assert rules.unused(objects, gone) == ["Secret/fairsilo/old"]


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget"])
def test_what_chooses_no_pod_is_found(objects, kind):
    pod = get(objects, "Deployment", "worker")["spec"]["template"]
    pod["metadata"]["labels"]["app.kubernetes.io/name"] = "another"
    assert f"{SILO}/{kind}/worker chooses no pod" in rules.unmatched(objects)


def test_a_volume_that_shows_anothers_directory_is_found(objects):
    volume = get(objects, "PersistentVolume", f"{SILO}-home", "")
    attributes = volume["spec"]["csi"]["volumeAttributes"]
    attributes["folderName"] = "flights/silos/AA"
    (fault,) = rules.own(objects)
    assert fault.endswith(f"/AA is shown by {SILO}-home and {OTHER}-home")


@pytest.mark.parametrize("folder", ["flights/silos", "flights", ""])
def test_a_volume_that_shows_all_silos_directories_is_found(objects, folder):
    volume = get(objects, "PersistentVolume", f"{SILO}-home", "")
    volume["spec"]["csi"]["volumeAttributes"]["folderName"] = folder
    faults = rules.own(objects)
    assert len(faults) == 15
    assert all(f"of {SILO}-home" in fault for fault in faults)


def test_a_container_that_two_silos_see_is_found(objects):
    volume = get(objects, "PersistentVolume", f"{SILO}-input", "")
    volume["spec"]["csi"]["volumeAttributes"]["containerName"] = "silo-aa"
    (fault,) = rules.own(objects)
    assert fault.endswith(f"/silo-aa is shown by {SILO}-input and {OTHER}-input")


def test_a_volume_that_another_silo_may_claim_or_write_to_is_found(objects):
    spec = get(objects, "PersistentVolume", f"{SILO}-home", "")["spec"]
    spec["claimRef"]["namespace"] = OTHER
    spec["accessModes"] = ["ReadWriteMany"]
    spec["csi"]["readOnly"] = False
    place = f"PersistentVolume/{SILO}-home"
    assert rules.own(objects) == [
        f"{place} may be claimed from {OTHER}",
        f"{place} may be written to",
        f"{place} is mounted for writing",
    ]


def test_a_worker_that_may_write_is_found(objects):
    mounts = {mount["name"]: mount for mount in container(objects)["volumeMounts"]}
    mounts["home"].pop("readOnly")
    container(objects)["workingDir"] = "/tmp"  # noqa: S108
    worker(objects)["volumes"][2] = {
        "name": "output",
        "persistentVolumeClaim": {"claimName": "output"},
    }
    place = f"{SILO}/Deployment/worker"
    assert rules.mounted(objects) == [
        f"{place} doesn't work in its home",
        f"{place} may write to its home",
        f"{place} writes outside its pod: output",
    ]
