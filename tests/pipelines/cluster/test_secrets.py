"""Passwords go from here to kubectl, and nowhere else."""

import json
import os
import pathlib
import pty
import subprocess
import sys

import sqlalchemy as sa

from pipelines.cluster import secrets

COMMAND = [sys.executable, "-m", "pipelines.cluster.secrets"]
ROOT = pathlib.Path(__file__).parents[3]


def run():
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)["items"]


def test_the_steps_url_holds_the_databases_password():
    database, store = run()
    url = sa.make_url(store["stringData"]["url"])
    assert url.password == database["stringData"]["password"]
    assert url.password != database["stringData"]["root-password"]


def test_every_run_makes_other_passwords_that_are_long():
    first, second = (run()[0]["stringData"] for _ in range(2))
    passwords = {*first.values(), *second.values()}
    assert len(passwords) == 4
    assert all(len(password) >= 40 for password in passwords)


def test_any_password_made_here_survives_the_url():
    password = "aZ09-_" * 7
    _, store = secrets.make(password, "other")
    assert sa.make_url(store["stringData"]["url"]).password == password


def test_a_terminal_is_shown_no_password():
    here, there = pty.openpty()
    done = subprocess.run(
        COMMAND, cwd=ROOT, stdout=there, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(there)
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output: found a terminal")
    assert "hint: run `make cluster-secrets`" in done.stderr
    os.set_blocking(here, False)
    try:
        shown = os.read(here, 4096)
    except OSError:  # nothing was written
        shown = b""
    os.close(here)
    assert shown == b""
