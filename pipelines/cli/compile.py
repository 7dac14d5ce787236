"""`fairsilo compile`: the chain as a package for Kubeflow Pipelines."""

from __future__ import annotations

import contextlib
import pathlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli import console
from pipelines.cli.options import Name, Overrides, expanded

if TYPE_CHECKING:
    from pipelines.use_case import UseCase

Image = Annotated[
    str,
    typer.Option(help="The steps' image, NAME@sha256:...; by default kubeflow.image."),
]


def find(name: str, image: str = "", overrides: Sequence[str] = ()) -> UseCase:
    """Return a use case, settings and its steps' image replaced where given."""
    from pipelines import use_case

    changes = [f"kubeflow.image={image}"] if image else []
    return use_case.find(name, [*overrides, *changes])


@contextlib.contextmanager
def compiled(chosen: UseCase, package: pathlib.Path | None) -> Iterator[pathlib.Path]:
    """Yield a use case's package: the one given, or one compiled now."""
    if package is not None:
        yield package
        return
    image = chosen.settings.kubeflow.image
    console.say(f"{chosen.name}: compiling, with image {image}")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "package.yaml")
        _compile(chosen, path)
        yield path


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
    _compile(chosen, output)
    if chosen.settings.kubeflow.image == DEFAULT_IMAGE:
        console.say(
            f"the steps' image is {DEFAULT_IMAGE}, as built locally; for a cluster "
            "with a registry give --image NAME@sha256:..."
        )
    console.data(str(output))


def _compile(chosen: UseCase, path: pathlib.Path) -> None:
    with console.engines():
        from pipelines.runners import kubeflow

        kubeflow.compile_package(chosen, path)
