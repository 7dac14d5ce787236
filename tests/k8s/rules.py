"""What must hold of rendered objects; each rule returns sentences about faults."""

from __future__ import annotations

import collections
import ipaddress
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]
# Kind, namespace (empty where there is none) and name.
Reference = tuple[str, str, str]
# What must be there before the chart is installed, and who makes it (k8s/README.md).
PREREQUISITES: set[Reference] = {
    ("Namespace", "", "kubeflow"),  # Kubeflow Pipelines
    ("Secret", "fairsilo", "fairsilo-mysql"),  # make cluster-secrets
}
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


def key(found: Object) -> Reference:
    """Return what others name an object by."""
    metadata = found["metadata"]
    return found["kind"], metadata.get("namespace", ""), metadata["name"]


def find(objects: list[Object], *reference: str) -> Object:
    """Return the one object of a kind, namespace and name."""
    (found,) = [one for one in objects if key(one) == reference]
    return found


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


# Pods may do nothing that they need not: Pod Security `restricted`, and more.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"}
VOLUMES |= {"persistentVolumeClaim", "projected", "secret"}
_TAG = re.compile(r":[^/@]+$")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


def restricted(objects: list[Object]) -> list[str]:
    """Find pods that Pod Security `restricted` refuses, or that may write or call."""
    faults = []
    for owner, template in templates(objects):
        faults += [f"{name(owner)} {what}" for what in _pod(template["spec"])]
        for one in containers(template):
            faults += [f"{name(owner)}: {one['name']} {it}" for it in _container(one)]
    return faults


def _true(found: dict[str, bool]) -> list[str]:
    return [what for what, is_so in found.items() if is_so]


def _pod(spec: Object) -> list[str]:
    context, get = spec.get("securityContext", {}), spec.get
    root = context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) == 0
    profile = context.get("seccompProfile")
    kinds = {key for one in get("volumes", []) for key in one} - {"name"}
    return _true(
        {
            "may run as root": root,
            "has no seccomp profile": profile != {"type": "RuntimeDefault"},
            "shares the node's namespaces": bool(
                get("hostNetwork") or get("hostPID") or get("hostIPC")
            ),
            "gets a token of the Kubernetes API": get("automountServiceAccountToken")
            is not False,
            "mounts what pods may not": not kinds <= VOLUMES,
        }
    )


def _container(one: Object) -> list[str]:
    context, needed = one.get("securityContext", {}), {"cpu", "memory"}
    root = not context.get("runAsNonRoot", True) or context.get("runAsUser", 1) == 0
    resources = one.get("resources", {})
    return _true(
        {
            "may gain rights": context.get("allowPrivilegeEscalation") is not False,
            "may write to its root": context.get("readOnlyRootFilesystem") is not True,
            "keeps capabilities": context.get("capabilities") != {"drop": ["ALL"]},
            "is privileged": bool(context.get("privileged")),
            "may run as root": root,
            "has no requests": not needed <= {*resources.get("requests", {})},
            "has no limits": not needed <= {*resources.get("limits", {})},
            "takes a port of the node": any(
                "hostPort" in port for port in one.get("ports", [])
            ),
        }
    )


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


def images(objects: list[Object]) -> list[str]:
    """Find images without a version, or whatever is latest."""
    faults = []
    for owner, template in templates(objects):
        for image in (one["image"] for one in containers(template)):
            if image.endswith(":latest"):
                faults.append(f"{name(owner)}: {image} is whatever is latest")
            elif not _DIGEST.search(image) and not _TAG.search(image):
                faults.append(f"{name(owner)}: {image} has no tag")
    return faults


def without_digest(objects: list[Object]) -> list[str]:
    """Find images that may be another tomorrow."""
    return [
        f"{name(owner)}: {one['image']} has no digest"
        for owner, template in templates(objects)
        for one in containers(template)
        if not _DIGEST.search(one["image"])
    ]


# Who may call whom.
DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
COORDINATOR = {
    "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kubeflow"}},
    "podSelector": {"matchLabels": {"fairsilo.io/role": "coordinator"}},
}
DNS = {
    "namespaceSelector": {
        "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
    },
    "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
}


def denied(objects: list[Object]) -> list[str]:
    """Find that a namespace's pods may call or be called unless a policy says so."""
    return [
        f"{namespace}: nothing is denied by default"
        for namespace in ("fairsilo", *silos(objects))
        if not any(
            policy["spec"] == DENY
            for policy in of_kind(inside(objects, namespace), "NetworkPolicy")
        )
    ]


