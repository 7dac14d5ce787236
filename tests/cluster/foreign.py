"""Kinds of objects that a cluster's add-ons bring and this server has not.

Their objects are stored unchecked here: the add-on's schema is not at hand.
"""

from __future__ import annotations

from typing import Any

WORKFLOW = ("argoproj.io", "v1alpha1", "Workflow", "workflows")
OUTCOME = ("argoproj.io", "v1alpha1", "WorkflowTaskResult", "workflowtaskresults")
CILIUM = ("cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies")
# By platform; a kind that isn't listed is refused.
KINDS = {
    "local": (WORKFLOW, OUTCOME),  # with Kubeflow Pipelines
    "aks": (WORKFLOW, OUTCOME, CILIUM),  # and with AKS' network data plane
}


def definition(group: str, version: str, kind: str, plural: str) -> dict[str, Any]:
    """Return the definition of a kind whose objects may hold anything."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": anything},
                }
            ],
        },
    }
