"""Jobs of shards as the tests see them, and what makes them fail."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from components.batch_inferrer.pods import PodTemplate
from tests.cluster.control_plane import Kubectl

NAMESPACE = "kubeflow"
WAIT_S = 120.0
TEMPLATE = PodTemplate(
    image="fairsilo-pipeline:0.1.0",
    namespace=NAMESPACE,
    mounts={"fairsilo-root": "/mnt/fairsilo"},
)


def until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition, and return what it says then."""
    end = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def jobs(kubectl: Kubectl) -> list[dict[str, Any]]:
    """Return the jobs of shards."""
    chosen = ("--selector=app.kubernetes.io/name=shards", "--namespace", NAMESPACE)
    return kubectl.objects("get", "jobs", *chosen)


def shard_pods(kubectl: Kubectl) -> list[dict[str, Any]]:
    """Return the pods of shards, ended ones among them."""
    chosen = ("--selector=fairsilo.io/role=shard", "--namespace", NAMESPACE)
    return kubectl.objects("get", "pods", *chosen)


def evict(kubectl: Kubectl, name: str) -> None:
    """Evict a pod, as a node that is drained does."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": NAMESPACE},
    }
    way = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
    kubectl.output("create", "--raw", way, "-f", "-", given=eviction)
