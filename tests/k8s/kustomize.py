"""The overlays as kustomize builds them, without a network."""

from __future__ import annotations

import functools
import pathlib
import shutil
import subprocess

import pytest
import yaml

from tests.k8s.rules.objects import Object

ROOT = pathlib.Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
OVERLAYS = ("local", "aks")
# What must be there before an overlay is applied, and who makes it (k8s/README.md).
PREREQUISITES = {
    ("Namespace", "", "kubeflow"),  # Kubeflow Pipelines
    ("Secret", "fairsilo", "fairsilo-mysql"),  # make cluster-secrets
}
# Beside them, what the pipeline's package names: the same makes it.
STORE = ("Secret", "kubeflow", "fairsilo-store")


def command() -> list[str]:
    """Return the start of a command line that builds a folder, or skip the test."""
    if found := shutil.which("kubectl"):
        return [found, "kustomize"]
    own = ROOT / "build" / "bin" / "kustomize"
    if found := shutil.which("kustomize") or (str(own) if own.exists() else None):
        return [found, "build"]
    pytest.skip("found neither kubectl nor kustomize; `make kustomize` builds one")


def build(folder: pathlib.Path) -> list[Object]:
    """Return the objects of a folder with a kustomization."""
    done = subprocess.run(
        [*command(), str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.load_all(done.stdout, yaml.CSafeLoader))


@functools.cache
def overlay(name: str) -> tuple[Object, ...]:
    """Return the objects of an overlay; not to be changed."""
    return tuple(build(K8S / "overlays" / name))