def calls(objects: list[Object]) -> list[str]:
    """Find policies of silos that let in more than the coordinator, or out more.

    Out it may go to names, and to one address at 443: its own storage.
    """
    faults = []
    for policy in of_kind(objects, "NetworkPolicy", "CiliumNetworkPolicy"):
        if not policy["metadata"]["namespace"].startswith(SILO):
            continue
        if policy["kind"] == "CiliumNetworkPolicy":
            faults.append(f"{name(policy)} is a policy of another kind")
            continue
        faults += [
            f"{name(policy)} lets in {rule}"
            for rule in policy["spec"].get("ingress", [])
            if not _is(rule, "from", [COORDINATOR], {("TCP", 8000)})
        ]
        faults += [
            f"{name(policy)} lets out {rule}"
            for rule in policy["spec"].get("egress", [])
            if not _is(rule, "to", [DNS], {("UDP", 53), ("TCP", 53)})
            and not _storage(rule)
        ]
    return faults


def _is(
    rule: Object, way: str, peers: list[Object], ports: set[tuple[str, int]]
) -> bool:
    found = {(port["protocol"], port.get("port")) for port in rule.get("ports", [])}
    return rule.get(way) == peers and found == ports


def _storage(rule: Object) -> bool:
    peers = rule.get("to", [])
    ports = [(port["protocol"], port.get("port")) for port in rule.get("ports", [])]
    if [{*peer} for peer in peers] != [{"ipBlock"}] or ports != [("TCP", 443)]:
        return False
    block = peers[0]["ipBlock"]
    return {*block} == {"cidr"} and ipaddress.ip_network(
        block["cidr"]
    ).num_addresses == 1


# No role allows more than it says.
# With these, a person or a pod becomes more than it is.
FORBIDDEN_RESOURCES = {"pods/exec", "pods/attach", "pods/ephemeralcontainers"}
FORBIDDEN_VERBS = {"bind", "escalate", "impersonate"}
MAKERS = {"create", "update", "patch", "delete", "deletecollection"}
WORKLOADS = {"pods", "deployments", "statefulsets", "daemonsets"}
WORKLOADS |= {"jobs", "cronjobs", "workflows"}
GRANTS = {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}


def least(objects: list[Object]) -> list[str]:
    """Find roles that allow everything of a kind, or a way to more rights."""
    faults = [
        f"{name(found)} holds in all namespaces"
        for found in of_kind(objects, "ClusterRoleBinding")
    ]
    for role in of_kind(objects, "Role", "ClusterRole"):
        for rule in role["rules"]:
            faults += [f"{name(role)} {what}" for what in _faults_of_rule(rule)]
    return faults


def _faults_of_rule(rule: Object) -> list[str]:
    resources, verbs = {*rule.get("resources", [])}, {*rule["verbs"]}
    stars = {"*"} & {*rule.get("apiGroups", []), *resources, *verbs}
    found = {
        "has a wildcard": stars
        or any("*" in text for text in {*resources, *rule.get("nonResourceURLs", [])}),
        "opens a shell in pods": resources & FORBIDDEN_RESOURCES,
        "gives more rights": verbs & FORBIDDEN_VERBS
        or (resources & GRANTS and verbs & MAKERS)
        or "serviceaccounts/token" in resources,
        "starts or changes workloads": resources & WORKLOADS and verbs & MAKERS,
        "reads secrets that it doesn't name": "secrets" in resources
        and (verbs != {"get"} or not rule.get("resourceNames")),
        "writes config maps that it doesn't name": "configmaps" in resources
        and verbs & MAKERS
        and not rule.get("resourceNames"),
    }
    return [what for what, is_so in found.items() if is_so]


# Whatever an object names is there.
def missing(objects: list[Object]) -> list[str]:
    """Find references to what neither is there nor is a prerequisite."""
    there = {key(found) for found in objects} | PREREQUISITES
    return [
        f"{name(found)} names {'/'.join(part for part in wanted if part)}"
        for found in objects
        for wanted in references(found)
        if wanted not in there
    ]


def unmatched(objects: list[Object]) -> list[str]:
    """Find services and budgets that choose no pod of their namespace."""
    labels = [
        (owner["metadata"]["namespace"], template["metadata"]["labels"])
        for owner, template in templates(objects)
    ]
    faults = []
    for found in of_kind(objects, "Service", "PodDisruptionBudget"):
        selector = found["spec"]["selector"]
        wanted = selector.get("matchLabels", selector).items()
        namespace = found["metadata"]["namespace"]
        if not any(
            place == namespace and wanted <= own.items() for place, own in labels
        ):
            faults.append(f"{name(found)} chooses no pod")
    return faults


