import copy

import pytest

pytestmark = pytest.mark.cluster


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


@pytest.fixture
def worker(cluster, silo):
    """A worker's pod of that silo."""
    return next(p for p in cluster.pods if p["metadata"]["namespace"] == silo)


def create(cluster, pod, name, *flags):
    named = pod | {"metadata": pod["metadata"] | {"name": name}}
    return cluster.kubectl("create", *flags, "-f", "-", given=named)


def test_a_silo_holds_a_worker_and_the_one_that_replaces_it_and_no_more(
    cluster, worker
):
    for name in ("first", "second"):
        assert create(cluster, worker, name).ok
    third = create(cluster, worker, "third")
    assert not third.ok
    assert "exceeded quota: silo, requested:" in third.err
    assert "pods=1, used: " in third.err


def test_a_container_larger_than_the_limit_is_refused(cluster, worker):
    large = copy.deepcopy(worker)
    limits = large["spec"]["containers"][0]["resources"]["limits"]
    limits["memory"] = "64Gi"
    answer = create(cluster, large, "large", "--dry-run=server")
    assert not answer.ok
    assert "maximum memory usage per Container is 4Gi, but limit is 64Gi" in answer.err


def test_a_silo_gets_no_address_outside_the_cluster(cluster, silo):
    ports = "--tcp=8000:8000"
    answer = cluster.kubectl(
        "create", "service", "loadbalancer", "open", ports, "--namespace", silo
    )
    assert not answer.ok
    assert "exceeded quota: silo, requested: services.loadbalancers=1" in answer.err
