"""A compiled package: what it is called, and that it is one of ours."""

from __future__ import annotations

import hashlib
import pathlib
import re
from typing import Any

import yaml

from components.errors import SettingsError

SCHEMA_VERSION = "2.1.0"
FIRST_STEP = "comp-prepare"


def pipeline_name(use_case: str) -> str:
    """Return the name of a use case's pipeline and experiment: a-z, 0-9 and -."""
    return re.sub(r"[^a-z0-9-]+", "-", use_case)


def version_name(path: pathlib.Path) -> str:
    """Return the name of a package's version: the same content, the same name."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def check(path: pathlib.Path, use_case: str) -> None:
    """Check that a file is a package that `fairsilo compile` wrote for a use case.

    Raises:
        SettingsError: It is none.
    """
    hint = f"write one with `fairsilo compile {use_case} -o package.yaml`"
    if path.suffix not in {".yaml", ".yml"}:  # the server goes by the name
        raise SettingsError(f"{path}: expected a package named *.yaml", hint)
    try:
        document: Any = next(yaml.safe_load_all(path.read_text(encoding="utf-8")), None)
        version, steps = document["schemaVersion"], document["components"].keys()
        name = document["pipelineInfo"]["name"]
    except (OSError, ValueError, yaml.YAMLError, TypeError, KeyError) as error:
        raise SettingsError(f"{path}: found no package: {error!r}", hint) from None
    expected = (pipeline_name(use_case), SCHEMA_VERSION)
    if (name, version) != expected or FIRST_STEP not in steps:
        raise SettingsError(
            f"{path}: found a package of `{name}` in schema {version}, expected one of "
            f"FairSilo's `{expected[0]}` in {SCHEMA_VERSION}",
            hint,
        )
