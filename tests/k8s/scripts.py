"""Loads the scripts below `k8s/`, which are no packages."""

import importlib.util
import types

from tests.k8s.terraform_files import TERRAFORM


def load(place: str) -> types.ModuleType:
    """Return the module of a script below `k8s/terraform`."""
    path = TERRAFORM / place
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
