"""`fairsilo export`: writes a blessed model for use without FairSilo."""

from __future__ import annotations

import pathlib
from typing import Annotated, Literal

import typer

from pipelines.cli import console
from pipelines.cli.options import Name, Output, expanded


def export(
    name: Name,
    form: Annotated[
        Literal["saved_model", "tflite", "onnx"],
        typer.Option("--format", help="`onnx` needs the extra `onnx`."),
    ],
    to: Annotated[
        pathlib.Path,
        typer.Option("--to", metavar="DIR", callback=expanded, help="A new folder."),
    ],
    silo: Annotated[
        str,
        typer.Option(
            metavar="SILO",
            help="Export what serves this silo, its own model or the base, where its "
            "home lies. Its own weights lie there alone: this is for its owner.",
        ),
    ] = "",
    output: Output = None,
) -> None:
    """Export the newest blessed model with what says how to encode a row for it."""
    folder = to.absolute()
    with console.engines():
        from pipelines import model_export
        from pipelines.places import Places

        places = Places(console.output_folder(name, output))
        sentence = model_export.export(places, name, silo, form, folder)
    console.say(sentence)
    console.data(str(folder))
