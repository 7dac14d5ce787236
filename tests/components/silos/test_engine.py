"""The engine of silo tasks: what it yields, in which order, and whom it survives."""

import json
import logging
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from components import temporary_faults, tracebacks
from components.errors import SiloError
from components.payloads.silo import Silo
from components.silos import engine, pool, tasks
from components.silos.tasks import Failure, Result, Task

SILOS = [Silo(f"silo-{index}", f"/homes/{index}") for index in range(7)]


def probe(silo, arguments):
    time.sleep(arguments.get("seconds", 0))
    match arguments.get("fault", ""):
        case "data":
            raise SiloError(silo.id, "a.csv", "no rows", "rows", "export again")
        case "moment":
            error = SiloError(silo.id, "a.csv", "a lock", "none")
            raise temporary_faults.mark(error)
        case "system":
            raise PermissionError(13, "secret", "/secret")
        case "memory":
            raise MemoryError
        case "bug":
            raise ValueError("secret")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "not json":
            return Result({"values": {1, 2}})
        case "part":
            missing = tasks.failure("probe", silo, OSError(28, "secret"))
            return Result({}, missing=missing)
    values = {"silo": silo.id, "got": arguments.get("got"), "pid": os.getpid()}
    return Result(values, b"payload", arguments.get("pooled", "").encode())


def merge(parts):
    return b"".join(parts)


PROBE = Task("probe", probe, merge)


def calls(*arguments):
    return list(zip(SILOS, arguments, strict=False))


def outcomes(*arguments):
    return [outcome for _, outcome in engine.run(PROBE, calls(*arguments))]


def test_results_come_in_the_order_of_calls_whichever_is_ready_first():
    found = list(
        engine.run(PROBE, calls({"seconds": 0.5, "got": 0}, {"got": 1}, {"got": 2}))
    )
    assert [silo for silo, _ in found] == SILOS[:3]
    assert [outcome.values["got"] for _, outcome in found] == [0, 1, 2]
    assert [outcome.payload for _, outcome in found] == [b"payload"] * 3


def test_calls_run_in_other_processes_on_all_cores(monkeypatch):
    monkeypatch.setattr(pool, "num_cpus", lambda: 3)
    pids = {result.values["pid"] for result in outcomes(*[{"seconds": 0.3}] * 3)}
    assert len(pids) == 3
    assert os.getpid() not in pids


def test_only_json_and_bytes_go_in_and_out():
    (result,) = outcomes({"got": {"a": [1, None, "é"]}})
    assert result.values["got"] == {"a": [1, None, "é"]}
    (failure,) = outcomes({"fault": "not json"})
    assert "probe: FairSilo failed with TypeError" in failure.reason
    with pytest.raises(TypeError):
        outcomes({"got": pathlib.Path("x")})


@pytest.mark.parametrize(
    ("fault", "found", "hint"),
    [
        ("data", "a.csv: found no rows, expected rows", "export again"),
        ("moment", "a.csv: found a lock, expected none", temporary_faults.AGAIN_HINT),
        ("system", "probe: Permission denied", temporary_faults.MACHINE_HINT),
        ("memory", "probe: out of memory", temporary_faults.MACHINE_HINT),
        (
            "killed",
            "probe: its process was ended before it was done, most likely for lack of "
            "memory",
            temporary_faults.MACHINE_HINT,
        ),
    ],
)
def test_a_failure_is_of_its_silo_and_the_others_go_on(fault, found, hint):
    with temporary_faults.collected() as noted:
        failed, *good = outcomes({"fault": fault}, *[{}] * 6)
    reason, of_moment = f"silo `silo-0`: {found}", fault != "data"
    assert failed == Failure(reason, hint, of_moment)
    assert all(isinstance(result, Result) for result in good)
    assert noted == [reason] * of_moment


