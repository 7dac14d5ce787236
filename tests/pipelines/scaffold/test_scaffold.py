"""A new use case is whole, can be read back, and never overwrites another."""

import pytest

from components.errors import SettingsError
from pipelines import use_case
from pipelines.scaffold.scaffold import scaffold


@pytest.fixture
def data(tmp_path):
    for name, rows in {"nord": 30, "süd": 50}.items():
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        lines = [
            f"{i},{'f' if i % 3 else 'm'},{'ab'[i % 4 > 2]},{i % 2}"
            for i in range(rows)
        ]
        (folder / "rows.csv").write_text("\n".join(["x,sex,race,y", *lines]))
    return tmp_path / "data"


def test_written_use_case_is_found_with_its_settings(tmp_path, monkeypatch, data):
    written = scaffold(tmp_path, "mine", data, "y", ["sex"])
    assert all(path.exists() for path in written)
    monkeypatch.chdir(tmp_path)
    mine = use_case.find("mine")
    assert mine.settings.silos.root == str(data)
    assert mine.settings.evaluation.slices == ("sex",)
    assert mine.settings.features.ignore == ("sex",)
    assert mine.settings.rows.score == "all"
    assert "build_model" in mine.model_file.read_text()


def test_two_sensitive_columns_are_crossed_too(tmp_path, monkeypatch, data):
    scaffold(tmp_path, "mine", data, "y", ["sex", "race"])
    monkeypatch.chdir(tmp_path)
    evaluation = use_case.find("mine").settings.evaluation
    assert evaluation.slices == ("sex", "race")
    assert evaluation.intersections == (("sex", "race"),)


def test_its_gates_are_there_to_be_raised(tmp_path, monkeypatch, data):
    scaffold(tmp_path, "mine", data, "y", ["sex"])
    monkeypatch.chdir(tmp_path)
    settings = use_case.find("mine").settings
    assert list(settings.gates.configured) == [
        "better_than_chance",
        "silo_floor",
        "silo_gap",
        "change",
    ]
    assert settings.evaluation.intersections == ()
    text = (tmp_path / "pipelines" / "mine" / "settings.yaml").read_text()
    for line in ("group_gap:", "four_fifths:", "calibration:", "silo_change:"):
        text = text.replace(f"# {line}", line)
    (tmp_path / "pipelines" / "mine" / "settings.yaml").write_text(text)
    assert len(use_case.find("mine").settings.gates.configured) == 8


def test_use_case_that_is_there_is_left_alone(tmp_path, data):
    scaffold(tmp_path, "mine", data, "y", [])
    before = (tmp_path / "pipelines" / "mine" / "settings.yaml").read_bytes()
    with pytest.raises(SettingsError, match="is there already"):
        scaffold(tmp_path, "mine", data, "y", ["sex"])
    assert (tmp_path / "pipelines" / "mine" / "settings.yaml").read_bytes() == before


def test_name_that_is_no_name_is_refused_before_anything_is_written(tmp_path, data):
    with pytest.raises(SettingsError, match="expected a name"):
        scaffold(tmp_path, "../mine", data, "y", [])
    assert not (tmp_path / "pipelines").exists()
