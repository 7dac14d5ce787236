from __future__ import annotations

import copy
import dataclasses
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster import control_plane
from tests.cluster.control_plane import Kubectl
from tests.k8s import chart

# Made by installing Kubeflow Pipelines, which comes first (k8s/README.md).
PREREQUISITE = "kubeflow"
# Kinds that add-ons bring and this server has not: group, version, kind and plural.
# A kind that isn't listed is refused.
KUBEFLOW = [
    ("argoproj.io", "v1alpha1", "Workflow", "workflows"),
    ("argoproj.io", "v1alpha1", "WorkflowTaskResult", "workflowtaskresults"),
]
CILIUM = ("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies")
FOREIGN = {"local": KUBEFLOW, "aks": [*KUBEFLOW, CILIUM]}


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
        _prepare(kubectl, request.param)
        yield Cluster(
            platform=request.param,
            kubectl=kubectl,
            objects=list(chart.rendered(request.param)),
            installed=chart.upgrade(request.param, kubectl.environment()),
        )


def _prepare(kubectl: Kubectl, platform: str) -> None:
    """Make what a cluster has before the chart is installed."""
    kubectl.output("create", "namespace", PREREQUISITE)
    # As the controller of accounts does, which doesn't run here.
    kubectl.output("create", "serviceaccount", "default", "-n", PREREQUISITE)
    for kind in FOREIGN[platform]:
        kubectl.output("create", "-f", "-", given=_definition(*kind))
    kubectl.output("wait", "--for=condition=Established", "crd", "--all")


def _definition(group: str, version: str, kind: str, plural: str) -> dict[str, Any]:
    """Return a kind whose objects may hold anything: its schema is not at hand."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": anything}
    served = {"name": version, "served": True, "storage": True, "schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [served],
        },
    }


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
