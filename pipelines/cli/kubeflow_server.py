"""What the commands of `fairsilo kubeflow` share: the way to a server, the package."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import pathlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.errors import SettingsError
from pipelines.cli import console
from pipelines.cli.options import expanded

if TYPE_CHECKING:
    from pipelines.kubeflow.connection import Connection
    from pipelines.use_case import UseCase

TIMEOUT_S = 60.0

Package = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--package",
        metavar="FILE",
        callback=expanded,
        help="A package of `fairsilo compile`; by default compiled now.",
    ),
]
Image = Annotated[
    str,
    typer.Option(help="The steps' image, NAME@sha256:...; by default kubeflow.image."),
]


@dataclasses.dataclass(frozen=True)
class Way:
    """How the server is reached, as the command line has it.

    Attributes:
        host: Address; empty: that of the settings.
        namespace: Namespace; empty: that of the settings.
        port_forward: Whether kubectl makes the way.
        entra_scope: Scope of a token of Entra ID; empty: none is asked for.
        timeout: Most seconds to wait for an answer.
    """

    host: str
    namespace: str
    port_forward: bool
    entra_scope: str
    timeout: float


_OPTIONS: dict[str, tuple[Any, Any]] = {
    "host": (
        Annotated[
            str,
            typer.Option(
                metavar="URL",
                envvar="FAIRSILO_KFP_HOST",
                help="Address of Kubeflow Pipelines; by default kubeflow.host.",
            ),
        ],
        "",
    ),
    "namespace": (
        Annotated[
            str, typer.Option(help="Namespace of runs; by default kubeflow.namespace.")
        ],
        "",
    ),
    "port_forward": (
        Annotated[
            bool,
            typer.Option(
                "--port-forward", help="Reach the server by kubectl port-forward."
            ),
        ],
        False,
    ),
    "entra_scope": (
        Annotated[
            str,
            typer.Option(
                metavar="SCOPE",
                envvar="FAIRSILO_KFP_ENTRA_SCOPE",
                help="Ask Entra ID for a token, such as api://APP_ID/.default.",
            ),
        ],
        "",
    ),
    "timeout": (
        Annotated[
            float,
            typer.Option(
                min=0.1, metavar="SECONDS", help="Most time to wait for an answer."
            ),
        ],
        TIMEOUT_S,
    ),
}


def takes_way(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a `Way`, and hand it one as `way`."""

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:  # noqa: ANN401
        way = Way(**{name: given.pop(name) for name in _OPTIONS})
        command(**given, way=way)

    own = inspect.signature(command, eval_str=True).parameters
    kept = [one for name, one in own.items() if name != "way"]
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
        )
        for name, (annotation, default) in _OPTIONS.items()
    ]
    parameters = [
        *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in kept),
        *added,
    ]
    wrapped.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {one.name: one.annotation for one in parameters}
    return wrapped


def find(name: str, image: str = "", overrides: Sequence[str] = ()) -> UseCase:
    """Return a use case, settings and its steps' image replaced where given."""
    from pipelines import use_case

    changes = [f"kubeflow.image={image}"] if image else []
    return use_case.find(name, [*overrides, *changes])


def check_fields(chosen: UseCase, given: Mapping[str, object]) -> None:
    """Check the fields of a run's form that stand for settings.

    Raises:
        SettingsError: A value is not of its setting's type.
    """
    from pipelines.runners import parameters

    texts = {name: str(value) for name, value in given.items()}
    parameters.overrides(parameters.of(chosen.settings), texts)


@contextlib.contextmanager
def connected(chosen: UseCase, way: Way) -> Iterator[Connection]:
    """Connect to a use case's server, while the context lasts.

    Raises:
        SettingsError: No address is known.
        KubeflowError: There is no way to it.
    """
    settings = chosen.settings.kubeflow
    from pipelines.kubeflow import credentials
    from pipelines.kubeflow.connection import Connection, Server

    known = credentials.find(way.entra_scope)
    with _address(settings.host, settings.namespace, way) as host:
        yield Connection(
            Server(
                host,
                way.namespace or settings.namespace,
                known,
                way.timeout,
                ui="" if way.port_forward else host,
            )
        )


@contextlib.contextmanager
def compiled(chosen: UseCase, package: pathlib.Path | None) -> Iterator[pathlib.Path]:
    """Yield a use case's package: the one given, or one compiled now."""
    if package is not None:
        yield package
        return
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "package.yaml")
        image = chosen.settings.kubeflow.image
        console.say(f"{chosen.name}: compiling, with image {image}")
        with console.engines():
            from pipelines.runners import kubeflow

            kubeflow.compile_package(chosen, path)
        yield path


@contextlib.contextmanager
def _address(host: str, namespace: str, way: Way) -> Iterator[str]:
    if way.port_forward:
        from pipelines.kubeflow import port_forward

        with port_forward.forwarded(namespace) as address:
            yield address
        return
    if not (way.host or host):
        raise SettingsError(
            "found no address of Kubeflow Pipelines, expected one",
            "give --host, FAIRSILO_KFP_HOST or `kubeflow.host` in the settings; or "
            "--port-forward, if kubectl reaches the cluster",
        )
    yield way.host or host
