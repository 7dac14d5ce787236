"""The config maps that speak of all silos.

`fairsilo-silos` tells the coordinator where the workers listen; `silo-homes` tells the
job of that name which directories to make.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from pipelines.cluster import names
from pipelines.cluster.silos import Silo, Silos

NAMESPACE = "kubeflow"
REGISTRY = "fairsilo-silos"
HOMES = "silo-homes"


def of(listed: Silos, reads_directory: Callable[[Silo], bool]) -> str:
    """Return both config maps as YAML.

    Args:
        listed: The silos.
        reads_directory: Whether a silo's input is a directory of the root.
    """
    registry = {silo.id: names.address(silo.slug) for silo in listed.silos}
    homes = [listed.home(silo) for silo in listed.silos]
    inputs = [
        listed.input_folder(silo) for silo in listed.silos if reads_directory(silo)
    ]
    return "---\n".join(
        [
            _config_map(REGISTRY, "silos.json", registry),
            _config_map(HOMES, "directories.json", [*homes, *inputs]),
        ]
    )


def _config_map(name: str, key: str, value: Mapping[str, str] | Sequence[str]) -> str:
    # JSON in ASCII letters needs no quotes in a block of YAML.
    lines = "".join(f"    {line}\n" for line in json.dumps(value, indent=1).split("\n"))
    return (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"
        f"  name: {name}\n  namespace: {NAMESPACE}\n"
        "  labels:\n    app.kubernetes.io/part-of: fairsilo\n"
        f"data:\n  {key}: |\n{lines}"
    )
