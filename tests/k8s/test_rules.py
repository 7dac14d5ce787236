"""Each rule is seen to refuse what it is there for, and no other rule does."""

import copy

import pytest

from tests.k8s import chart, rules

SILO, OTHER = "fairsilo-silo-9e", "fairsilo-silo-aa"
W = f"{SILO}/Deployment/worker"
STORE = "fairsilo/StatefulSet/fairsilo-mysql"
DUMP = "fairsilo/CronJob/fairsilo-mysql-backup"
HOME = f"PersistentVolume/{SILO}-home"
GONE = object()


def changed(reference, changes):
    """Return the chart's objects, one of them changed."""
    objects = list(chart.rendered("aks"))
    found = rules.find(objects, *reference)
    copied = copy.deepcopy(found)
    for path, value in changes.items():
        change(copied, path, value)
    return [copied if one is found else one for one in objects]


def change(found, path, value):
    """Set, append (`+`) or remove what lies at a path of keys and indices."""
    *above, last = path.split()
    for key in above:
        found = found[int(key) if key.isdigit() else key]
    if last == "+":
        found.append(value)
    elif value is GONE:
        del found[last]
    else:
        found[int(last) if last.isdigit() else last] = value


POD = "spec template spec "
ONE = POD + "containers 0 "
CSI = "spec csi volumeAttributes "
RBAC = "rbac.authorization.k8s.io"


def worker(path, value, *sentences):
    return ("Deployment", SILO, "worker"), {path: value}, [f"{W}{s}" for s in sentences]


def role(sentence, resource, verbs, group="", **more):
    rule = {"apiGroups": [group], "resources": [resource], "verbs": verbs, **more}
    return allowed(sentence, rule)


def allowed(sentence, rule):
    reference = ("Role", "kubeflow", "fairsilo-runner")
    return reference, {"rules +": rule}, [f"kubeflow/Role/fairsilo-runner {sentence}"]


def let(way, policy, rule):
    which = "ingress" if way == "in" else "egress"
    said = [f"{SILO}/NetworkPolicy/{policy} lets {way} {rule}"]
    return ("NetworkPolicy", SILO, policy), {f"spec {which} +": rule}, said


def to(cidr, port):
    ports = [{"protocol": "TCP", "port": port}]
    return {"to": [{"ipBlock": {"cidr": cidr}}], "ports": ports}


