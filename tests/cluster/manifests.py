"""The manifests as kustomize renders them, and the pods that they lead to."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from tests.cluster.binaries import ROOT

OVERLAYS = ("local", "aks")
SILO_PREFIX = "fairsilo-silo-"


def folder(overlay: str) -> str:
    """Return the folder to give to `kubectl apply -k`."""
    return str(ROOT / "k8s" / "overlays" / overlay)


def objects(rendered: str) -> list[dict[str, Any]]:
    """Return the objects of a rendered overlay."""
    return [found for found in yaml.safe_load_all(rendered) if found]


def silo_namespaces(found: list[dict[str, Any]]) -> list[str]:
    """Return the names of silos' namespaces, sorted."""
    names = (o["metadata"]["name"] for o in found if o["kind"] == "Namespace")
    return sorted(name for name in names if name.startswith(SILO_PREFIX))


def pods(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a pod for each pod template, as its controller would make it."""
    return [pod for o in found if (pod := _pod(o)) is not None]


def _pod(owner: dict[str, Any]) -> dict[str, Any] | None:
    spec = owner.get("spec", {})
    if owner["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    if "template" not in spec:
        return None
    pod = copy.deepcopy(spec["template"])
    name = f"{owner['metadata']['name']}-0"
    pod.setdefault("metadata", {}).update(
        name=name, namespace=owner["metadata"]["namespace"]
    )
    for claim in spec.get("volumeClaimTemplates", []):
        volume = claim["metadata"]["name"]
        source = {"persistentVolumeClaim": {"claimName": f"{volume}-{name}"}}
        pod["spec"].setdefault("volumes", []).append({"name": volume, **source})
    return {"apiVersion": "v1", "kind": "Pod", **pod}
