"""`fairsilo kubeflow manifests`: the silos' Kubernetes objects, from one list."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from pipelines.cli import console
from pipelines.cli.options import expanded


def manifests(
    overlays: Annotated[
        list[str] | None,
        typer.Option(
            "--overlay",
            metavar="NAME",
            help="Write only this overlay, local or aks; may be repeated.",
        ),
    ] = None,
    folder: Annotated[
        pathlib.Path,
        typer.Option(
            callback=expanded, help="The folder with silos.yaml and overlays."
        ),
    ] = pathlib.Path("k8s"),
) -> None:
    """Write the silos' Kubernetes objects, and Terraform's list, from silos.yaml."""
    from pipelines.cluster import manifests

    made = manifests.write(folder, overlays or manifests.OVERLAYS)
    console.data(f"{made.silos} silos, {len(made.files)} files")
    for name in made.stand_ins:
        console.say(
            f"{folder / 'overlays' / name} holds stand-ins: the overlay can be built "
            "and checked, but not applied before it is filled in"
        )
