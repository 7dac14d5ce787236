"""The API server takes the chart, stores all of it, and stands by what it says."""

import base64
import collections
import copy
import json

import pytest

from tests.cluster.control_plane import ISSUER
from tests.k8s import chart

pytestmark = pytest.mark.cluster

AUDIENCE = "api://AzureADTokenExchange"
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "any", "namespace": "default"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}


def stored(cluster):
    """Return the version of each of the chart's objects, by kind and place."""
    kinds = collections.defaultdict(set)
    for one in cluster.objects:
        where = one["metadata"].get("namespace", ""), one["metadata"]["name"]
        kinds[one["kind"]].add(where)
    found = {}
    for kind, names in kinds.items():
        for one in cluster.kubectl.objects("get", kind, "--all-namespaces"):
            metadata = one["metadata"]
            where = metadata.get("namespace", ""), metadata["name"]
            if where in names:
                found[kind, *where] = metadata["resourceVersion"]
    return found


def test_every_object_is_stored_without_a_warning_and_upgrading_changes_none(cluster):
    assert cluster.installed.returncode == 0, cluster.installed.stderr
    assert cluster.installed.stderr == ""
    before = stored(cluster)
    assert len(before) == len(cluster.objects)
    again = chart.upgrade(cluster.platform, cluster.kubectl.environment())
    assert again.returncode == 0, again.stderr
    assert stored(cluster) == before


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"policyType": ["Egress"]}, ".spec.policyType: field not declared in schema"),
        ({"policyTypes": ["Inward"]}, 'Unsupported value: "Inward"'),
        ({"podSelector": []}, "podSelector"),
    ],
    ids=["unknown field", "unknown value", "wrong type"],
)
def test_an_object_with_a_slip_is_refused(cluster, change, refusal):
    slip = POLICY | {"spec": POLICY["spec"] | change}
    apply = ("apply", "--server-side", "-f", "-")
    assert refusal in cluster.kubectl.refusal(*apply, given=slip)


def test_each_silos_token_names_its_own_account(cluster):
    for silo in cluster.silos:
        create = ("create", "token", "silo-worker", "-n", silo)
        token = cluster.kubectl.output(*create, f"--audience={AUDIENCE}")
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert claims["sub"] == f"system:serviceaccount:{silo}:silo-worker"
        assert claims["aud"] == [AUDIENCE]
        assert claims["iss"] == ISSUER


def set_status(cluster, quota, status):
    """Write what the quotas' controller would, which doesn't run here."""
    replace = ("replace", "--subresource=status", "-f", "-")
    cluster.kubectl.output(*replace, given=quota | {"status": status})


@pytest.fixture
def silo(cluster):
    """The last silo, whose quota counts."""
    silo = cluster.silos[-1]
    (quota,) = cluster.kubectl.objects("get", "resourcequota", "-n", silo)
    del quota["metadata"]["resourceVersion"]
    hard = quota["spec"]["hard"]
    set_status(cluster, quota, {"hard": hard, "used": dict.fromkeys(hard, "0")})
    yield silo
    set_status(cluster, quota, {})
    cluster.kubectl.output("delete", "pods", "--all", "--force", "-n", silo)


def test_a_silo_holds_a_worker_and_its_successor_and_nothing_large_or_open(
    cluster, silo
):
    worker = next(p for p in cluster.pods if p["metadata"]["namespace"] == silo)
    large = copy.deepcopy(worker)
    large["spec"]["containers"][0]["resources"]["limits"]["memory"] = "64Gi"

    def named(pod, name):
        return pod | {"metadata": pod["metadata"] | {"name": name}}

    create = ("create", "-f", "-")
    refused = cluster.kubectl.refusal(*create, given=named(large, "large"))
    assert "maximum memory usage per Container is 4Gi, but limit is 64Gi" in refused
    for name in ("first", "second"):
        cluster.kubectl.output(*create, given=named(worker, name))
    refused = cluster.kubectl.refusal(*create, given=named(worker, "third"))
    assert "exceeded quota: silo, requested:" in refused
    assert "pods=1, used: " in refused
    balancer = ("create", "service", "loadbalancer", "open", "--tcp=8000:8000")
    refused = cluster.kubectl.refusal(*balancer, "--namespace", silo)
    assert "exceeded quota: silo, requested: services.loadbalancers=1" in refused


# Pod Security `restricted`.
def privileged(pod):
    context = {"privileged": True, "allowPrivilegeEscalation": True}
    pod["spec"]["containers"][0]["securityContext"] |= context


def as_root(pod):
    pod["spec"]["securityContext"]["runAsNonRoot"] = False
    pod["spec"]["securityContext"].pop("runAsUser", None)


def with_host_path(pod):
    volume = {"name": "host", "hostPath": {"path": "/"}}
    pod["spec"].setdefault("volumes", []).append(volume)


TAMPERED = {
    privileged: "privileged",
    as_root: "runAsNonRoot != true",
    with_host_path: 'restricted volume types (volume "host" uses restricted volume',
}
DRY_RUN = ("create", "--dry-run=server", "-f", "-")


def ours(cluster):
    namespaces = {"fairsilo", *cluster.silos}
    pods = [pod for pod in cluster.pods if pod["metadata"]["namespace"] in namespaces]
    assert {pod["metadata"]["namespace"] for pod in pods} == namespaces
    return copy.deepcopy(pods)


def listed(pods):
    return {"apiVersion": "v1", "kind": "List", "items": pods}


def test_pods_of_every_template_are_admitted_without_a_warning(cluster):
    done = cluster.kubectl(*DRY_RUN, given=listed(cluster.pods))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("created (server dry run)") == len(cluster.pods)


def test_pods_of_silos_and_the_store_get_no_token_of_the_api(cluster):
    tokens = "jsonpath={.spec.volumes[*].projected.sources[*].serviceAccountToken}"
    create = (*DRY_RUN, "-o", tokens)
    asking = ours(cluster)
    for pod in asking:
        pod["spec"]["automountServiceAccountToken"] = True
    assert "expirationSeconds" in cluster.kubectl.output(*create, given=listed(asking))
    assert cluster.kubectl.output(*create, given=listed(ours(cluster))) == ""


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda tamper: tamper.__name__)
def test_a_tampered_pod_is_refused_in_each_namespace(cluster, tamper):
    pods = ours(cluster)
    for pod in pods:
        tamper(pod)
    refusals = cluster.kubectl.refusal(*DRY_RUN, given=listed(pods)).splitlines()
    assert len(refusals) == len(pods), refusals
    for refusal in refusals:
        assert 'violates PodSecurity "restricted:latest"' in refusal
        assert TAMPERED[tamper] in refusal
