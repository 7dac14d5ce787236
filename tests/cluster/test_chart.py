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


def test_every_object_is_accepted_without_a_warning_and_stored(cluster):
    assert cluster.installed.returncode == 0, cluster.installed.stderr
    assert cluster.installed.stderr == ""
    assert len(stored(cluster)) == len(cluster.objects)


def test_upgrading_to_the_same_changes_nothing(cluster):
    before = stored(cluster)
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
    answer = cluster.kubectl("apply", "--server-side", "-f", "-", given=slip)
    assert not answer.ok
    assert refusal in answer.err


def test_each_silos_token_names_its_own_account(cluster):
    for silo in cluster.silos:
        made = cluster.kubectl(
            "create", "token", "silo-worker", "-n", silo, f"--audience={AUDIENCE}"
        )
        assert made.ok, made.err
        payload = made.out.split(".")[1] + "=="
        said = json.loads(base64.urlsafe_b64decode(payload))
        assert said["sub"] == f"system:serviceaccount:{silo}:silo-worker"
        assert said["aud"] == [AUDIENCE]
        assert said["iss"] == ISSUER


def set_status(cluster, quota, status):
    """Write what the quotas' controller would, which doesn't run here."""
    given = quota | {"status": status}
    answer = cluster.kubectl("replace", "--subresource=status", "-f", "-", given=given)
    assert answer.ok, answer.err


@pytest.fixture(scope="module")
def silo(cluster):
    """The last silo, whose quota counts."""
    silo = cluster.silos[-1]
    (quota,) = cluster.kubectl.objects("get", "resourcequota", "-n", silo)
    del quota["metadata"]["resourceVersion"]
    hard = quota["spec"]["hard"]
    set_status(cluster, quota, {"hard": hard, "used": dict.fromkeys(hard, "0")})
    yield silo
    set_status(cluster, quota, {})
    left = cluster.kubectl("delete", "pods", "--all", "--force", "-n", silo)
    assert left.ok, left.err


def test_a_silo_holds_a_worker_and_its_successor_and_nothing_large_or_open(
    cluster, silo
):
    worker = next(p for p in cluster.pods if p["metadata"]["namespace"] == silo)

    def create(pod, name):
        named = pod | {"metadata": pod["metadata"] | {"name": name}}
        return cluster.kubectl("create", "-f", "-", given=named)

    large = copy.deepcopy(worker)
    large["spec"]["containers"][0]["resources"]["limits"]["memory"] = "64Gi"
    refused = create(large, "large").err
    assert "maximum memory usage per Container is 4Gi, but limit is 64Gi" in refused
    for name in ("first", "second"):
        assert create(worker, name).ok
    third = create(worker, "third")
    assert "exceeded quota: silo, requested:" in third.err
    assert "pods=1, used: " in third.err
    create_open = ("create", "service", "loadbalancer", "open", "--tcp=8000:8000")
    answer = cluster.kubectl(*create_open, "--namespace", silo)
    assert "exceeded quota: silo, requested: services.loadbalancers=1" in answer.err
