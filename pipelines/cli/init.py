"""`fairsilo init`: a use case from one's own data, ready to run."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from pipelines.cli import console
from pipelines.cli.options import Name, expanded


def init(
    name: Name,
    data: Annotated[
        pathlib.Path,
        typer.Option(
            callback=expanded,
            help="Folder that holds one folder of Parquet or CSV a silo.",
        ),
    ],
    label: Annotated[str, typer.Option(help="Column of the binary label.")],
    sensitive: Annotated[
        list[str] | None,
        typer.Option(help="Column to slice by and hide from the model; repeatable."),
    ] = None,
) -> None:
    """Write schema, settings and model of a new use case, to be edited and run."""
    with console.engines():
        from pipelines.scaffold.scaffold import scaffold

        written = scaffold(pathlib.Path.cwd(), name, data, label, sensitive or [])
    for path in written:
        console.data(str(path))
    console.say(f"run it with `fairsilo run {name}`")
