"""Kills of any process of a run, at any time."""

import dataclasses
import json
import os
import pathlib
import random
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from components.batch_inferrer import processes, records
from components.batch_inferrer.progress import Watch
from components.batch_inferrer.records import Work
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError
from components.payloads.manifest import Manifest
from tests.components.batch_inferrer.cases import check_whole, items_of, table
from tests.support.program import wait_until

pytestmark = [pytest.mark.beam, pytest.mark.slow]

HOOKS = pathlib.Path(__file__).parents[2] / "support" / "killing"
KILLS = int(os.environ.get("FAIRSILO_KILLS", "2"))
TWO = InferenceSettings(rows_per_item=40, workers=2, retries=20)
RUN = """
import json, sys
from components.batch_inferrer.infer import infer
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.manifest import Manifest

job = json.loads(sys.argv[2])
job["key"] = tuple(job["key"])
settings = InferenceSettings.model_validate_json(sys.argv[3])
account = infer(Manifest.read(sys.argv[1]), Job(**job), settings, sys.argv[4])
assert account.status == "done" and not account.failures, account
"""


def start(
    folder: pathlib.Path, job, settings, number: int = 0, **more: str
) -> subprocess.Popen[bytes]:
    """Start a run of the manifest in a folder, in a process of its own.

    The next attempt of a run has its number, and so the same folder of records.
    """
    work = folder / "work" / str(number)
    given = [json.dumps(dataclasses.asdict(job)), settings.model_dump_json()]
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-c", RUN, str(folder), *given),
                *(str(work), "--run"),
            ],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **more},
            stdout=log,
            stderr=log,
        )


def hooked(folder: pathlib.Path, orders: pathlib.Path) -> dict[str, str]:
    """Return the environment in which processes are killed as ordered."""
    return {
        "PYTHONPATH": os.pathsep.join([str(HOOKS), *sys.path]),
        "KILL_ORDERS": str(orders),
        "KILL_BELOW": str(folder),
    }


