"""`fairsilo kubeflow manifests` writes files, and says what isn't filled in."""

import json
import pathlib
import shutil

import pytest
import typer
from typer.testing import CliRunner

from components.errors import SettingsError
from pipelines.cli.manifests import manifests

K8S = pathlib.Path(__file__).parents[3] / "k8s"


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(K8S / "silo", tmp_path / "silo")
    shutil.copytree(K8S / "overlays", tmp_path / "overlays")
    shutil.copy(K8S / "silos.yaml", tmp_path)
    return tmp_path


def run(*arguments):
    app = typer.Typer()
    app.command()(manifests)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_both_overlays_are_written_and_stand_ins_are_named(folder, capfd):
    result = run("--folder", folder)
    assert result.exit_code == 0
    assert result.stdout == "16 silos, 46 files\n"
    said = capfd.readouterr().err + result.stderr
    assert f"{folder}/overlays/aks/azure.json holds stand-ins" in said
    assert f"{folder}/overlays/aks/images.json holds stand-ins" in said


def test_one_overlay_can_be_written_without_an_azure(folder, capfd):
    shutil.rmtree(folder / "overlays" / "aks")
    result = run("--folder", folder, "--overlay", "local")
    assert result.stdout == "16 silos, 23 files\n"
    assert "stand-ins" not in capfd.readouterr().err + result.stderr


def test_what_is_filled_in_is_not_called_a_stand_in(folder, capfd):
    path = folder / "overlays" / "aks" / "azure.json"
    known = json.loads(path.read_text())
    for silo in known["silos"].values():
        silo["client_id"] = "12345678-9abc-def0-1234-56789abcdef0"
    path.write_text(json.dumps(known))
    result = run("--folder", folder)
    said = capfd.readouterr().err + result.stderr
    assert "azure.json" not in said
    assert "images.json holds stand-ins" in said


def test_a_folder_without_a_list_is_refused(tmp_path):
    result = run("--folder", tmp_path)
    assert isinstance(result.exception, SettingsError)
    assert "silos.yaml: found that it can't be read" in result.exception.message
