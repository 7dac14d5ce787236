"""The way to a server: options of each command, settings, and what they mean."""

import pathlib

import pytest
import typer
from typer.testing import CliRunner

from components.errors import FairSiloError
from pipelines.cli import kubeflow_server
from pipelines.cli.kubeflow_server import Way, takes_way

WAY = Way("", "", False, "", 5.0)


@pytest.fixture
def shown():
    """A command of its own, that shows the way it was given."""
    app = typer.Typer()

    @app.command()
    @takes_way
    def show(name: str, way: Way, rounds: int = 3) -> None:
        typer.echo(f"{name} {rounds} {way}")

    return lambda *arguments, **more: CliRunner().invoke(app, list(arguments), **more)


def test_the_options_of_the_way_come_to_the_command_as_one(shown):
    done = shown(
        "flights",
        "--host=http://kfp",
        "--namespace=team-a",
        "--port-forward",
        "--entra-scope=api://x/.default",
        "--timeout=7",
    )
    assert done.output.strip() == (
        "flights 3 Way(host='http://kfp', namespace='team-a', port_forward=True, "
        "entra_scope='api://x/.default', timeout=7.0)"
    )


def test_the_environment_gives_the_address(shown):
    done = shown("flights", "--rounds=4", env={"FAIRSILO_KFP_HOST": "http://there"})
    assert "flights 4 Way(host='http://there'" in done.output


def test_a_timeout_of_nothing_is_refused(shown):
    assert shown("flights", "--timeout=0").exit_code == 2


def _use_case(**kubeflow):
    changes = [f"kubeflow.{name}={value}" for name, value in kubeflow.items()]
    from pipelines import use_case

    return use_case.find("flights", changes)


def test_settings_give_what_the_command_line_leaves_out():
    chosen = _use_case(host="http://kfp:8888", namespace="team-a")
    with kubeflow_server.connected(chosen, WAY) as connection:
        server = connection.server
    assert (server.host, server.namespace) == ("http://kfp:8888", "team-a")
    assert (server.ui, server.timeout_s) == ("http://kfp:8888", 5.0)


def test_the_command_line_comes_first():
    way = Way("http://other", "team-b", False, "", 5.0)
    chosen = _use_case(host="http://kfp:8888", namespace="team-a")
    with kubeflow_server.connected(chosen, way) as connection:
        server = connection.server
    assert (server.host, server.namespace) == ("http://other", "team-b")


def test_without_kubectl_a_forwarded_port_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    way = Way("", "", True, "", 5.0)
    with (
        pytest.raises(FairSiloError, match="found no program kubectl"),
        kubeflow_server.connected(_use_case(), way),
    ):
        pass


def test_an_image_is_put_into_the_settings():
    image = f"registry.example/fairsilo@sha256:{'a' * 64}"
    chosen = kubeflow_server.find("flights", image)
    assert chosen.settings.kubeflow.image == image


def test_a_given_package_is_not_compiled():
    path = pathlib.Path("package.yaml")
    with kubeflow_server.compiled(_use_case(), path) as found:
        assert found is path