ANYBODY = {"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 8000}]}
EVERYWHERE: dict[str, object] = {}
CIDRS = ["0.0.0.0/0", "10.0.0.0/31", "10.0.0.4/32"], [443, 443, 2049]
CONTEXT = ONE + "securityContext "
# An object, what is changed in it, and all that the rules find then.
CHANGES = [
    worker(POD + "securityContext runAsNonRoot", GONE, " may run as root"),
    worker(POD + "securityContext seccompProfile", GONE, " has no seccomp profile"),
    worker(POD + "hostNetwork", True, " shares the node's namespaces"),
    worker(
        POD + "automountServiceAccountToken",
        GONE,
        " gets a token of the Kubernetes API",
    ),
    worker(
        POD + "volumes +",
        {"name": "node", "hostPath": {"path": "/"}},
        " mounts what pods may not",
        " writes outside its pod: node",
    ),
    worker(CONTEXT + "allowPrivilegeEscalation", GONE, ": worker may gain rights"),
    worker(CONTEXT + "readOnlyRootFilesystem", False, ": worker may write to its root"),
    worker(CONTEXT + "capabilities add", ["SYS_ADMIN"], ": worker keeps capabilities"),
    worker(CONTEXT + "privileged", True, ": worker is privileged"),
    worker(CONTEXT + "runAsUser", 0, ": worker may run as root"),
    worker(ONE + "resources requests", GONE, ": worker has no requests"),
    worker(ONE + "resources limits memory", GONE, ": worker has no limits"),
    worker(ONE + "ports 0 hostPort", 8000, ": worker takes a port of the node"),
    *(
        worker(ONE + probe, GONE, f": worker has no {probe}")
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
    ),
    worker(ONE + "image", "r.io/a:latest", ": r.io/a:latest is whatever is latest"),
    worker(ONE + "image", "r.io:5000/a", ": r.io:5000/a has no tag"),
    worker(ONE + "workingDir", "/tmp", " doesn't work in its home"),  # noqa: S108
    worker(
        POD + "volumes 0 persistentVolumeClaim readOnly",
        GONE,
        " may write to its home",
    ),
    # Also in cron jobs and in init containers.
    (
        ("CronJob", "fairsilo", "fairsilo-mysql-backup"),
        {
            "spec jobTemplate spec template spec initContainers": [
                {"name": "first", "image": "busybox:latest"}
            ]
        },
        [
            f"{DUMP}: first may gain rights",
            f"{DUMP}: first may write to its root",
            f"{DUMP}: first keeps capabilities",
            f"{DUMP}: first has no requests",
            f"{DUMP}: first has no limits",
            f"{DUMP}: busybox:latest is whatever is latest",
        ],
    ),
    *(
        (
            ("Namespace", "", SILO),
            {"metadata labels pod-security.kubernetes.io/enforce": value},
            [f"Namespace/{SILO} has not enforce=restricted"],
        )
        for value in (GONE, "baseline")
    ),
    role("has a wildcard", "pods", ["*"]),
    role("has a wildcard", "pods", ["get"], "*"),
    role("has a wildcard", "*", ["get"]),
    role("has a wildcard", "pods/*", ["get"]),
    allowed("has a wildcard", {"nonResourceURLs": ["/logs/*"], "verbs": ["get"]}),
    role("opens a shell in pods", "pods/exec", ["create"]),
    role("gives more rights", "roles", ["escalate"], RBAC),
    role("gives more rights", "rolebindings", ["create"], RBAC),
    role("gives more rights", "serviceaccounts/token", ["create"]),
    role("starts or changes workloads", "jobs", ["create"], "batch"),
    role("reads secrets that it doesn't name", "secrets", ["get"]),
    role(
        "reads secrets that it doesn't name",
        "secrets",
        ["get", "list"],
        resourceNames=["one"],
    ),
    role("writes config maps that it doesn't name", "configmaps", ["create"]),
    (
        ("RoleBinding", SILO, "operator"),
        {"kind": "ClusterRoleBinding", "metadata namespace": GONE},
        ["ClusterRoleBinding/operator holds in all namespaces"],
    ),
    (
        ("NetworkPolicy", SILO, "default-deny"),
        {"spec policyTypes": ["Ingress"]},
        [f"{SILO}: nothing is denied by default"],
    ),
    *(
        let("in", "calls-from-coordinator", rule)
        for rule in (EVERYWHERE, ANYBODY, {"from": [rules.COORDINATOR]})
    ),
    *(let("out", "names", rule) for rule in (EVERYWHERE, *map(to, *CIDRS))),
    (
        ("NetworkPolicy", SILO, "names"),
        {"kind": "CiliumNetworkPolicy"},
        [f"{SILO}/CiliumNetworkPolicy/names is a policy of another kind"],
    ),
    (
        ("Deployment", SILO, "worker"),
        {"spec template metadata labels app.kubernetes.io/name": "another"},
        [
            f"{SILO}/{kind}/worker chooses no pod"
            for kind in ("Service", "PodDisruptionBudget")
        ],
    ),
    (
        ("PersistentVolume", "", f"{SILO}-home"),
        {CSI + "folderName": "flights/silos/AA"},
        [
            "/fairsiloroot1/root/flights/silos/AA is shown by "
            f"{SILO}-home and {OTHER}-home"
        ],
    ),
    (
        ("PersistentVolume", "", f"{SILO}-input"),
        {CSI + "containerName": "silo-aa"},
        [f"/fairsilosilos1/silo-aa is shown by {SILO}-input and {OTHER}-input"],
    ),
    (
        ("PersistentVolume", "", f"{SILO}-home"),
        {
            "spec claimRef namespace": OTHER,
            "spec accessModes": ["ReadWriteMany"],
            "spec csi readOnly": False,
        },
        [
            f"{HOME} may be claimed from {OTHER}",
            f"{HOME} may be written to",
            f"{HOME} is mounted for writing",
        ],
    ),
]


@pytest.mark.parametrize(
    ("reference", "changes", "expected"), CHANGES, ids=[said[0] for *_, said in CHANGES]
)
def test_a_fault_is_found_and_no_other(reference, changes, expected):
    assert sorted(rules.faults(changed(reference, changes))) == sorted(expected)


@pytest.mark.parametrize("image", ["r.io/worker:1.2", "r.io/worker@sha256:12"])
def test_an_image_without_a_digest_is_found(image):
    objects = changed(("Deployment", SILO, "worker"), {ONE + "image": image})
    assert rules.without_digest(objects) == [f"{W}: {image} has no digest"]


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        (("ServiceAccount", SILO, "silo-worker"), f"{W} names"),
        (("ConfigMap", "kubeflow", "silo-homes"), "kubeflow/Job/silo-homes-"),
        (("PersistentVolume", "", f"{SILO}-home"), f"{SILO}/PersistentVolumeClaim/"),
        (("PersistentVolumeClaim", SILO, "home"), f"{W} names"),
        (("StorageClass", "", "fairsilo-disk"), f"{STORE} names"),
        (("ClusterRole", "", "fairsilo-silo-owner"), f"{SILO}/RoleBinding/owner names"),
        (("Role", "kubeflow", "fairsilo-runner"), "kubeflow/RoleBinding/"),
        (("Namespace", "", SILO), f"{W} names"),
        (("Service", "fairsilo", "fairsilo-mysql"), f"{STORE} names"),
    ],
)
def test_what_is_named_and_not_there_is_found(reference, sentence):
    objects = chart.rendered("aks")
    faults = rules.missing([one for one in objects if rules.key(one) != reference])
    assert any(fault.startswith(sentence) for fault in faults), faults
    gone = "/".join(part for part in reference if part)
    assert all(fault.endswith(f" {gone}") for fault in faults)


def test_a_prerequisite_counts_only_while_it_is_one(monkeypatch):
    objects = list(chart.rendered("aks"))
    monkeypatch.setattr(rules, "PREREQUISITES", {("Namespace", "", "kubeflow")})
    wanted = "names Secret/fairsilo/fairsilo-mysql"
    assert {*rules.missing(objects)} == {f"{STORE} {wanted}", f"{DUMP} {wanted}"}


@pytest.mark.parametrize("folder", ["flights/silos", "flights", ""])
def test_a_volume_that_shows_all_silos_directories_is_found(folder):
    home = ("PersistentVolume", "", f"{SILO}-home")
    faults = rules.own(changed(home, {CSI + "folderName": folder}))
    assert len(faults) == 15
    assert all(f"of {SILO}-home" in fault for fault in faults)
