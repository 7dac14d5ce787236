import copy

import pytest

pytestmark = pytest.mark.cluster


def privileged(pod):
    pod["spec"]["containers"][0]["securityContext"]["privileged"] = True
    pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True


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


def ours(cluster):
    return [
        pod
        for pod in cluster.pods
        if pod["metadata"]["namespace"] in {"fairsilo", *cluster.silos}
    ]


def dry_run(cluster, pods, *flags):
    items = {"apiVersion": "v1", "kind": "List", "items": pods}
    flags = ("--dry-run=server", *flags)
    return cluster.kubectl("create", *flags, "-f", "-", given=items)


def test_pods_of_every_template_are_admitted_without_a_warning(cluster):
    namespaces = {pod["metadata"]["namespace"] for pod in ours(cluster)}
    assert namespaces == {"fairsilo", *cluster.silos}
    answer = dry_run(cluster, cluster.pods)
    assert answer.ok, answer.err
    assert answer.err == ""
    assert answer.out.count("created (server dry run)") == len(cluster.pods)


def test_pods_of_silos_and_the_store_get_no_token_of_the_api(cluster):
    tokens = "jsonpath={.spec.volumes[*].projected.sources[*].serviceAccountToken}"
    asking = copy.deepcopy(ours(cluster))
    for pod in asking:
        pod["spec"]["automountServiceAccountToken"] = True
    assert "expirationSeconds" in dry_run(cluster, asking, "-o", tokens).out
    answer = dry_run(cluster, ours(cluster), "-o", tokens)
    assert answer.ok, answer.err
    assert answer.out == ""


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda tamper: tamper.__name__)
def test_a_tampered_pod_is_refused_in_each_namespace(cluster, tamper):
    pods = copy.deepcopy(ours(cluster))
    for pod in pods:
        tamper(pod)
    answer = dry_run(cluster, pods)
    assert not answer.ok
    refusals = answer.err.splitlines()
    assert len(refusals) == len(pods), answer.err
    for refusal in refusals:
        assert 'violates PodSecurity "restricted:latest"' in refusal
        assert TAMPERED[tamper] in refusal
