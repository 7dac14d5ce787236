"""Rendered objects, and the pods in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]
SILO = "fairsilo-silo-"
LONG_RUNNING = ("Deployment", "StatefulSet")


def name(found: Object) -> str:
    """Return what an object is called in sentences."""
    metadata = found["metadata"]
    return "/".join(
        part
        for part in (metadata.get("namespace"), found["kind"], metadata["name"])
        if part
    )


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    """Return the objects of some kinds."""
    return [found for found in objects if found["kind"] in kinds]


def silos(objects: list[Object]) -> list[str]:
    """Return the silos' namespaces."""
    names = (found["metadata"]["name"] for found in of_kind(objects, "Namespace"))
    return [name for name in names if name.startswith(SILO)]


def inside(objects: list[Object], namespace: str) -> list[Object]:
    """Return the objects of a namespace."""
    return [
        found for found in objects if found["metadata"].get("namespace") == namespace
    ]


def templates(objects: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Yield each object that makes pods, with its pod template."""
    for found in objects:
        spec = found.get("spec", {})
        if found["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if isinstance(spec, dict) and "template" in spec:
            yield found, spec["template"]


def containers(template: Object) -> list[Object]:
    """Return all containers of a pod template."""
    kinds = ("initContainers", "containers", "ephemeralContainers")
    return [one for kind in kinds for one in template["spec"].get(kind, [])]