# What names another object of the same namespace, or of none: where, and its kind.
_NAMED = {
    "serviceAccountName": "ServiceAccount",
    "serviceName": "Service",
    "claimName": "PersistentVolumeClaim",
    "secretName": "Secret",
    "volumeName": "PersistentVolume",
    "storageClassName": "StorageClass",
}
_NAMED_BY_NAME = {
    "configMap": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMapKeyRef": "ConfigMap",
    "secretRef": "Secret",
    "secretKeyRef": "Secret",
    "claimRef": "PersistentVolumeClaim",
}
_GLOBAL = {"PersistentVolume", "StorageClass", "ClusterRole"}


def references(found: Object) -> Iterator[Reference]:
    """Yield all that an object names."""
    namespace = found["metadata"].get("namespace", "")
    if namespace:
        yield "Namespace", "", namespace
    if "roleRef" in found:
        role = found["roleRef"]
        where = "" if role["kind"] in _GLOBAL else namespace
        yield role["kind"], where, role["name"]
        for subject in found["subjects"]:
            if subject["kind"] == "ServiceAccount":
                yield "ServiceAccount", subject["namespace"], subject["name"]
    yield from _named(found.get("spec", {}), namespace)


def _named(part: object, namespace: str) -> Iterator[Reference]:
    for item in part if isinstance(part, list) else []:
        yield from _named(item, namespace)
    for where, value in part.items() if isinstance(part, dict) else []:
        if where in _NAMED and value:
            kind = _NAMED[where]
            yield kind, "" if kind in _GLOBAL else namespace, value
        elif where in _NAMED_BY_NAME and not value.get("optional"):
            place = value.get("namespace", namespace)
            yield _NAMED_BY_NAME[where], place, value["name"]
        else:
            yield from _named(value, namespace)


# A silo's volumes show its own directory or container, to its own namespace.
def shown(volume: Object) -> tuple[str, str]:
    """Return what a volume shows: a kind of place, and the path there."""
    spec = volume["spec"]
    if "local" in spec:
        return "node", spec["local"]["path"]
    attributes = spec["csi"]["volumeAttributes"]
    if "containerName" in attributes:
        account = attributes["storageAccount"]
        return "container", f"/{account}/{attributes['containerName']}"
    share = f"/{attributes['storageAccount']}/{attributes['shareName']}"
    return "share", f"{share}/{attributes.get('folderName', '')}".rstrip("/")


def own(objects: list[Object]) -> list[str]:
    """Find volumes of silos that show more than one silo's, or may be written to."""
    faults: list[str] = []
    owners: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for volume in of_kind(objects, "PersistentVolume"):
        claim = volume["spec"]["claimRef"]["namespace"]
        if not claim.startswith(SILO):
            continue
        owners[shown(volume)].append(volume["metadata"]["name"])
        if volume["metadata"]["name"].rpartition("-")[0] != claim:
            faults.append(f"{name(volume)} may be claimed from {claim}")
        if volume["spec"]["accessModes"] != ["ReadOnlyMany"]:
            faults.append(f"{name(volume)} may be written to")
        if not volume["spec"].get("csi", {"readOnly": True}).get("readOnly"):
            faults.append(f"{name(volume)} is mounted for writing")
    for place, volumes in owners.items():
        if len(volumes) > 1:
            faults.append(f"{place[1]} is shown by {' and '.join(volumes)}")
        faults += [
            f"{place[1]} of {volumes[0]} lies in {other[1]} of {others[0]}"
            for other, others in owners.items()
            if place[0] == other[0]
            and pathlib.PurePath(other[1]) in pathlib.PurePath(place[1]).parents
        ]
    return faults


def mounted(objects: list[Object]) -> list[str]:
    """Find workers that don't work in their home, or may write to it or the input."""
    faults = []
    for owner, template in templates(of_kind(objects, "Deployment")):
        (worker,) = template["spec"]["containers"]
        mounts = {mount["name"]: mount for mount in worker["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in template["spec"]["volumes"]}
        if worker.get("workingDir") != mounts["home"]["mountPath"]:
            faults.append(f"{name(owner)} doesn't work in its home")
        faults += [
            f"{name(owner)} may write to its {place}"
            for place in ("home", "input")
            if not mounts[place].get("readOnly")
            or not volumes[place]["persistentVolumeClaim"].get("readOnly")
        ]
        faults += [
            f"{name(owner)} writes outside its pod: {place}"
            for place in {*volumes} - {"home", "input"}
            if "emptyDir" not in volumes[place]
        ]
    return faults


RULES: tuple[Callable[[list[Object]], list[str]], ...] = (
    *(restricted, probed, enforced, images, denied, calls, least),
    *(missing, unmatched, own, mounted),
)


def faults(objects: list[Object]) -> list[str]:
    """Return all that the rules find."""
    return [fault for rule in RULES for fault in rule(objects)]
