from __future__ import annotations

import copy
import dataclasses
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import control_plane, prerequisites
from tests.cluster.control_plane import Kubectl
from tests.k8s import chart


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
