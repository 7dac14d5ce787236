"""Runs shards as pods of one Kubernetes Indexed Job."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class PodTemplate:
    """What a pod of a run's step is like; names agree with the manifests in `k8s/`."""

    image: str = ""
    namespace: str = ""
    root_claim: str = ""
    root_path: str = ""
    data_claim: str = ""
    data_path: str = ""
