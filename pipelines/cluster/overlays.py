"""What each overlay's silos are made of, and what its volumes must be told."""

from __future__ import annotations

from typing import Protocol

from pipelines.cluster.azure import Azure
from pipelines.cluster.images import Images
from pipelines.cluster.silos import DIRECTORY, Silo
from pipelines.kubeflow.settings import DEFAULT_IMAGE

AZURE_FILE = "azure.json"
IMAGES_FILE = "images.json"
PIPELINE = "fairsilo-pipeline"
WORKER = "fairsilo-silo-worker"


class Overlay(Protocol):
    """A folder below `k8s/overlays/`, as far as silos make a difference."""

    name: str
    """The folder's."""

    shared: tuple[str, ...]
    """Templates below `k8s/silo/` of objects that there are once."""

    def parts(self, silo: Silo) -> tuple[str, ...]:
        """Return the templates of a silo's objects that are this overlay's own."""

    def values(self, silo: Silo | None) -> dict[str, str]:
        """Return what the names in them stand for, beside those of every overlay."""

    def reads_directory(self, silo: Silo) -> bool:
        """Return whether a silo's input is a directory of the root."""

    def images(self) -> list[dict[str, str]]:
        """Return where the image of the steps is, which `base/` names shortly."""

    def stand_ins(self) -> list[str]:
        """Return its files that still hold the repository's stand-ins."""


class Local:
    """One node: all volumes are directories on it."""

    name = "local"
    shared: tuple[str, ...] = ()
    _tag = DEFAULT_IMAGE.rpartition(":")[2]

    def parts(self, silo: Silo) -> tuple[str, ...]:  # noqa: ARG002  alike for all
        """Return the templates of a silo's objects that are this overlay's own."""
        return ("local/account.yaml", "local/home.yaml", "local/input.yaml")

    def values(self, silo: Silo | None) -> dict[str, str]:  # noqa: ARG002
        """Return sizes for sixteen workers on a laptop."""
        return {
            "worker_image": f"{WORKER}:{self._tag}",
            "worker_cpu": "20m",
            "worker_memory": "256Mi",
        }

    def reads_directory(self, silo: Silo) -> bool:  # noqa: ARG002
        """Return that it is: there are no blob containers."""
        return True

    def images(self) -> list[dict[str, str]]:
        """Return the tag that they are built and loaded into the node under."""
        return [{"name": PIPELINE, "newTag": self._tag}]

    def stand_ins(self) -> list[str]:
        """Return nothing: it needs no such files."""
        return []


class Aks:
    """Azure: an NFS share, and a blob container and an identity a silo.

    Args:
        azure: What there is in Azure.
        pushed: The images in its registry.
    """

    name = "aks"
    shared: tuple[str, ...] = ("aks/root.yaml",)

    def __init__(self, azure: Azure, pushed: Images) -> None:
        self._azure = azure
        self._pushed = pushed

    def parts(self, silo: Silo) -> tuple[str, ...]:
        """Return the templates of a silo's objects that are this overlay's own."""
        return ("aks/account.yaml", "aks/home.yaml", f"aks/input-{silo.input}.yaml")

    def values(self, silo: Silo | None) -> dict[str, str]:
        """Return the share's place and, for a silo, its container and identity."""
        root = self._azure.root
        digest = self._pushed.silo_worker
        values = {
            "worker_image": f"{self._azure.registry}/{WORKER}@{digest}",
            "worker_cpu": "250m",
            "worker_memory": "768Mi",
            "root_resource_group": root.resource_group,
            "root_account": root.account,
            "root_server": root.server,
            "root_share": root.share,
            "root_size": f"{root.size_gib}Gi",
        }
        return values | (self._azure.silos[silo.slug].model_dump() if silo else {})

    def reads_directory(self, silo: Silo) -> bool:
        """Return whether a silo's input is a directory of the root."""
        return silo.input == DIRECTORY

    def images(self) -> list[dict[str, str]]:
        """Return registry and digest."""
        name = f"{self._azure.registry}/{PIPELINE}"
        return [{"name": PIPELINE, "newName": name, "digest": self._pushed.pipeline}]

    def stand_ins(self) -> list[str]:
        """Return those of its two files that nobody has filled in yet."""
        files = (
            (AZURE_FILE, self._azure.is_stand_in),
            (IMAGES_FILE, self._pushed.is_stand_in),
        )
        return [name for name, is_stand_in in files if is_stand_in]
