"""Locks between real processes, one of which is killed."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

REPOSITORY = pathlib.Path(__file__).parents[2]
SCRIPT = """
import logging, pathlib, sys
from components import locks
logging.basicConfig(stream=sys.stdout, format="%(message)s")
with locks.exclusive(pathlib.Path(sys.argv[1]), "some work"):
    print("holds it", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a process which takes the lock."""
    started = []

    def start():
        process = subprocess.Popen(
            [sys.executable, "-u", "-c", SCRIPT, str(tmp_path / "below" / "lock")],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_process_waits_with_a_word_until_the_one_before_ends_or_is_killed(start):
    first = start()
    assert first.stdout.readline() == "holds it\n"
    second = start()
    assert second.stdout.readline() == "waits for another process: some work\n"
    first.stdin.close()
    assert second.stdout.readline() == "holds it\n"
    third = start()
    assert "waits" in third.stdout.readline()
    second.kill()
    assert third.stdout.readline() == "holds it\n"
