import os
import pathlib
import signal
import subprocess
import sys

import pytest

from tests.cluster import binaries
from tests.cluster.control_plane import StartError, control_plane
from tests.cluster.kubectl import Kubectl
from tests.support.program import wait_until

pytestmark = pytest.mark.cluster

OWNER = """
import pathlib, sys, time
from tests.cluster.control_plane import control_plane
with control_plane(pathlib.Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(600)
"""


def processes_in(folder: pathlib.Path) -> list[int]:
    """Return the ids of processes whose working folder lies below one."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if (entry / "cwd").readlink().is_relative_to(folder):
                found.append(int(entry.name))
        except (OSError, ValueError):
            continue
    return found


def test_the_server_answers_and_ends_with_its_context(binaries_built, tmp_path):
    with control_plane(tmp_path) as kubeconfig:
        answer = Kubectl(kubeconfig)("get", "--raw=/readyz")
        running = processes_in(tmp_path)
    assert answer.ok, answer.err
    assert answer.out == "ok"
    assert len(running) == 2
    assert processes_in(tmp_path) == []


def test_the_servers_end_when_their_owner_is_killed(binaries_built, tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, tmp_path],
        env={**os.environ, "PYTHONPATH": str(binaries.ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout.readline() == "ready\n"
        assert len(processes_in(tmp_path)) == 2
        owner.send_signal(signal.SIGKILL)
    wait_until(lambda: processes_in(tmp_path) == [])


def test_a_server_that_does_not_start_says_so_and_leaves_nothing_behind(
    binaries_built, tmp_path, monkeypatch
):
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("etcd", "kubectl"):
        (broken / name).symlink_to(binaries.folder() / name)
    (broken / "kube-apiserver").symlink_to("/bin/false")
    monkeypatch.setattr(binaries, "folder", lambda: broken)
    servers = control_plane(tmp_path / "run")
    with pytest.raises(StartError, match="ended with status 1"), servers:
        pytest.fail("expected no server")
    assert processes_in(tmp_path / "run") == []
