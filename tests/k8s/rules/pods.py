"""Pods may do nothing that they need not: Pod Security `restricted`, and more."""

from __future__ import annotations

import re

from tests.k8s.rules.objects import (
    LONG_RUNNING,
    Object,
    containers,
    name,
    of_kind,
    templates,
)

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_TAG = re.compile(r":[^/@]+$")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def restricted(objects: list[Object]) -> list[str]:
    """Find pods that Pod Security `restricted` refuses, or that may write or call."""
    faults = []
    for owner, template in templates(objects):
        spec = template["spec"]
        context = spec.get("securityContext", {})
        found = {
            "may run as root": context.get("runAsNonRoot") is not True
            or context.get("runAsUser", 0) == 0,
            "has no seccomp profile": context.get("seccompProfile")
            != {"type": "RuntimeDefault"},
            "shares the node's namespaces": any(
                spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")
            ),
            "gets a token of the Kubernetes API": spec.get(
                "automountServiceAccountToken"
            )
            is not False,
            "mounts what pods may not": any(
                not {*volume} - {"name"} <= VOLUMES
                for volume in spec.get("volumes", [])
            ),
        }
        faults += [f"{name(owner)} {what}" for what, is_so in found.items() if is_so]
        for one in containers(template):
            faults += [f"{name(owner)}: {one['name']} {it}" for it in _container(one)]
    return faults


def _container(one: Object) -> list[str]:
    context = one.get("securityContext", {})
    resources = one.get("resources", {})
    found = {
        "may gain rights": context.get("allowPrivilegeEscalation") is not False,
        "may write to its root": context.get("readOnlyRootFilesystem") is not True,
        "keeps capabilities": context.get("capabilities") != {"drop": ["ALL"]},
        "is privileged": bool(context.get("privileged")),
        "may run as root": context.get("runAsNonRoot", True) is not True
        or context.get("runAsUser", 1) == 0,
        "has no requests": {"cpu", "memory"} - {*resources.get("requests", {})}
        != set(),
        "has no limits": {"cpu", "memory"} - {*resources.get("limits", {})} != set(),
        "takes a port of the node": any("hostPort" in p for p in one.get("ports", [])),
    }
    return [what for what, is_so in found.items() if is_so]


def probed(objects: list[Object]) -> list[str]:
    """Find containers that are meant to stay and that nobody asks how they are."""
    return [
        f"{name(owner)}: {one['name']} has no {probe}"
        for owner, template in templates(of_kind(objects, *LONG_RUNNING))
        for one in template["spec"]["containers"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe")
        if probe not in one
    ]


def enforced(objects: list[Object]) -> list[str]:
    """Find namespaces of ours where others may start pods with more rights."""
    label = "pod-security.kubernetes.io/"
    return [
        f"{name(found)} has not {mode}=restricted"
        for found in of_kind(objects, "Namespace")
        for mode in ("enforce", "audit", "warn")
        if found["metadata"].get("labels", {}).get(label + mode) != "restricted"
    ]


def images(objects: list[Object], by_digest: bool) -> list[str]:
    """Find images that may be another tomorrow."""
    faults = []
    for owner, template in templates(objects):
        for one in containers(template):
            image = one["image"]
            if by_digest and not _DIGEST.search(image):
                faults.append(f"{name(owner)}: {image} has no digest")
            elif image.endswith(":latest"):
                faults.append(f"{name(owner)}: {image} is whatever is latest")
            elif not _DIGEST.search(image) and not _TAG.search(image):
                faults.append(f"{name(owner)}: {image} has no tag")
    return faults
