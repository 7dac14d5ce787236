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
from components.batch_inferrer.engines import shared_out
from components.batch_inferrer.plan import plan
from components.batch_inferrer.progress import Watch
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.manifest import Manifest
from tests.components.batch_inferrer.cases import by_base, check_whole, table
from tests.support.program import wait_until

pytestmark = [pytest.mark.beam, pytest.mark.slow]

HOOKS = pathlib.Path(__file__).parents[2] / "support" / "killing"
KILLS = int(os.environ.get("FAIRSILO_KILLS", "3"))
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


def start(folder: pathlib.Path, job, settings, **more: str) -> subprocess.Popen[bytes]:
    """Start a run of the manifest in a folder, in a process of its own."""
    (folder / "work").mkdir(exist_ok=True)
    given = [json.dumps(dataclasses.asdict(job)), settings.model_dump_json()]
    with (folder / "run.log").open("ab") as log:
        return subprocess.Popen(
            [
                *(sys.executable, "-W", "ignore", "-c", RUN, str(folder), *given),
                *(str(folder / "work"), "--run"),
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
    draw, killed, orders = random.Random(KILLS), 0, tmp_path / "orders"
    orders.mkdir()
    while killed < KILLS:
        root = f"silos-{killed}"
        manifest = federate(many_silos(), root=root, row_group_rows=20)
        manifest.write(tmp_path)
        status = None
        while status != 0:
            give_orders(orders, draw, killed)
            before = parts(manifest)
            run = start(tmp_path, model.job(), TWO, **hooked(tmp_path / root, orders))
            status = run.wait(600)
            assert status in {0, -signal.SIGKILL}, (tmp_path / "run.log").read_text()
            wait_until(lambda: not of_run(tmp_path))  # shards end with their parent
            killed = len(list(orders.glob("killed-*")))
            assert before.items() <= parts(manifest).items(), "scored again"
        check_whole(manifest, model.linear)
        print(f"{killed} kills, {len(parts(manifest))} parts")  # noqa: T201
