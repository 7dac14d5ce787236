"""Whatever an object names is there."""

from __future__ import annotations

from collections.abc import Iterator

from tests.k8s.rules.objects import Object, containers, name, of_kind, templates

# Kind, namespace (empty where there is none) and name.
Reference = tuple[str, str, str]


def key(found: Object) -> Reference:
    """Return what others name an object by."""
    metadata = found["metadata"]
    return found["kind"], metadata.get("namespace", ""), metadata["name"]


def missing(objects: list[Object], prerequisites: set[Reference]) -> list[str]:
    """Find references to what neither is there nor is a prerequisite."""
    there = {key(found) for found in objects} | prerequisites
    return [
        f"{name(found)} names {'/'.join(part for part in wanted if part)}"
        for found in objects
        for wanted in references(found)
        if wanted not in there
    ]


def unused(objects: list[Object], prerequisites: set[Reference]) -> list[str]:
    """Find prerequisites that no object names."""
    named = {wanted for found in objects for wanted in references(found)}
    return ["/".join(wanted) for wanted in sorted(prerequisites - named)]


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


def references(found: Object) -> Iterator[Reference]:
    """Yield all that an object names."""
    namespace = found["metadata"].get("namespace", "")
    spec = found.get("spec", {})
    if namespace:
        yield "Namespace", "", namespace
    if found["kind"] in {"RoleBinding", "ClusterRoleBinding"}:
        role = found["roleRef"]
        yield role["kind"], namespace if role["kind"] == "Role" else "", role["name"]
        for subject in found["subjects"]:
            if subject["kind"] == "ServiceAccount":
                yield "ServiceAccount", subject["namespace"], subject["name"]
    if found["kind"] == "PersistentVolumeClaim":
        yield from _claim(spec)
        if "volumeName" in spec:
            yield "PersistentVolume", "", spec["volumeName"]
    if found["kind"] == "PersistentVolume":
        claim = spec["claimRef"]
        yield "PersistentVolumeClaim", claim["namespace"], claim["name"]
    if found["kind"] == "StatefulSet":
        yield "Service", namespace, spec["serviceName"]
        for claim in spec.get("volumeClaimTemplates", []):
            yield from _claim(claim["spec"])
    for _, template in templates([found]):
        yield from _pod(template, namespace)


def _claim(spec: Object) -> Iterator[Reference]:
    if spec.get("storageClassName"):
        yield "StorageClass", "", spec["storageClassName"]


def _pod(template: Object, namespace: str) -> Iterator[Reference]:
    spec = template["spec"]
    if "serviceAccountName" in spec:
        yield "ServiceAccount", namespace, spec["serviceAccountName"]
    for volume in spec.get("volumes", []):
        if "persistentVolumeClaim" in volume:
            claim = volume["persistentVolumeClaim"]["claimName"]
            yield "PersistentVolumeClaim", namespace, claim
        if "configMap" in volume and not volume["configMap"].get("optional"):
            yield "ConfigMap", namespace, volume["configMap"]["name"]
        if "secret" in volume and not volume["secret"].get("optional"):
            yield "Secret", namespace, volume["secret"]["secretName"]
    for one in containers(template):
        for source in one.get("envFrom", []):
            if "configMapRef" in source:
                yield "ConfigMap", namespace, source["configMapRef"]["name"]
            if "secretRef" in source:
                yield "Secret", namespace, source["secretRef"]["name"]
        for variable in one.get("env", []):
            source = variable.get("valueFrom", {})
            if "configMapKeyRef" in source:
                yield "ConfigMap", namespace, source["configMapKeyRef"]["name"]
            if "secretKeyRef" in source:
                yield "Secret", namespace, source["secretKeyRef"]["name"]
