"""Past runs are found by id, and their evaluations are whole or say why not."""

import json
import pathlib
import shutil

import pytest

from components.errors import SettingsError
from pipelines import past_runs
from pipelines.places import Places
from pipelines.run_store import RunStore
from tests.pipelines import past


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "flights")


@pytest.fixture(params=["folders", "store"])
def runs(request, places, tmp_path):
    """Two runs, one without an evaluation, in folders and in a store."""
    url = f"sqlite:///{tmp_path}/store.db" if request.param == "store" else ""
    for told in (past.evaluated(places, "a", 0.67), past.failed(places, "b")):
        if url:
            past.stored(url, told)
    return past_runs.of_use_case("flights", places.output, url)


def test_an_evaluation_is_read_back_whole(runs):
    found = runs.evaluation(runs.find("a"))
    assert found.figures == past.FIGURES
    assert not found.decision.blessed
    assert found.decision.silos == tuple(past.SILOS)


def test_an_unknown_run_lists_those_that_are_known(runs):
    with pytest.raises(SettingsError) as caught:
        runs.find("x")
    assert caught.value.message == (
        "run x: found no such run; known: a (flights), b (flights)"
    )
    assert "`fairsilo report list USE_CASE`" in caught.value.hint


def test_a_run_that_evaluated_nothing_says_why(runs):
    with pytest.raises(SettingsError) as caught:
        runs.evaluation(runs.find("b"))
    assert caught.value.message == (
        "run b: no evaluation of it is kept (the disk is full)"
    )


def test_a_deleted_evaluation_is_told(places):
    told = past.evaluated(places, "a", 0.6)
    shutil.rmtree(told["evaluation"])
    with pytest.raises(SettingsError) as caught:
        past_runs.of_use_case("flights", places.output, "").evaluation(told)
    assert caught.value.message == (
        f"run a: its evaluation was deleted: found no {told['evaluation']}/"
        "table.parquet"
    )
    assert caught.value.hint == "run that span again"


def test_an_evaluation_of_another_version_is_told(places):
    told = past.evaluated(places, "a", 0.6)
    path = pathlib.Path(told["blessing"], "decision.json")
    path.write_text(json.dumps({"blessed": True, "reasons": []}))
    with pytest.raises(SettingsError, match="is of another version of FairSilo, found"):
        past_runs.of_use_case("flights", places.output, "").evaluation(told)


def test_the_use_case_of_a_run_is_found_by_its_id(tmp_path):
    outputs = [tmp_path / name for name in ("census", "flights", "empty")]
    past.evaluated(Places(outputs[0]), "c", 0.6, use_case="census")
    past.evaluated(Places(outputs[1]), "f", 0.6)
    found = past_runs.of_run("c", outputs, "")
    assert (found.use_case, found.places.output) == ("census", outputs[0])
    with pytest.raises(SettingsError, match=r"known: c \(census\), f \(flights\)\n"):
        past_runs.of_run("x", outputs, "")


def test_the_use_case_of_a_run_in_a_store_is_found_by_its_id(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    past.stored(url, past.evaluated(Places(tmp_path), "c", 0.6, use_case="census"))
    RunStore(url, "flights").start("f", "latest")
    found = past_runs.of_run("c", [], url)
    assert (found.use_case, found.operator_store) == ("census", url)
    with pytest.raises(SettingsError, match=r"known: c \(census\), f \(flights\)\n"):
        past_runs.of_run("x", [], url)


def test_a_run_of_two_use_cases_must_be_told_apart(tmp_path):
    outputs = [tmp_path / name for name in ("census", "flights")]
    for output in outputs:
        past.evaluated(Places(output), "a", 0.6, use_case=output.name)
    with pytest.raises(SettingsError) as caught:
        past_runs.of_run("a", outputs, "")
    assert caught.value.message == "run a: found one in each of census, flights"
    assert caught.value.hint == "say which with --use-case"


def test_without_any_run_none_is_known(tmp_path):
    with pytest.raises(SettingsError, match="known: none"):
        past_runs.of_run("a", [tmp_path], "")
