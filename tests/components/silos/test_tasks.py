import errno
import logging

import pytest

from components import circumstances, digests
from components.errors import FairSiloError, SiloError
from components.payloads.findings import Finding
from components.payloads.silo import Silo
from components.silos import tasks
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
    if fault == "memory":
        raise MemoryError(CANARY)
    if fault == "lost":
        gone = FairSiloError("the split is gone", "mend it")
        raise circumstances.of_circumstance(gone)
    if fault == "value":
        int(CANARY)
    values = {"silo": silo.id, "rows": arguments["rows"]}
    pooled = arguments.get("pooled", "").encode()
    lacking = arguments.get("lacking")
    lost = Failure(lacking, "mend it", True) if lacking else None
    return Result(values, silo.id.encode() * 2, pooled, lost)


def merge(parts):
    """Merges what `probe` pools."""
    return b"+".join(parts)


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(tasks.TASKS, "probe", f"{__name__}:probe")
    monkeypatch.setitem(tasks.MERGES, "probe", f"{__name__}:merge")


def silo(name):
    return Silo(name, f"/homes/{name}")


def test_a_result_comes_back_with_its_payload(registered):
    outcome = tasks.attempt("probe", silo("süd"), {"rows": 3})
    assert outcome == Result({"silo": "süd", "rows": 3}, "südsüd".encode())


def test_a_task_is_not_run_on_a_split_that_was_changed(registered, tmp_path):
    path = tmp_path / "train.parquet"
    path.write_bytes(b"rows")
    arguments = {"rows": 3, "digests": {str(path): digests.of_file(path)}}
    assert isinstance(tasks.attempt("probe", silo("north"), arguments), Result)
    path.write_bytes(b"other rows")
    outcome = tasks.attempt("probe", silo("north"), arguments)
    assert isinstance(outcome, Failure)
    assert "train.parquet: found bytes that were changed or damaged" in outcome.reason


def test_a_sentence_that_was_written_to_be_read_is_kept(registered):
    assert tasks.attempt("probe", silo("north"), {"fault": "ours"}) == Failure(
        "silo `north`: a.csv: found 0 bytes, expected a table", "export it again"
    )


@pytest.mark.parametrize(
    ("fault", "told", "hint"),
    [
        ("system", "silo `north`: probe: Permission denied", tasks.OF_MACHINE),
        ("memory", "silo `north`: probe: out of memory", tasks.OF_MACHINE),
        (
            "arrow",
            "silo `north`: probe: FairSilo failed with OSError in tasks.py:",
            tasks.OF_OURS,
        ),
        (
            "value",
            "silo `north`: probe: FairSilo failed with ValueError in tasks.py:",
            tasks.OF_OURS,
        ),
    ],
)
def test_of_another_error_only_kind_and_place_are_told(registered, fault, told, hint):
    outcome = tasks.attempt("probe", silo("north"), {"fault": fault})
    assert outcome.reason.startswith(told)
    assert outcome.finding == Finding(outcome.reason, hint)
    assert outcome.circumstance
    assert CANARY not in outcome.reason


def test_an_error_of_ours_may_be_one_of_circumstance(registered):
    outcome = tasks.attempt("probe", silo("north"), {"fault": "lost"})
    assert outcome == Failure("the split is gone", "mend it", True)


@pytest.mark.beam
def test_faults_of_circumstance_are_noted_and_verdicts_are_not(registered):
    calls: list[tasks.Call] = [
        (silo("north"), {"fault": "ours"}),
        (silo("south"), {"fault": "memory"}),
        (silo("west"), {"rows": 1, "lacking": "half is lacking"}),
        (silo("y"), {"rows": 1}),
    ]
    with circumstances.collected() as noted:
        list(tasks.run("probe", calls))
    assert noted == ["silo `south`: probe: out of memory", "half is lacking"]


