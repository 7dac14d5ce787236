"""No role allows more than it says."""

from __future__ import annotations

from tests.k8s.rules.objects import Object, name, of_kind

# With these, a person or a pod becomes more than it is.
FORBIDDEN_RESOURCES = {"pods/exec", "pods/attach", "pods/ephemeralcontainers"}
FORBIDDEN_VERBS = {"bind", "escalate", "impersonate"}
MAKERS = {"create", "update", "patch", "delete", "deletecollection"}
WORKLOADS = {
    "pods",
    "deployments",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "workflows",
}
GRANTS = {"roles", "rolebindings", "clusterroles", "clusterrolebindings"}


def least(objects: list[Object]) -> list[str]:
    """Find roles that allow everything of a kind, or a way to more rights."""
    faults = [
        f"{name(found)} holds in all namespaces"
        for found in of_kind(objects, "ClusterRoleBinding")
    ]
    for role in of_kind(objects, "Role", "ClusterRole"):
        for rule in role["rules"]:
            faults += [f"{name(role)} {what}" for what in _rule(rule)]
    return faults


def _rule(rule: Object) -> list[str]:
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
