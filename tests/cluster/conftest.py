from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.config import incluster_config

from components.batch_inferrer import pods
from tests.cluster import control_plane, prerequisites
from tests.cluster.control_plane import Kubectl
from tests.cluster.jobs import NAMESPACE
from tests.components.batch_inferrer.conftest import federate, model  # noqa: F401
from tests.k8s import chart
from tests.support.kubelet import Kubelet


@dataclasses.dataclass(frozen=True)
class Cluster:
    """An API server that the chart was installed on.

    Attributes:
        platform: The platform's name.
        kubectl: The client, as the administrator.
        objects: The chart's objects, as rendered.
        installed: What installing it answered.
    """

    platform: str
    kubectl: Kubectl
    objects: list[dict[str, Any]]
    installed: subprocess.CompletedProcess[str]

    @property
    def silos(self) -> list[str]:
        """The silos' namespaces."""
        return sorted(chart.silos(self.objects))

    @property
    def pods(self) -> list[dict[str, Any]]:
        """A pod for each pod template, as its controller would make it."""
        return [
            _pod(owner, template) for owner, template in chart.templates(self.objects)
        ]


@pytest.fixture(scope="session", params=chart.PLATFORMS)
def cluster(request, tmp_path_factory) -> Iterator[Cluster]:
    """A real API server with the chart installed, one server a platform."""
    if missing := control_plane.missing():
        pytest.skip(
            f"not built: {', '.join(missing)} (`make test-cluster` builds them, once)"
        )
    folder = tmp_path_factory.mktemp(request.param)
    with control_plane.control_plane(folder) as kubectl:
        prerequisites.install(kubectl, request.param)
        yield Cluster(
            platform=request.param,
            kubectl=kubectl,
            objects=list(chart.rendered(request.param)),
            installed=chart.upgrade(request.param, kubectl.environment()),
        )


def _pod(owner: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    pod = copy.deepcopy(template)
    metadata = owner["metadata"]
    name = f"{metadata['name']}-0"
    pod["metadata"] |= {"name": name, "namespace": metadata["namespace"]}
    # Its controller adds a volume for each template of claims.
    for claim in owner["spec"].get("volumeClaimTemplates", []):
        volume = claim["metadata"]["name"]
        source = {"persistentVolumeClaim": {"claimName": f"{volume}-{name}"}}
        pod["spec"]["volumes"].append({"name": volume, **source})
    return {"apiVersion": "v1", "kind": "Pod", **pod}


CONTROLLERS = (
    *("job-controller", "garbage-collector-controller", "resourcequota-controller"),
    "ttl-after-finished-controller",
)


@pytest.fixture(scope="session")
def machines(tmp_path_factory) -> Iterator[tuple[Kubectl, Kubelet]]:
    """A server with the chart and the controllers of Jobs, and a node."""
    if missing := control_plane.missing():
        pytest.skip(
            f"not built: {', '.join(missing)} (`make test-cluster` builds them, once)"
        )
    folder = tmp_path_factory.mktemp("pods")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(control_plane.control_plane(folder))
        prerequisites.install(server, "local")
        done = chart.upgrade("local", server.environment())
        assert done.returncode == 0, done.stderr
        stack.enter_context(control_plane.controllers(server, *CONTROLLERS))
        yield server, stack.enter_context(Kubelet(server.kubeconfig, folder))


@pytest.fixture
def kubectl(machines) -> Kubectl:
    return machines[0]


@pytest.fixture
def node(machines) -> Kubelet:
    return machines[1]


@pytest.fixture
def step(kubectl, tmp_path, monkeypatch):
    """What makes this process look like a step's pod, with some account's token."""

    def become(account="fairsilo-runner"):
        token = tmp_path / account
        create = ("create", "token", account, "--namespace", NAMESPACE)
        token.write_text(kubectl.output(*create).strip())
        monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))

    server = json.loads(kubectl.kubeconfig.read_text())["clusters"][0]["cluster"]
    host, port = server["server"].removeprefix("https://").split(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    authority = server["certificate-authority"]
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", authority)
    monkeypatch.setattr(pods, "POLL_S", 0.2)
    become()
    return become


@pytest.fixture
def no_job_is_left(kubectl):
    yield
    chosen = ("--all", "--namespace", NAMESPACE, "--cascade=foreground")
    kubectl.output("delete", "jobs", *chosen)
    kubectl.output("delete", "resourcequotas", "--all", "--namespace", NAMESPACE)
