"""The versions of what a run stood on, as they are installed here."""

from __future__ import annotations

import importlib.metadata
import platform

PACKAGES = (
    "fairsilo",
    "tfx",
    "tensorflow",
    "tensorflow-federated",
    "tensorflow-model-analysis",
    "tensorflow-data-validation",
    "apache-beam",
)


def installed() -> dict[str, str]:
    """Return the version of Python and of each package that matters."""
    return {"python": platform.python_version()} | {
        package: _version(package) for package in PACKAGES
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed as a package"
