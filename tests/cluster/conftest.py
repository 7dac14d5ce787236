from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import binaries, foreign, manifests
from tests.cluster.control_plane import control_plane
from tests.cluster.kubectl import Answer, Kubectl

# Made by installing Kubeflow Pipelines, which comes first (k8s/README.md).
PREREQUISITES = ("kubeflow",)


@dataclasses.dataclass(frozen=True)
class Cluster:
    """An API server that one overlay was applied to.

    Attributes:
        overlay: The overlay's name.
        kubectl: The client, as the administrator.
        objects: The overlay's objects, as rendered.
        applied: What applying them answered.
    """

    overlay: str
    kubectl: Kubectl
    objects: list[dict[str, Any]]
    applied: Answer

    @property
    def silos(self) -> list[str]:
        """The silos' namespaces."""
        return manifests.silo_namespaces(self.objects)

    @property
    def pods(self) -> list[dict[str, Any]]:
        """A pod for each pod template in the overlay."""
        return manifests.pods(self.objects)


@pytest.fixture(scope="session")
def binaries_built() -> None:
    if missing := binaries.missing():
        pytest.skip(
            f"not built: {', '.join(missing)} (`make test-cluster` builds them, once)"
        )


@pytest.fixture(scope="session", params=manifests.OVERLAYS)
def cluster(request, binaries_built, tmp_path_factory) -> Iterator[Cluster]:
    """A real API server with an overlay applied, one server an overlay."""
    overlay = manifests.folder(request.param)
    with control_plane(tmp_path_factory.mktemp(request.param)) as kubeconfig:
        kubectl = Kubectl(kubeconfig)
        prepare(kubectl, request.param)
        rendered = kubectl("kustomize", overlay)
        assert rendered.ok, rendered.err
        yield Cluster(
            overlay=request.param,
            kubectl=kubectl,
            objects=manifests.objects(rendered.out),
            applied=kubectl("apply", "--server-side", "-k", overlay),
        )


def prepare(kubectl: Kubectl, overlay: str) -> None:
    """Make what a cluster has before the overlays are applied."""
    for namespace in PREREQUISITES:
        made = kubectl("create", "namespace", namespace)
        assert made.ok, made.err
        # As the controller of accounts does, which doesn't run here.
        made = kubectl("create", "serviceaccount", "default", "-n", namespace)
        assert made.ok, made.err
    for kind in foreign.KINDS[overlay]:
        made = kubectl("create", "-f", "-", given=foreign.definition(*kind))
        assert made.ok, made.err
    waited = kubectl("wait", "--for=condition=Established", "crd", "--all")
    assert waited.ok, waited.err
