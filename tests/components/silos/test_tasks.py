import errno
import logging

import pytest

from components.errors import SiloError
from components.silos import tasks
from components.silos.silo import Silo
from components.silos.tasks import Failure, Result

CANARY = "canary-7f3a9"


def probe(silo, arguments):
    """A task that does what its arguments say; registered by `registered`."""
    fault = arguments.get("fault")
    if fault == "ours":
        raise SiloError(silo.id, "a.csv", "0 bytes", "a table", "export it again")
    if fault == "system":
        raise OSError(errno.EACCES, "Permission denied", CANARY)
    if fault == "arrow":
        raise OSError(f"Couldn't parse {CANARY}")
    if fault == "value":
        int(CANARY)
    return Result({"silo": silo.id, "rows": arguments["rows"]}, silo.id.encode() * 2)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(tasks.TASKS, "probe", f"{__name__}:probe")
    monkeypatch.setattr(tasks, "load", lambda task: {"probe": probe}[task])


def silo(name):
    return Silo(name, f"/homes/{name}")


def test_a_result_comes_back_with_its_payload(registered):
    outcome = tasks.attempt("probe", silo("süd"), {"rows": 3})
    assert outcome == Result({"silo": "süd", "rows": 3}, "südsüd".encode())


def test_a_sentence_that_was_written_to_be_read_is_kept(registered):
    assert tasks.attempt("probe", silo("north"), {"fault": "ours"}) == Failure(
        "silo `north`: a.csv: found 0 bytes, expected a table", "export it again"
    )


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("system", "silo `north`: probe: Permission denied"),
        ("arrow", "silo `north`: probe: OSError in tasks.py:"),
        ("value", "silo `north`: probe: ValueError in tasks.py:"),
    ],
)
def test_of_another_error_only_kind_and_place_are_told(registered, fault, told):
    outcome = tasks.attempt("probe", silo("north"), {"fault": fault})
    assert outcome.reason.startswith(told)
    assert CANARY not in outcome.reason


@pytest.mark.beam
def test_one_silos_failure_leaves_the_others_and_their_order(registered, caplog):
    calls: list[tasks.Call] = [
        (silo("süd"), {"rows": 1}),
        (silo("north"), {"fault": "value"}),
        (silo("west"), {"rows": 3}),
    ]
    with caplog.at_level(logging.INFO):
        found = list(tasks.run("probe", calls))
    assert [one.id for one, _ in found] == ["süd", "north", "west"]
    assert [type(outcome) for _, outcome in found] == [Result, Failure, Result]
    assert found[0][1] == Result({"silo": "süd", "rows": 1}, "südsüd".encode())
    assert "task=probe silo=north: silo `north`: probe: ValueError" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.beam
def test_no_silo_is_no_work(registered):
    assert list(tasks.run("probe", [])) == []


def test_the_list_of_tasks_is_closed():
    with pytest.raises(KeyError, match="shell"):
        tasks.load("shell")
    with pytest.raises(KeyError, match="shell"):
        next(tasks.run("shell", []))


@pytest.mark.parametrize("name", ["fingerprint", "ingest", "profile"])
def test_a_registered_task_can_be_loaded(name):
    assert tasks.load(name).__name__ == name


def test_an_unknown_task_is_a_failure_not_a_crash():
    outcome = tasks.attempt("shell", silo("north"), {})
    assert outcome.reason.startswith("silo `north`: shell: KeyError in tasks.py:")
