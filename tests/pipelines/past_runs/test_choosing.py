"""Runs are those of a use case, or of the one that a run is of."""

import pytest

from components.errors import SettingsError
from pipelines.past_runs import choosing
from pipelines.past_runs.local import LocalRuns
from pipelines.past_runs.stored import StoredRuns
from pipelines.places import Places
from pipelines.run_store import RunStore
from tests.pipelines import past


def test_a_store_comes_before_a_folder(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    assert isinstance(choosing.of_use_case("flights", tmp_path, ""), LocalRuns)
    assert isinstance(choosing.of_use_case("flights", tmp_path, url), StoredRuns)


def test_the_use_case_of_a_run_is_found_by_its_id(tmp_path):
    outputs = [tmp_path / name for name in ("census", "flights", "empty")]
    past.evaluated(Places(outputs[0]), "c", 0.6, use_case="census")
    past.evaluated(Places(outputs[1]), "f", 0.6)
    found = choosing.of_run("c", outputs, "")
    assert (found.use_case, found.place) == ("census", str(outputs[0]))
    with pytest.raises(SettingsError, match=r"known: c \(census\), f \(flights\)\n"):
        choosing.of_run("x", outputs, "")


def test_the_use_case_of_a_run_in_a_store_is_found_by_its_id(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    past.stored(url, past.evaluated(Places(tmp_path), "c", 0.6, use_case="census"))
    RunStore(url, "flights").start("f", "latest")
    found = choosing.of_run("c", [], url)
    assert (found.use_case, found.operator_store) == ("census", url)
    with pytest.raises(SettingsError) as caught:
        choosing.of_run("x", [], url)
    assert caught.value.message == (
        "run x: found no such run; known: c (census), f (flights)"
    )
    assert "`fairsilo report list USE_CASE`" in caught.value.hint


def test_a_run_of_two_use_cases_must_be_told_apart(tmp_path):
    outputs = [tmp_path / name for name in ("census", "flights")]
    for output in outputs:
        past.evaluated(Places(output), "a", 0.6, use_case=output.name)
    with pytest.raises(SettingsError) as caught:
        choosing.of_run("a", outputs, "")
    assert caught.value.message == "run a: found one in each of census, flights"
    assert caught.value.hint == "say which with --use-case"


def test_without_any_run_none_is_known(tmp_path):
    with pytest.raises(SettingsError, match="known: none"):
        choosing.of_run("a", [tmp_path], "")


def test_the_runs_of_all_folders_or_of_the_store_are_known(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    past.evaluated(Places(tmp_path / "census"), "c", 0.6, use_case="census")
    RunStore(url, "flights").start("f", "latest")
    folders = [tmp_path / "census", tmp_path / "gone"]
    assert choosing.known(folders, "") == [("census", folders[0], "c")]
    assert [(name, run) for name, _, run in choosing.known([], url)] == [
        ("flights", "f")
    ]
