"""The chart as helm renders it for both platforms, without a cluster or a network."""

from __future__ import annotations

import functools
import json
import pathlib
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

from components.silos.slugs import slug as slug_of

__all__ = ["slug_of"]

Object = dict[str, Any]
ROOT = pathlib.Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
CHART = K8S / "chart"
PLATFORMS = ("local", "aks")
SILOS: dict[str, Any] = yaml.safe_load((K8S / "silos.yaml").read_text())

# Ids that need care, in several scripts; the last is cut.
IDS = ["9E", "north-sea", "Süd", "sud", "a b", "a--b", "-x-", "北"]
IDS += ["Air France \N{EN DASH} " + 30 * "x"]


def _find() -> str | None:
    (version,) = re.findall(r"HELM_VERSION := (\S+)", (K8S / "chart.mk").read_text())
    built = ROOT / ".tools" / f"helm-{version}" / "helm"
    return shutil.which("helm") or (str(built) if built.exists() else None)


# Looked for once: tests of scripts put a stand-in on the path.
HELM = _find()


def program() -> str:
    """Return helm's path, or skip the test."""
    if not HELM:
        pytest.skip("found no helm; `make helm` builds one where Go is installed")
    return HELM


def azure(slugs: list[str]) -> dict[str, Any]:
    """Return values as Terraform's output `values` and the registry's digests."""
    guid = "12345678-9abc-def0-1234-{:012}"
    root = {
        "resource_group": "fairsilo",
        "account": "fairsiloroot1",
        "share": "root",
        "server": "fairsiloroot1.file.core.windows.net",
        "endpoint_ip": "10.40.64.4",
        "size_gib": 100,
    }
    silos = {
        slug: {
            "client_id": guid.format(number),
            "resource_group": "fairsilo",
            "account": "fairsilosilos1",
            "container": f"silo-{slug}",
            "endpoint_ip": "10.40.64.5",
        }
        for number, slug in enumerate(slugs)
    }
    images = {
        "pipeline": f"fairsilo1.azurecr.io/fairsilo-pipeline@sha256:{64 * '1'}",
        "worker": f"fairsilo1.azurecr.io/fairsilo-silo-worker@sha256:{64 * '2'}",
    }
    known = {"store": {"host": None}, "root": root, "silos": silos}
    return {"azure": known, "images": images}


def values(platform: str, silos: dict[str, Any] = SILOS) -> dict[str, Any]:
    """Return what an operator gives the chart beside the platform's own values."""
    slugs = [silo.get("slug") or slug_of(str(silo["id"])) for silo in silos["silos"]]
    return silos | (azure(slugs) if platform == "aks" else {})


def helm(
    command: str,
    platform: str,
    given: dict[str, Any],
    *options: str,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run helm on the chart with the platform's values and more."""
    return subprocess.run(
        [
            *(program(), *command.split(), str(CHART), "--namespace=kubeflow"),
            *(f"--values={CHART / f'values-{platform}.yaml'}", "--values=-", *options),
        ],
        input=json.dumps(given),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def upgrade(
    platform: str, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Install the chart on a cluster, or upgrade it, as the README says."""
    given = values(platform)
    return helm("upgrade --install fairsilo", platform, given, environment=environment)


def render(platform: str, given: dict[str, Any]) -> list[Object]:
    """Return the objects of the chart with some values."""
    done = helm("template fairsilo", platform, given)
    assert done.returncode == 0, done.stderr
    return [one for one in yaml.load_all(done.stdout, yaml.CSafeLoader) if one]


def refusal(given: dict[str, Any], platform: str = "local") -> str:
    """Return why the chart refuses some values."""
    done = helm("template fairsilo", platform, given)
    assert done.returncode != 0
    return done.stderr


@functools.cache
def rendered(platform: str) -> tuple[Object, ...]:
    """Return the objects of the sixteen silos; not to be changed."""
    return tuple(render(platform, values(platform)))


def key(found: Object) -> tuple[str, str, str]:
    """Return what others name an object by: kind, namespace if any, and name."""
    metadata = found["metadata"]
    return found["kind"], metadata.get("namespace", ""), metadata["name"]


def find(objects: Iterable[Object], *reference: str) -> Object:
    """Return the one object of a kind, namespace and name."""
    (found,) = [one for one in objects if key(one) == reference]
    return found


def of_kind(objects: Iterable[Object], *kinds: str) -> list[Object]:
    """Return the objects of some kinds."""
    return [found for found in objects if found["kind"] in kinds]


def silos(objects: Iterable[Object]) -> list[str]:
    """Return the silos' namespaces."""
    names = (found["metadata"]["name"] for found in of_kind(objects, "Namespace"))
    return [name for name in names if name.startswith("fairsilo-silo-")]


def inside(objects: Iterable[Object], namespace: str) -> list[Object]:
    """Return the objects of a namespace."""
    return [one for one in objects if one["metadata"].get("namespace") == namespace]


def templates(objects: Iterable[Object]) -> Iterator[tuple[Object, Object]]:
    """Yield each object that makes pods, with its pod template."""
    for found in objects:
        spec = found.get("spec", {})
        if found["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            yield found, spec["template"]


# What pods are allowed: less than Pod Security `restricted` admits.
CONTEXT = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim"}
FORBIDDEN = {"hostNetwork", "hostPID", "hostIPC", "ephemeralContainers"}


def assert_restricted(pod: Object) -> None:
    """Check that a pod, or its template, may not write, call or be root."""
    spec = pod["spec"]
    context = spec["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert not FORBIDDEN & {*spec}
    assert {kind for one in spec["volumes"] for kind in one} <= VOLUMES | {"name"}
    for container in (*spec.get("initContainers", []), *spec["containers"]):
        assert container["securityContext"] == CONTEXT
        assert {*container["resources"]["limits"]} >= {"cpu", "memory"}
        assert not any("hostPort" in port for port in container.get("ports", []))
