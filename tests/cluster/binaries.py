"""The server and its client, built by `make test-cluster`.

Not for building: `k8s/test-cluster.mk` does that.
"""

from __future__ import annotations

import hashlib
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "cluster" / "apiserver" / "go.mod"
NAMES = ("etcd", "kube-apiserver", "kubectl")


def folder() -> pathlib.Path:
    """Return where binaries of the versions that go.mod pins are kept."""
    key = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    return ROOT / "build" / "cluster" / key


def missing() -> list[str]:
    """Return the names of those that are not built."""
    return [name for name in NAMES if not (folder() / name).is_file()]
