"""Use cases are found by name, and must be whole."""

import pathlib

import pytest

from components.errors import SettingsError
from pipelines import use_case


def test_shipped_use_case_is_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flights = use_case.find("flights")
    assert flights.schema_file.exists()
    assert pathlib.Path(flights.settings.silos.root).is_absolute()


def test_unknown_use_case_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"known: .*flights") as caught:
        use_case.find("trains")
    assert "fairsilo init trains" in caught.value.hint


@pytest.mark.parametrize("name", ["../flights", "", "Flights", "a/b"])
def test_name_that_is_no_name_is_refused(name):
    with pytest.raises(SettingsError, match="expected a name"):
        use_case.find(name)


def test_use_case_without_its_model_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pipelines" / "mine"
    folder.mkdir(parents=True)
    shipped = use_case.PACKAGE_PROJECT / "pipelines" / "flights" / "settings.yaml"
    (folder / "settings.yaml").write_text(shipped.read_text())
    with pytest.raises(SettingsError, match=r"found no .*model\.py"):
        use_case.find("mine")


def test_data_is_prepared_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pipelines" / "mine"
    folder.mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "mine.pbtxt").touch()
    (folder / "model.py").touch()
    (folder / "source.py").write_text("def prepare(root):\n    root.mkdir()\n")
    shipped = use_case.PACKAGE_PROJECT / "pipelines" / "flights" / "settings.yaml"
    (folder / "settings.yaml").write_text(shipped.read_text())
    mine = use_case.find("mine", ["silos.root=rows"])
    assert mine.data == tmp_path / "rows"
    assert mine.prepare()
    assert mine.data.is_dir()
    assert not mine.prepare()


def test_a_use_case_is_known_before_it_is_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert use_case.exists("flights")
    for name in ("mine", "../flights", "Flights"):
        assert not use_case.exists(name)
    folder = tmp_path / "pipelines" / "mine"
    folder.mkdir(parents=True)
    (folder / "settings.yaml").touch()
    assert use_case.exists("mine")


def test_where_else_it_was_sought_is_told_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = use_case.unknown("nope", "a run of it in X", {"loans"})
    assert error.message == (
        f"use case `nope`: found no pipelines/nope/settings.yaml in {tmp_path}, nor a "
        "run of it in X; known: census, flights, loans"
    )
    assert error.hint.startswith("make one with `fairsilo init nope ")
    run = use_case.unknown("20131101-000000", "a run of that id")
    assert "nor a run of that id; known: census, flights" in run.message
    assert run.hint.startswith("`fairsilo report list USE_CASE`")
