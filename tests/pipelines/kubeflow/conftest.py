"""A server of Kubeflow Pipelines, a way to it, and a package."""

import pytest

from pipelines.kubeflow import experiments, runs, versions
from pipelines.kubeflow.connection import Connection, Server
from pipelines.kubeflow.credentials import FixedToken
from tests.support import kfp_package
from tests.support.kfp_server import Kfp


@pytest.fixture
def kfp():
    with Kfp().serving() as server:
        yield server


@pytest.fixture
def connect(kfp):
    """Connects to the server; a token, a namespace, seconds may be given."""

    def make(token="", namespace="kubeflow", timeout_s=5.0, host=""):
        known = FixedToken(token) if token else None
        return Connection(
            Server(host or kfp.host, namespace, known, timeout_s, backoff_s=0.01)
        )

    return make


@pytest.fixture
def connection(connect):
    return connect()


@pytest.fixture
def package_file(tmp_path):
    return kfp_package.write(tmp_path / "package.yaml")


@pytest.fixture
def version(connection, package_file):
    """An uploaded package."""
    return versions.ensure(connection, "flights", package_file)


@pytest.fixture
def place(connection):
    """Id of the use case's experiment."""
    return experiments.ensure(connection, "flights")


@pytest.fixture
def run(connection, version, place):
    """A run that was just started."""
    return runs.start(connection, version, "flights 2013-11", place, {}, "")
