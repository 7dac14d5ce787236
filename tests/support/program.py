"""Runs the program `fairsilo` as its users do: in a process of its own."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable

# Seldom collecting garbage, as the tests' own processes: imports take a sixth less.
CODE = "import gc; gc.set_threshold(50_000, 50, 100)\n"
CODE += "from pipelines.cli.main import main; main()"
PROGRAM = [sys.executable, "-c", CODE]
PROJECT = pathlib.Path(__file__).resolve().parents[2]
TIMEOUT_S = 600


def project(folder: pathlib.Path) -> pathlib.Path:
    """Make a folder a project with copies of the use cases that we ship.

    Runs then write to its `build/`; those of ours write to the checkout's.
    """
    (folder / "schemas").mkdir(parents=True)
    for name in ("census", "flights"):
        shutil.copytree(PROJECT / "pipelines" / name, folder / "pipelines" / name)
        shutil.copy(PROJECT / "schemas" / f"{name}.pbtxt", folder / "schemas")
    return folder


def start(*arguments: str, folder: pathlib.Path, **more) -> subprocess.Popen[str]:
    """Start the program in a folder, in a session of its own."""
    # What engines that tests have loaded here set for themselves is no user's.
    own = {
        key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"
    }
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        cwd=folder,
        env={**own, "PYTHONPATH": str(PROJECT), "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **more,
    )


def fairsilo(*arguments: str, folder: pathlib.Path):
    """Run the program to its end."""
    process = start(*arguments, folder=folder)
    try:
        out, err = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def summary(done: subprocess.CompletedProcess) -> dict:
    """Return the JSON object that a run printed; all else must be on stderr."""
    assert done.stdout.strip(), done.stderr[-3000:]
    return json.loads(done.stdout)


def wait_until(
    condition: Callable[[], bool], timeout_s: float = 120.0, every_s: float = 0.1
) -> None:
    """Wait for a condition of another process."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the condition never came true")
        time.sleep(every_s)


def workers_below(folder: pathlib.Path) -> list[int]:
    """Return the ids of worker processes whose working folder lies below one."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            here = (entry / "cwd").readlink()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if here.is_relative_to(folder) and b"--port" in command:
            found.append(int(entry.name))
    return found
