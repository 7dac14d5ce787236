"""What a cluster has before the chart is installed on it."""

from __future__ import annotations

from typing import Any

from tests.cluster.control_plane import Kubectl

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


def install(kubectl: Kubectl, platform: str) -> None:
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
