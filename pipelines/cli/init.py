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
    positive: Annotated[
        str | None,
        typer.Option(help="The label's positive value; else 1 or true, or the rarer."),
    ] = None,
    sensitive: Annotated[
        list[str] | None,
        typer.Option(help="Column to slice by and hide from the model; repeatable."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="Column that names a row; repeatable."),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(help="Column that is not read at all; repeatable."),
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            metavar="COLUMN=KIND",
            help="What a column holds: text, number or whole; repeatable.",
        ),
    ] = None,
    null: Annotated[
        list[str] | None,
        typer.Option(
            help="How CSV files write a missing value, besides the empty field; "
            "repeatable."
        ),
    ] = None,
) -> None:
    """Write schema and settings of a new use case, to be edited and run."""
    with console.engines():
        from pipelines.scaffold.options import Options, parse_types
        from pipelines.scaffold.write import write_use_case
        from pipelines.use_case import projects

        options = Options(
            name,
            data,
            label,
            tuple(sensitive or ()),
            positive,
            tuple(key or ()),
            tuple(ignore or ()),
            parse_types(types or ()),
            tuple(null or ()),
        )
        around, *own = projects()  # our own, last, is no place for other people's
        project = around if own else pathlib.Path.cwd()
        written, proposal = write_use_case(project, options)
    for line in proposal.decided():
        console.say(line)
    for line in proposal.warnings():
        console.say(f"warning: {line}")
    for path in written:
        console.data(str(path))
    console.say(f"run it with `fairsilo run {name}`")
