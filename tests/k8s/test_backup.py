"""The nightly dump is whole or it isn't there, and its password is in no argument."""

import dataclasses
import gzip
import os
import pathlib
import subprocess
from typing import Any

import pytest

from tests.k8s import kustomize
from tests.k8s.rules.objects import of_kind

SECRET = "aZ09-_"  # noqa: S105  a stand-in, of the letters that we make them of


@dataclasses.dataclass(frozen=True)
class Job:
    """The job's command, with a stand-in for mysqldump."""

    container: dict[str, Any]
    folder: pathlib.Path

    @property
    def backup(self):
        return self.folder / "backup"

    def __call__(self, mysqldump):
        program = self.folder / "bin" / "mysqldump"
        program.write_text(f"#!/bin/bash\n{mysqldump}\n")
        program.chmod(0o755)
        (script,) = self.container["args"]
        return subprocess.run(
            [*self.container["command"], script.replace("/backup", str(self.backup))],
            env={"PATH": f"{program.parent}:{os.defpath}", "PASSWORD": SECRET},
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def run(tmp_path):
    (job,) = of_kind(list(kustomize.overlay("local")), "CronJob")
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    for name in ("backup", "bin"):
        (tmp_path / name).mkdir()
    return Job(container, tmp_path)


def test_a_dump_gets_its_name_when_it_is_finished(run):
    done = run(f"ls {run.backup} > seen; echo 'CREATE TABLE a;'")
    assert done.returncode == 0, done.stderr
    (dump,) = run.backup.iterdir()
    assert dump.name.endswith("Z.sql.gz")
    assert gzip.decompress(dump.read_bytes()) == b"CREATE TABLE a;\n"
    seen = (run.folder / "seen").read_text()
    assert seen in {"", f"{dump.name}.part\n"}


def test_a_dump_that_breaks_off_is_none_and_fails_the_job(run):
    done = run("echo 'CREATE TABLE a;'; exit 3")
    assert done.returncode != 0
    assert not list(run.backup.glob("*.sql.gz"))


def test_the_password_is_in_a_file_for_the_program_and_in_no_argument(run):
    done = run('cat "${1#--defaults-extra-file=}" > options; echo "$@" > arguments')
    assert done.returncode == 0, done.stderr
    assert (run.folder / "options").read_text() == f'[client]\npassword="{SECRET}"\n'
    arguments = (run.folder / "arguments").read_text()
    assert SECRET not in arguments
    assert arguments.endswith(" --set-gtid-purged=OFF fairsilo\n")
    assert SECRET not in done.stdout + done.stderr


def test_old_dumps_go_and_young_ones_stay(run):
    for name, days in (
        ("old.sql.gz", 20),
        ("young.sql.gz", 3),
        ("broken.sql.gz.part", 20),
    ):
        path = run.backup / name
        path.touch()
        then = path.stat().st_mtime - days * 24 * 3600
        os.utime(path, (then, then))
    assert run("echo a").returncode == 0
    left = {path.name for path in run.backup.iterdir()}
    assert "young.sql.gz" in left
    assert not {"old.sql.gz", "broken.sql.gz.part"} & left


def test_old_dumps_stay_where_there_is_no_new_one(run):
    path = run.backup / "old.sql.gz"
    path.touch()
    os.utime(path, (0, 0))
    assert run("exit 1").returncode != 0
    assert path.exists()
