"""Prints the image of the pipeline's steps by digest, from an overlay's two files."""

from __future__ import annotations

import json
import pathlib
import sys

NAME = "fairsilo-pipeline"
STAND_IN = "sha256:" + "0" * 64  # of the repository's file


def steps_image(overlay: pathlib.Path) -> str:
    """Return the image's full name, `REGISTRY/NAME@sha256:...`."""
    registry = json.loads((overlay / "azure.json").read_text())["registry"]
    digest = json.loads((overlay / "images.json").read_text())[NAME]
    if digest == STAND_IN:
        sys.exit(f"error: {overlay}/images.json: found no image; run `make aks-images`")
    return f"{registry}/{NAME}@{digest}"


if __name__ == "__main__":
    print(steps_image(pathlib.Path(sys.argv[1])))
