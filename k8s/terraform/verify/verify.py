"""Verifies on the cluster that a silo is kept apart: `make aks-verify`.

Runs `probe.py` in the silo's namespace, in two pods one after the other, prints what
they found and removes them:

- `network` has the labels of the silo's worker, so the same network policies apply;
- `identity` has its service account, and for its five minutes a policy of its own that
  lets it out to port 443: a worker gets no token and reaches no Entra ID, the node
  mounts its container for it, so what the identity may read must be asked elsewhere.

Needs kubectl, rights in that namespace, and what `make aks-up` wrote (`azure.json`).
"""

from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import time
from typing import Any

NAME = "fairsilo-probe"
POLL_S = 2.0
PATIENCE_S = 600.0
IDENTITY_LABELS = {
    "azure.workload.identity/use": "true",
    "fairsilo.io/probe": "identity",
}
PROBE = pathlib.Path(__file__).with_name("probe.py")
Manifest = dict[str, Any]


def namespace(slug: str) -> str:
    """Return a silo's namespace."""
    return f"fairsilo-silo-{slug}"


def host(silo: dict[str, str]) -> str:
    """Return the name of the account that a silo's container lies in."""
    return f"{silo['account']}.blob.core.windows.net"


def closed(azure: dict[str, Any], other: str) -> list[str]:
    """Return what a silo's worker must not reach."""
    return [
        f"worker.{namespace(other)}.svc.cluster.local:8000",
        "fairsilo-mysql.fairsilo.svc.cluster.local:3306",
        "ml-pipeline.kubeflow.svc.cluster.local:8888",
        "kubernetes.default.svc.cluster.local:443",
        f"{azure['root']['endpoint_ip']}:2049",  # NFS asks for no password
        "169.254.169.254:80",  # the node's own identity
        "login.microsoftonline.com:443",
        "1.1.1.1:443",
    ]


def probes(azure: dict[str, Any], slug: str, other: str) -> dict[str, list[str]]:
    """Return the arguments of each of the two probes."""
    own, others = azure["silos"][slug], azure["silos"][other]
    return {
        "network": [
            *("--host", host(own), "--address", own["endpoint_ip"]),
            *("--closed", *closed(azure, other)),
        ],
        "identity": [
            *("--own", f"https://{host(own)}/{own['container']}"),
            *("--other", f"https://{host(others)}/{others['container']}"),
        ],
    }


def metadata(slug: str, labels: dict[str, str] | None = None) -> Manifest:
    """Return the metadata of all that is made here."""
    return {"name": NAME, "namespace": namespace(slug), "labels": labels or {}}


def pod(slug: str, image: str, labels: dict[str, str], command: list[str]) -> Manifest:
    """Return a pod that passes Pod Security `restricted`.

    It is never ready, so the worker's service sends it nothing although it may have
    the worker's labels.
    """
    container = {
        "name": "probe",
        "image": image,
        "command": ["python3", f"/probe/{PROBE.name}", *command],
        "readinessProbe": {"exec": {"command": ["false"]}},
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [{"name": "probe", "mountPath": "/probe", "readOnly": True}],
    }
    spec = {
        "serviceAccountName": "silo-worker",
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 300,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [{"name": "probe", "configMap": {"name": NAME}}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(slug, labels),
        "spec": spec,
    }


def config_map(slug: str) -> Manifest:
    """Return the probe's code as a config map."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(slug),
        "data": {PROBE.name: PROBE.read_text()},
    }


def open_https(slug: str) -> Manifest:
    """Return the policy that lets the second probe, and no other pod, out to HTTPS."""
    ports = [{"protocol": "TCP", "port": 443}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(slug),
        "spec": {
            "podSelector": {"matchLabels": IDENTITY_LABELS},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": ports}],
        },
    }


def kubectl(*arguments: str, manifest: Manifest | None = None) -> str:
    """Run kubectl and return what it prints.

    Raises:
        subprocess.CalledProcessError: It failed; its message went to stderr.
    """
    done = subprocess.run(  # noqa: S603  no shell, and our own arguments
        ["kubectl", *arguments],  # noqa: S607  whichever the operator uses
        input=json.dumps(manifest) if manifest else None,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout


def worker_labels(slug: str) -> dict[str, str]:
    """Return the labels of the silo's worker, which its network policies go by."""
    path = "jsonpath={.spec.template.metadata.labels}"
    text = kubectl("-n", namespace(slug), "get", "deployment", "worker", "-o", path)
    labels: dict[str, str] = json.loads(text)
    return labels


def wait_for_end(slug: str) -> bool:
    """Wait until the probe has ended; return whether all its checks passed.

    Raises:
        TimeoutError: It didn't start, or didn't end.
    """
    get = ("-n", namespace(slug), "get", "pod", NAME, "-o", "jsonpath={.status.phase}")
    deadline = time.monotonic() + PATIENCE_S
    while (phase := kubectl(*get)) not in {"Succeeded", "Failed"}:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{NAME} in {namespace(slug)}: found it still {phase}")
        time.sleep(POLL_S)
    return phase == "Succeeded"


def remove(slug: str) -> None:
    """Remove all that was made here."""
    kinds = ("pod", "networkpolicy", "configmap")
    made = [f"{kind}/{NAME}" for kind in kinds]
    kubectl("-n", namespace(slug), "delete", *made, "--ignore-not-found", "--wait")


def run(slug: str, manifests: list[Manifest]) -> bool:
    """Run one probe, print what it found; return whether all its checks passed."""
    try:
        for manifest in manifests:
            kubectl("apply", "-f", "-", manifest=manifest)
        passed = wait_for_end(slug)
        print(kubectl("-n", namespace(slug), "logs", NAME), end="")
    finally:
        remove(slug)
    return passed


def verify(azure: dict[str, Any], slug: str, other: str, image: str) -> bool:
    """Run both probes for one silo; return whether all their checks passed."""
    arguments = probes(azure, slug, other)
    network = pod(slug, image, worker_labels(slug), ["network", *arguments["network"]])
    identity = pod(slug, image, IDENTITY_LABELS, ["identity", *arguments["identity"]])
    code = config_map(slug)
    # The quota of a silo's namespace leaves room for one pod beside the worker.
    passed = run(slug, [code, network])
    return run(slug, [code, open_https(slug), identity]) and passed


def main(arguments: list[str]) -> int:
    """Verify one silo against another; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("azure", type=pathlib.Path, help="k8s/azure.json")
    parser.add_argument("--image", required=True, help="image with Python, by digest")
    parser.add_argument("--silo", help="slug; by default the first")
    parser.add_argument("--other", help="slug; by default the next one")
    options = parser.parse_args(arguments)
    azure = json.loads(options.azure.read_text())["azure"]
    slugs = sorted(azure["silos"])
    slug = options.silo or slugs[0]
    other = options.other or next(name for name in slugs if name != slug)
    return int(not verify(azure, slug, other, options.image))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
