"""Commands find the runs that they ask about: in folders here, or in a store."""

import pytest

from components.errors import SettingsError
from pipelines.cli import past as chosen
from pipelines.places import Places
from tests.pipelines import past


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Where runs are written by default, seen from a project's folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "build"


def test_runs_are_those_of_the_use_cases_own_folder_by_default(build, tmp_path):
    assert chosen.of_use_case("flights", None, "").place == str(build / "flights")
    other = tmp_path / "other"
    assert chosen.of_use_case("flights", other, "").place == str(other)


def test_a_run_is_found_in_any_default_folder_or_in_the_one_given(build, tmp_path):
    past.evaluated(Places(build / "census"), "c", 0.6, use_case="census")
    past.evaluated(Places(tmp_path / "other"), "f", 0.6)
    assert chosen.of_run("c", "", None, "").use_case == "census"
    assert chosen.of_run("f", "", tmp_path / "other", "").use_case == "flights"
    with pytest.raises(SettingsError, match="run f: found no such run; known: c"):
        chosen.of_run("f", "", None, "")


def test_a_use_case_that_is_named_is_not_sought(build):
    assert chosen.of_run("x", "census", None, "").place == str(build / "census")


def test_a_folder_beside_a_store_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    for find in (
        lambda: chosen.of_use_case("flights", tmp_path, url),
        lambda: chosen.of_run("a", "", tmp_path, url),
        lambda: chosen.of_run("a", "flights", tmp_path, url),
    ):
        with pytest.raises(SettingsError, match="found --output beside a store"):
            find()
    assert chosen.of_use_case("flights", None, url).operator_store == url
