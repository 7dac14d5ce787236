"""Commands find the runs that they ask about: in folders here, or in a store."""

import pytest

from components.errors import SettingsError
from pipelines.cli import past as chosen
from pipelines.places import Places
from tests.pipelines import past
from tests.support.program import project


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Where runs are written by default, seen from a folder in the project."""
    below = project(tmp_path) / "notes"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path / "build"


def test_a_run_is_found_in_any_default_folder_or_in_the_one_given(build, tmp_path):
    past.evaluated(Places(build / "census"), "c", 0.6, use_case="census")
    past.evaluated(Places(tmp_path / "other"), "f", 0.6)
    assert chosen.of_run("c", "", None, "").use_case == "census"
    assert chosen.of_run("f", "", tmp_path / "other", "").use_case == "flights"
    with pytest.raises(SettingsError, match="run f: found no such run; known: c"):
        chosen.of_run("f", "", None, "")


def test_a_name_may_be_a_run_and_a_use_case_comes_first(build, tmp_path):
    past.evaluated(Places(build / "census"), "flights", 0.6, use_case="census")
    past.evaluated(Places(build / "census"), "c", 0.6, use_case="census")
    for (name, run), told in {
        ("flights", ""): ("flights", ""),
        ("c", ""): ("census", "c"),
        ("census", "x"): ("census", "x"),
    }.items():
        runs, chosen_run = chosen.of_name_or_run(name, run, None, "")
        assert (runs.use_case, chosen_run) == told
    with pytest.raises(SettingsError, match="nor a run of that id; known: census, fl"):
        chosen.of_name_or_run("x", "", None, "")


def test_a_use_case_is_known_by_its_settings_or_by_a_run(build, tmp_path):
    with pytest.raises(SettingsError, match=r"nor a run of it in .*; known: census, f"):
        chosen.of_use_case("loans", None, "")
    assert chosen.of_use_case("flights", None, "").place == str(build / "flights")
    assert chosen.of_run("x", "census", None, "").place == str(build / "census")
    other = tmp_path / "other"
    past.evaluated(Places(other), "a", 0.6, use_case="loans")
    assert chosen.of_use_case("loans", other, "").place == str(other)
    with pytest.raises(SettingsError, match="known: census, flights, loans"):
        chosen.of_use_case("nope", other, "")
    settings = tmp_path / "pipelines" / "loans" / "settings.yaml"
    settings.parent.mkdir(parents=True)
    settings.touch()
    assert chosen.of_use_case("loans", None, "").run_ids() == []
    assert not build.exists()


def test_a_folder_beside_a_store_is_where_its_files_are_mounted(build, tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    past.stored(url, past.evaluated(Places(tmp_path / "other"), "a", 0.6))
    for runs in (
        chosen.of_use_case("flights", tmp_path, url),
        chosen.of_run("a", "", tmp_path, url),
        chosen.of_run("a", "flights", None, url),
    ):
        assert runs.url == url
        assert runs.run_ids() == ["a"]
