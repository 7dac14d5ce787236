"""A server of Kubeflow Pipelines, and a package for it."""

import pathlib
import shutil

import pytest

from tests.support.kfp_server import Kfp

GOLDEN = pathlib.Path(__file__).parent / "runners" / "golden" / "flights.yaml"


@pytest.fixture
def kfp():
    with Kfp().serving() as server:
        yield server


@pytest.fixture
def package(tmp_path) -> pathlib.Path:
    return pathlib.Path(shutil.copy(GOLDEN, tmp_path / "package.yaml"))
