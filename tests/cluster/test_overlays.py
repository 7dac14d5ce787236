import collections

import pytest

from tests.cluster import manifests

pytestmark = pytest.mark.cluster

POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "any", "namespace": "default"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
}


def test_every_object_is_accepted_without_a_warning(cluster):
    assert cluster.applied.ok, cluster.applied.err
    assert cluster.applied.err == ""
    accepted = cluster.applied.out.splitlines()
    assert all(line.endswith(" serverside-applied") for line in accepted)
    assert len(accepted) == len(cluster.objects)


def test_every_object_is_there_by_its_name(cluster):
    kinds = collections.defaultdict(set)
    for one in cluster.objects:
        where = one["metadata"].get("namespace", ""), one["metadata"]["name"]
        kinds[one["kind"]].add(where)
    for kind, names in kinds.items():
        found = cluster.kubectl.objects("get", kind, "--all-namespaces")
        there = {
            (o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in found
        }
        assert names <= there, kind


def test_applying_again_changes_nothing(cluster):
    overlay = manifests.folder(cluster.overlay)
    difference = cluster.kubectl("diff", "--server-side", "-k", overlay)
    assert difference.status == 0, difference.out + difference.err


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
