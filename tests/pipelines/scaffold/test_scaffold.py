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


@pytest.fixture
def make(tmp_path, monkeypatch, data):
    """Return a function that makes the use case `mine` of the data."""
    monkeypatch.chdir(tmp_path)

    def make(sensitive=(), name="mine", **options):
        chosen = Options(name, data, "y", sensitive, **options)
        written, proposal = write_use_case(tmp_path, chosen)
        assert all(path.exists() for path in written)
        return proposal

    return make


def test_written_use_case_is_found_with_its_settings(make, data):
    make(("sex", "race"))
    mine = use_case.find("mine")
    assert mine.model_file == use_case.DEFAULT_MODEL
    assert mine.settings.silos.root == str(data)
    assert mine.settings.evaluation.slices == ("sex", "race")
    assert mine.settings.evaluation.intersections == (("sex", "race"),)
    assert mine.settings.features.ignore == ("sex", "race")
    assert (mine.settings.rows.key, mine.settings.rows.score) == (("x",), "all")


def test_its_gates_are_there_to_be_raised(make, tmp_path):
    make(("sex",))
    settings = use_case.find("mine").settings
    assert [*settings.gates.configured] == [
        *("better_than_chance", "silo_floor", "silo_gap", "change")
    ]
    assert settings.evaluation.intersections == ()
    path = tmp_path / "pipelines" / "mine" / "settings.yaml"
    text = path.read_text()
    for line in ("group_gap:", "four_fifths:", "calibration:", "silo_change:"):
        text = text.replace(f"# {line}", line)
    path.write_text(text)
    assert len(use_case.find("mine").settings.gates.configured) == 8


def test_gate_that_compares_silos_is_not_written_for_one(make, data):
    shutil.rmtree(data / "nord")
    proposal = make()
    settings = use_case.find("mine").settings
    assert "silo_gap" not in settings.gates.configured
    assert (settings.validation.quorum, settings.features.min_value_silos) == (1, 1)
    assert settings.training.quorum_per_round == 1
    assert "no silo_gap, which needs two" in [*proposal.decided()][-1]


def test_all_that_was_decided_is_in_the_settings(make, tmp_path, data):
    for folder in data.iterdir():
        lines = [
            f"{i % 2},{i % 3 or '?'},{i % 4 * 0.5 or 'nan'},2024-01-{i % 9 + 1:02},EUR,"
            f"f,{('yes', 'no')[i % 2]}"
            for i in range(60)
        ]
        text = "\n".join(["x,m,v,day,cur,sex,y", *lines, *lines[: len(folder.name)]])
        (folder / "rows.csv").write_text(text)
    make(("sex",), positive="no", ignore=("x",), null=("?",))
    settings = use_case.find("mine").settings
    assert settings.rows.label_values == ("yes", "no")
    assert settings.rows.null_values == ("", "?")
    assert settings.rows.split_by == ("m", "v", "day", "cur", "sex")
    assert settings.validation.max_non_finite_share == 1
    assert settings.features.ignore == ("sex", "day", "cur")
    text = (tmp_path / "pipelines" / "mine" / "settings.yaml").read_text()
    assert "# `day`: dates, which don't come again: export" in text
    assert "# `sex`: sensitive: only sliced by.\n" in text
    assert "predictions can't be joined back to rows" in " ".join(text.split())


def test_settings_that_could_not_be_loaded_are_not_written(make, tmp_path, data):
    for folder in data.iterdir():
        text = (folder / "rows.csv").read_text().replace("sex", "a x b")
        (folder / "rows.csv").write_text(text)
    with pytest.raises(SettingsError, match="part of a slice column's name"):
        make(("a x b",))
    with pytest.raises(SettingsError, match="expected a name"):
        make(name="../mine")
    assert not (tmp_path / "pipelines").exists()


def test_use_case_that_is_there_is_left_alone(make, tmp_path):
    make()
    before = (tmp_path / "pipelines" / "mine" / "settings.yaml").read_bytes()
    with pytest.raises(SettingsError, match="is there already"):
        make(("sex",))
    assert (tmp_path / "pipelines" / "mine" / "settings.yaml").read_bytes() == before
