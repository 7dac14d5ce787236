"""A new use case is whole, can be read back, and never overwrites another."""

import shutil

import pytest

from components.errors import SettingsError
from pipelines import use_case
from pipelines.scaffold.options import Options
from pipelines.scaffold.write import write_use_case


@pytest.fixture
def data(tmp_path):
    for name, rows in {"nord": 90, "süd": 150}.items():
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        lines = [
            f"{i},{i % 7},{'f' if i % 3 else 'm'},{'ab'[i % 4 > 2]},{i % 2}"
            for i in range(rows)
        ]
        (folder / "rows.csv").write_text("\n".join(["x,age,sex,race,y", *lines]))
    return tmp_path / "data"


def _scaffold(project, name, data, sensitive=(), **options):
    return write_use_case(project, Options(name, data, "y", sensitive, **options))


def test_written_use_case_is_found_with_its_settings(tmp_path, monkeypatch, data):
    written, _ = _scaffold(tmp_path, "mine", data, ("sex",))
    assert all(path.exists() for path in written)
    monkeypatch.chdir(tmp_path)
    mine = use_case.find("mine")
    assert mine.settings.silos.root == str(data)
    assert mine.settings.evaluation.slices == ("sex",)
    assert mine.settings.features.ignore == ("sex",)
    assert mine.settings.rows.score == "all"
    assert mine.settings.rows.key == ("x",)
    assert mine.model_file == use_case.DEFAULT_MODEL


def test_two_sensitive_columns_are_crossed_too(tmp_path, monkeypatch, data):
    _scaffold(tmp_path, "mine", data, ("sex", "race"))
    monkeypatch.chdir(tmp_path)
    evaluation = use_case.find("mine").settings.evaluation
    assert evaluation.slices == ("sex", "race")
    assert evaluation.intersections == (("sex", "race"),)


def test_its_gates_are_there_to_be_raised(tmp_path, monkeypatch, data):
    _scaffold(tmp_path, "mine", data, ("sex",))
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


def test_gate_that_compares_silos_is_not_written_for_one(tmp_path, monkeypatch, data):
    shutil.rmtree(data / "nord")
    _, proposal = _scaffold(tmp_path, "mine", data)
    monkeypatch.chdir(tmp_path)
    settings = use_case.find("mine").settings
    assert "silo_gap" not in settings.gates.configured
    assert (settings.validation.quorum, settings.features.min_value_silos) == (1, 1)
    assert settings.training.quorum_per_round == 1
    assert "no silo_gap, which needs two" in [*proposal.decided()][-1]


def test_all_that_was_decided_is_in_the_settings(tmp_path, monkeypatch, data):
    for folder in data.iterdir():
        rows = [
            f"{i % 2},{i % 3 or '?'},{i % 4 * 0.5 or 'nan'},2024-01-{i % 9 + 1:02},EUR"
            for i in range(60)
        ]
        words = [f"f,{('yes', 'no')[i % 2]}" for i in range(60)]
        lines = [f"{a},{b}" for a, b in zip(rows, words, strict=True)]
        text = "\n".join(["x,m,v,day,cur,sex,y", *lines, *lines[: len(folder.name)]])
        (folder / "rows.csv").write_text(text)
    _scaffold(
        tmp_path, "mine", data, ("sex",), positive="no", ignore=("x",), null=("?",)
    )
    monkeypatch.chdir(tmp_path)
    settings = use_case.find("mine").settings
    assert settings.rows.label_values == ("yes", "no")
    assert settings.rows.null_values == ("", "?")
    assert settings.rows.split_by == ("m", "v", "day", "cur", "sex")
    assert settings.validation.max_non_finite_share == 1
    assert settings.features.ignore == ("sex", "day", "cur")
    text = (tmp_path / "pipelines" / "mine" / "settings.yaml").read_text()
    assert "# `day`: dates or times: each would be a category of its own.\n" in text
    assert "# `sex`: sensitive: only sliced by.\n" in text
    assert "predictions can't be joined back to rows" in " ".join(text.split())


def test_settings_that_could_not_be_loaded_are_not_written(tmp_path, data):
    for folder in data.iterdir():
        text = (folder / "rows.csv").read_text().replace("sex", "a x b")
        (folder / "rows.csv").write_text(text)
    with pytest.raises(SettingsError, match="part of a slice column's name"):
        _scaffold(tmp_path, "mine", data, ("a x b",))
    assert not (tmp_path / "pipelines").exists()


def test_use_case_that_is_there_is_left_alone(tmp_path, data):
    _scaffold(tmp_path, "mine", data, ())
    before = (tmp_path / "pipelines" / "mine" / "settings.yaml").read_bytes()
    with pytest.raises(SettingsError, match="is there already"):
        _scaffold(tmp_path, "mine", data, ("sex",))
    assert (tmp_path / "pipelines" / "mine" / "settings.yaml").read_bytes() == before


def test_name_that_is_no_name_is_refused_before_anything_is_written(tmp_path, data):
    with pytest.raises(SettingsError, match="expected a name"):
        _scaffold(tmp_path, "../mine", data, ())
    assert not (tmp_path / "pipelines").exists()
