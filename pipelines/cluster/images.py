"""Which images the cluster runs: `k8s/overlays/aks/images.json`, name to digest."""

from __future__ import annotations

import pathlib
from typing import Annotated

import pydantic

from components.settings import Section
from pipelines.cluster import files

WAY_OUT = "write the digests that the registry gave when the images were pushed"
NO_DIGEST = "sha256:" + "0" * 64
Digest = Annotated[str, pydantic.Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Images(Section):
    """The digests of our two images, as pushed."""

    model_config = pydantic.ConfigDict(
        alias_generator=lambda name: "fairsilo-" + name.replace("_", "-")
    )

    pipeline: Digest
    """Of the pipeline's steps."""

    silo_worker: Digest
    """Of the silos' workers."""

    @property
    def is_stand_in(self) -> bool:
        """Whether it is the repository's file: an image has no digest yet."""
        return NO_DIGEST in {self.pipeline, self.silo_worker}


def read(path: pathlib.Path) -> Images:
    """Read them.

    Raises:
        SettingsError: The file can't be used.
    """
    return files.read(path, Images, WAY_OUT)