@pytest.mark.beam
def test_one_silos_failure_leaves_the_others_and_their_order(registered, caplog):
    calls: list[tasks.Call] = [
        (silo("süd"), {"rows": 1}),
        (silo("north"), {"fault": "value"}),
        (silo("west"), {"rows": 3}),
    ]
    with caplog.at_level(logging.INFO):
        found = list(tasks.run("probe", calls))
    (trace,) = [r for r in caplog.records if r.name == "components.tracebacks"]
    assert "task=probe silo=north" in trace.getMessage()
    assert trace.getMessage().endswith("builtins.ValueError")
    assert "in probe\n" in trace.getMessage()
    assert [one.id for one, _ in found] == ["süd", "north", "west"]
    assert [type(outcome) for _, outcome in found] == [Result, Failure, Result]
    assert found[0][1] == Result({"silo": "süd", "rows": 1}, "südsüd".encode())
    assert (
        "task=probe silo=north: silo `north`: probe: FairSilo failed with ValueError"
        in caplog.text
    )
    assert CANARY not in caplog.text


@pytest.mark.beam
def test_each_byte_that_leaves_a_silo_is_counted(registered, tmp_path):
    calls: list[tasks.Call] = [
        (silo("east"), {"rows": 1, "pooled": "1234567"}),
        (silo("west"), {"rows": 1}),
        (silo("wést"), {"rows": 10}),
        (silo("north"), {"fault": "ours"}),
    ]
    outcomes = [
        outcome for _, outcome in tasks.run("probe", calls, pool=tmp_path / "p")
    ]
    east, west, accent, north = (outcome.num_bytes for outcome in outcomes)
    assert east == west + 7  # what it pooled
    # A digit and a letter of two bytes in the values, and twice in the payload.
    assert accent == west + 1 + 1 + 2
    assert west > len('{"silo": "west", "rows": 1}') + len("westwest")
    assert isinstance(outcomes[3], Failure)
    assert north > len(outcomes[3].reason + outcomes[3].hint)


@pytest.mark.beam
def test_no_silo_is_no_work(registered):
    assert list(tasks.run("probe", [])) == []


@pytest.mark.beam
def test_pooled_parts_come_back_only_merged_in_the_order_of_calls(registered, tmp_path):
    calls: list[tasks.Call] = [
        (silo("west"), {"rows": 1, "pooled": "7"}),
        (silo("north"), {"fault": "value"}),
        (silo("east"), {"rows": 2}),
        *((silo(f"s{n:02}"), {"rows": n, "pooled": f"{n}"}) for n in range(20, 8, -1)),
    ]
    found = list(tasks.run("probe", calls, pool=tmp_path / "pool"))
    merged = (tmp_path / "pool").read_bytes()
    assert merged == b"7+20+19+18+17+16+15+14+13+12+11+10+9"
    results = [outcome for _, outcome in found if isinstance(outcome, Result)]
    assert len(results) == 14
    assert {result.pooled for result in results} == {b""}


@pytest.mark.beam
def test_where_no_silo_pools_the_merge_is_of_nothing(registered, tmp_path):
    calls: list[tasks.Call] = [(silo("west"), {"rows": 1})]
    list(tasks.run("probe", calls, pool=tmp_path / "pool"))
    assert (tmp_path / "pool").read_bytes() == b""


@pytest.mark.beam
def test_a_pool_that_nobody_asked_for_is_dropped(registered):
    calls: list[tasks.Call] = [(silo("west"), {"rows": 1, "pooled": "7"})]
    assert next(tasks.run("probe", calls))[1] == Result(
        {"silo": "west", "rows": 1}, b"westwest"
    )


def test_a_task_that_pools_nothing_has_no_merge():
    assert tasks.load_merge("sketch").__name__ == "merge"
    with pytest.raises(KeyError, match="ingest"):
        tasks.load_merge("ingest")


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
    assert outcome.reason.startswith(
        "silo `north`: shell: FairSilo failed with KeyError in tasks.py:"
    )
