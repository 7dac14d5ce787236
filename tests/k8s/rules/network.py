"""Who may call whom."""

from __future__ import annotations

import ipaddress

from tests.k8s.rules.objects import Object, inside, name, of_kind

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


def denied(objects: list[Object], namespace: str) -> list[str]:
    """Find that a namespace's pods may call or be called unless a policy says so."""
    policies = of_kind(inside(objects, namespace), "NetworkPolicy")
    if any(policy["spec"] == DENY for policy in policies):
        return []
    return [f"{namespace}: nothing is denied by default"]


def silo(objects: list[Object], namespace: str) -> list[str]:
    """Find policies of a silo that let in more than the coordinator, or out more.

    Out it may go to names, and to one address at 443: its own storage.
    """
    faults = []
    for policy in of_kind(inside(objects, namespace), "NetworkPolicy"):
        spec = policy["spec"]
        for rule in spec.get("ingress", []):
            if not _is(rule, "from", [COORDINATOR], {("TCP", 8000)}):
                faults.append(f"{name(policy)} lets in {rule}")
        for rule in spec.get("egress", []):
            if not _is(rule, "to", [DNS], {("UDP", 53), ("TCP", 53)}) and not _storage(
                rule
            ):
                faults.append(f"{name(policy)} lets out {rule}")
    faults += [
        f"{name(found)} is a policy of another kind"
        for found in inside(objects, namespace)
        if found["kind"] == "CiliumNetworkPolicy"
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
