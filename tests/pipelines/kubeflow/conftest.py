"""A client of a server of Kubeflow Pipelines, alone on its machine."""

import pytest
from kubernetes.config import kube_config

from pipelines.kubeflow import client
from pipelines.kubeflow.client import Client


def use_kubeconfig(monkeypatch, path):
    # The environment is read when the module is loaded.
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(path))


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No credentials, kubeconfig or pauses of this machine."""
    for name in ("TOKEN", "ENTRA_SCOPE", "HOST"):
        monkeypatch.delenv(f"FAIRSILO_KFP_{name}", raising=False)
    use_kubeconfig(monkeypatch, tmp_path / "none")
    monkeypatch.setattr(client, "POLL_S", 0.01)


@pytest.fixture
def connect(kfp):
    return lambda host="": Client("flights", host or kfp.host, "kubeflow")


@pytest.fixture
def run_id(connect, package):
    """A run that was just started."""
    connected = connect()
    version = connected.upload(package)
    place = connected.create_experiment("flights").experiment_id
    return connected.run_pipeline(
        place,
        "flights",
        pipeline_id=version["pipeline_id"],
        version_id=version["version_id"],
    ).run_id
