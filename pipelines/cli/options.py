"""Arguments and options that several commands take."""

from __future__ import annotations

import pathlib
from typing import Annotated

import typer

from components.store_url import VARIABLE


def expanded(path: pathlib.Path | None) -> pathlib.Path | None:
    """Return a path with `~` as the home folder: shells leave `--output=~/x` alone."""
    try:
        return path and path.expanduser()
    except RuntimeError:
        raise typer.BadParameter(f"found no home folder for {str(path)!r}") from None


Name = Annotated[str, typer.Argument(metavar="USE_CASE", help="Name of the use case.")]
Output = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--output",
        metavar="DIR",
        callback=expanded,
        help="Where runs write; by default build/USE_CASE in its project.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=C", help="Change a setting; may be repeated."),
]
Span = Annotated[
    str,
    typer.Option(help="The span to run for, such as 2013-11."),
]
Store = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        envvar=VARIABLE,
        help="Work on a cluster's store, not on folders here; reach it for example by "
        "`kubectl port-forward`. The URL holds a password: rather set the variable.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
