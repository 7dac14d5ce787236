"""`fairsilo compile`: the chain as a package for Kubeflow Pipelines."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from pipelines.cli import console
from pipelines.cli.kubeflow_server import Image, find
from pipelines.cli.options import Name, Overrides, expanded


def compile_use_case(
    name: Name,
    output: Annotated[
        pathlib.Path,
        typer.Option("--output", "-o", callback=expanded, help="The package to write."),
    ] = pathlib.Path("package.yaml"),
    image: Image = "",
    overrides: Overrides = None,
) -> None:
    """Compile a use case for Kubeflow; --set changes the form's defaults."""
    from pipelines.kubeflow.settings import DEFAULT_IMAGE

    chosen = find(name, image, overrides or ())
    with console.engines():
        from pipelines.runners import kubeflow

        kubeflow.compile_package(chosen, output)
    if chosen.settings.kubeflow.image == DEFAULT_IMAGE:
        console.say(
            f"the steps' image is {DEFAULT_IMAGE}, as built locally; for a cluster "
            "with a registry give --image NAME@sha256:..."
        )
    console.data(str(output))