def test_a_bug_is_told_by_its_place_and_its_traceback_goes_to_the_log(
    caplog, monkeypatch
):
    monkeypatch.setattr(engine, "PROGRESS_S", 0.0)
    with caplog.at_level(logging.INFO), temporary_faults.collected() as noted:
        (failed,) = outcomes({"fault": "bug"})
    assert "task=probe: 1 of 1 silos" in caplog.text
    told = {"reason": failed.reason, "hint": failed.hint, "is_temporary": True}
    head = json.dumps({**told, "trace": failed.trace}, ensure_ascii=False)
    assert failed.num_bytes == len(head.encode())
    assert failed.reason.startswith("silo `silo-0`: probe: FairSilo failed with Value")
    assert failed.hint == temporary_faults.BUG_HINT
    assert noted == [failed.reason]
    (record,) = [r for r in caplog.records if r.name == tracebacks.__name__]
    assert "in probe" in record.getMessage()
    assert "secret" not in caplog.text


def test_what_lacks_a_part_for_a_temporary_fault_is_noted():
    with temporary_faults.collected() as noted:
        (result,) = outcomes({"fault": "part"})
    assert noted == [result.missing.reason]
    assert "No space left" in noted[0]


def test_pooled_bytes_come_merged_in_the_order_of_calls_and_never_alone():
    found, merged = engine.run_pooled(
        PROBE, calls({"pooled": "a", "seconds": 0.3}, {"fault": "bug"}, {"pooled": "c"})
    )
    assert merged == b"ac"
    assert [silo for silo, _ in found] == SILOS[:3]
    first = found[0][1]
    assert first.pooled == b""
    assert outcomes({"pooled": "a"})[0].pooled == b""
    head, *_ = tasks.to_frames(first)
    assert first.num_bytes == len(head) + len(b"payload") + len(b"a")
    with pytest.raises(ValueError, match="no function that merges"):
        engine.run_pooled(Task("probe", probe), [])


def test_another_engine_takes_the_place_of_processes():
    def reverse(task, given):
        for index in reversed(range(len(given))):
            yield index, tasks.attempt(task, *given[index])

    with engine.using(reverse):
        found = outcomes({"got": 0}, {"got": 1})
    assert [result.values["got"] for result in found] == [0, 1]
    assert found[0].values["pid"] == os.getpid()


def test_a_task_must_be_one_that_other_processes_can_import():
    with pytest.raises(ValueError, match=r"task `x`: .*top level of a module"):
        Task("x", lambda *_: Result({}))


def test_who_stops_listening_ends_the_workers_at_once():
    began = time.monotonic()
    results = engine.run(PROBE, calls({}, {"seconds": 60}, {"seconds": 60}))
    next(results)
    results.close()
    assert time.monotonic() - began < 30
    assert outcomes({"got": 1})[0].values["got"] == 1


def test_a_server_that_was_killed_is_started_again():
    outcomes({})
    pool._server._process.kill()
    assert outcomes({"got": 2})[0].values["got"] == 2


def test_the_container_s_limit_bounds_the_number_of_workers(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(8))
    monkeypatch.setattr(pool, "CPU_QUOTA", tmp_path / "cpu.max")
    assert pool.num_cpus() == 8
    for quota, expected in (("max 100000", 8), ("250000 100000", 2), ("1 100000", 1)):
        (tmp_path / "cpu.max").write_text(quota)
        assert pool.num_cpus() == expected


PARENT = """
from components.payloads.silo import Silo
from components.silos import engine
from tests.components.silos import test_engine
calls = [(Silo("a", ""), {}), *[(Silo("b", ""), {"seconds": 600})] * 2]
for _, outcome in engine.run(test_engine.PROBE, calls):
    print(outcome.values["pid"], flush=True)
"""


def test_nothing_is_left_of_a_run_that_is_killed():
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=pathlib.Path.cwd()
    ) as parent:
        pid = int(parent.stdout.readline())
        server = int(_status(pid)["PPid"])
        workers = _children(server)
        assert workers
        parent.kill()
    for process in (server, *workers):
        while pathlib.Path(f"/proc/{process}").exists():
            time.sleep(0.02)


def _status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def _children(pid):
    text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
