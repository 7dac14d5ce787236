"""Keeps TFX's launcher from loading every component that TFX ships.

It needs one constant of one component, and `tfx.components` imports all of them on
the way: TFMA, Transform, BigQuery, a third of a step's start. The package's place in
`sys.modules` is taken by an empty one, below which modules are found as ever.
"""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import types

PACKAGE = "tfx.components"


def import_narrowly() -> None:
    """Do so, once; nothing happens where the package is loaded already."""
    spec = importlib.util.find_spec("tfx")
    if PACKAGE in sys.modules or spec is None or not spec.submodule_search_locations:
        return
    package = types.ModuleType(PACKAGE)
    package.__path__ = [
        str(pathlib.Path(place, "components"))
        for place in spec.submodule_search_locations
    ]
    sys.modules[PACKAGE] = package