def of_run(folder: pathlib.Path) -> list[int]:
    """Return the shards that work in a folder."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command and b"--shard" in command:
            found.append(int(entry.name))
    return found


def with_infinite(rows: pa.Table) -> pa.Table:
    ages = rows["age"].to_pylist()
    ages[3] = np.inf
    return rows.set_column(2, "age", pa.array(ages, pa.float64()))


def many_silos() -> dict[str, pa.Table]:
    tables = {
        f"silo-{rows}": with_infinite(table(rows, rows, first=10_000 * rows))
        for rows in (7, 20, 90, 210, 400, 800)
    }
    return {**tables, "like silo-90": tables["silo-90"]}


def give_orders(orders: pathlib.Path, draw: random.Random, killed: int) -> None:
    """Order the kills that are left; the processes of the run take them."""
    for old in orders.glob("*-*.json"):
        old.unlink()
    for number in range(killed, KILLS):
        victim = ("self", "parent", "run", "self", "sibling")[number % 5]
        role, most = ("run", 150) if victim == "run" else ("shard", 40)
        order = {"step": draw.randint(1, most), "victim": victim}
        (orders / f"{role}-{number:03d}.json").write_text(json.dumps(order))


def parts(manifest: Manifest) -> dict[str, int]:
    """Return when each file of predictions was written."""
    return {
        str(path): path.stat().st_mtime_ns
        for entry in manifest
        for path in entry.silo.path("predictions").rglob("parts/*.parquet")
    }


def test_kills_at_any_time_lose_double_and_misplace_no_row(federate, model, tmp_path):
    draw, killed, orders = random.Random(KILLS), 0, tmp_path / "orders"  # noqa: S311
    orders.mkdir()
    while killed < KILLS:
        root = f"silos-{killed}"
        manifest = federate(many_silos(), root=root, row_group_rows=20)
        manifest.write(tmp_path)
        status = None
        while status != 0:
            give_orders(orders, draw, killed)
            before = parts(manifest)
            number = draw.randrange(2)  # another attempt, or another run
            more = hooked(tmp_path / root, orders)
            run = start(tmp_path, model.job(), TWO, number, **more)
            status = run.wait(600)
            assert status in {0, -signal.SIGKILL}, (tmp_path / "run.log").read_text()
            wait_until(lambda: not of_run(tmp_path))  # shards end with their parent
            killed = len(list(orders.glob("killed-*")))
            assert before.items() <= parts(manifest).items(), "scored again"
        check_whole(manifest, model.linear)
        print(f"{killed} kills, {len(parts(manifest))} parts")


@pytest.fixture
def shard(federate, model, tmp_path):
    """Return the work of one shard, with its folder and what watches it."""
    items = items_of(federate(many_silos(), row_group_rows=20), model.job(), 200)
    settings = InferenceSettings(retries=0)
    numbers = (tuple(range(len(items))),)
    work = Work(model.job(), tuple(items), settings, numbers)
    work.write(tmp_path)
    return work, Watch(work, records.Reader(tmp_path))


def test_an_item_that_ends_its_process_again_and_again_is_given_up(
    shard, tmp_path, monkeypatch
):
    work, watch = shard
    orders = tmp_path / "orders"
    orders.mkdir()
    poison = work.items[1]
    (orders / "poison").write_text(poison.file.path)
    for name, value in hooked(tmp_path, orders).items():
        monkeypatch.setenv(name, value)
    processes.run(work, tmp_path, [0], watch)
    found = watch.reader.outcomes
    assert sorted(found) == list(range(len(work.items)))
    assert [number for number, one in found.items() if one.failure] == [1]
    assert found[1].failure.startswith(
        "its process ended with status -9, 1 times in a row while it was scored; "
    )
    assert not of_run(tmp_path)


def test_a_process_that_stands_still_is_ended_and_another_goes_on(shard, tmp_path):
    work, watch = shard
    frozen: set[int] = set()

    def freeze() -> None:
        """Stop the first process as soon as it has an item in hand."""
        running = set(of_run(tmp_path))
        if not frozen and watch.reader.lines.total() and running:
            (pid,) = running
            os.kill(pid, signal.SIGSTOP)
            frozen.add(pid)
            wait(0.001)
        elif frozen and not frozen & running:
            wait(60.0)  # it is ended; the next one has time

    def wait(minutes: float) -> None:
        limits = {"stall_minutes": minutes, "retries": 1}
        patient = work.settings.model_copy(update=limits)
        object.__setattr__(work, "settings", patient)

    processes.run(work, tmp_path, [0], watch, freeze)
    assert frozen
    outcomes = watch.reader.outcomes
    assert sorted(outcomes) == list(range(len(work.items)))
    assert not any(one.failure for one in outcomes.values())


def test_a_model_that_goes_in_the_middle_stops_all_processes(
    shard, tmp_path, monkeypatch
):
    work, watch = shard
    gone = dataclasses.replace(work.job, model=str(tmp_path / "gone"))
    halves = work.shards[0][::2], work.shards[0][1::2]
    dataclasses.replace(work, job=gone, shards=halves).write(tmp_path)
    with pytest.raises(FairSiloError, match="gone: found no model that can be loaded"):
        processes.run(work, tmp_path, [0, 1], watch)
    assert not of_run(tmp_path)
    assert not [*tmp_path.rglob("parts/*"), *tmp_path.rglob("dead-letters/*")]


def test_processes_that_cannot_even_begin_stop_the_run(shard, tmp_path):
    work, watch = shard
    (tmp_path / records.WORK).write_text("no work")
    with pytest.raises(FairSiloError, match="1 times before it began to score") as told:
        processes.run(work, tmp_path, [0], watch)
    log = tmp_path / "logs" / "shard-00000.log"
    assert told.value.hint == f"read {log}"
    assert "JSONDecodeError" in log.read_text()


def test_two_runs_at_once_both_end_well_with_each_row_once(federate, model, tmp_path):
    manifest = federate(many_silos(), row_group_rows=20)
    manifest.write(tmp_path)
    one = TWO.model_copy(update={"workers": 1})
    runs = [start(tmp_path, model.job(), one, number) for number in range(2)]
    assert [run.wait(600) for run in runs] == [0, 0], (tmp_path / "run.log").read_text()
    check_whole(manifest, model.linear)
