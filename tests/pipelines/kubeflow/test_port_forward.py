"""kubectl makes the way, and is gone with it, however we leave."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest

from pipelines.kubeflow import experiments, port_forward
from pipelines.kubeflow.connection import Connection, Server
from pipelines.kubeflow.errors import KubeflowError
from tests.support.program import PROJECT, wait_until

# A kubectl that says where the test's server already listens.
KUBECTL = """\
    #!{python}
    import os, pathlib, signal, sys, time
    folder = pathlib.Path(os.environ["KUBECTL_FOLDER"])
    (folder / "arguments").write_text("\\n".join(sys.argv[1:]))
    (folder / "pid").write_text(f"{{os.getpid()}} {{os.getsid(0)}}")
    mode, _, told = os.environ["KUBECTL_MODE"].partition(" ")
    if mode == "fails":
        sys.exit(f'error: services "ml-pipeline" not found')
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mode != "silent":
        print(f"Forwarding from 127.0.0.1:{{told}} -> 8888", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def kubectl(tmp_path, monkeypatch):
    program = tmp_path / "bin" / "kubectl"
    program.parent.mkdir()
    program.write_text(textwrap.dedent(KUBECTL).format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setenv("KUBECTL_FOLDER", str(tmp_path))
    monkeypatch.setenv("KUBECTL_MODE", "ready 1")
    yield tmp_path
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(_pid(tmp_path), signal.SIGKILL)


def _pid(folder):
    return int((folder / "pid").read_text().split()[0])


def _gone(folder):
    return not pathlib.Path("/proc", str(_pid(folder))).exists()


def test_requests_go_the_way_that_kubectl_made(kfp, kubectl, monkeypatch):
    monkeypatch.setenv("KUBECTL_MODE", f"ready {kfp.port}")
    with port_forward.forwarded("kubeflow") as address:
        assert address == f"http://127.0.0.1:{kfp.port}"
        assert experiments.find(Connection(Server(address, "kubeflow")), "x") is None
    arguments = (kubectl / "arguments").read_text().split()
    assert arguments == [
        "port-forward",
        "--namespace",
        "kubeflow",
        "--address",
        "127.0.0.1",
        "svc/ml-pipeline",
        ":8888",
    ]
    assert _gone(kubectl)


def test_it_runs_in_a_session_of_its_own(kubectl):
    with port_forward.forwarded("kubeflow"):
        pid, session = map(int, (kubectl / "pid").read_text().split())
        assert pid == session != os.getsid(0)


def test_it_ends_when_a_fault_ends_us(kubectl):
    with pytest.raises(ValueError, match="ours"), port_forward.forwarded("kubeflow"):
        raise ValueError("ours")
    assert _gone(kubectl)


def test_one_that_does_not_end_when_asked_is_ended(kubectl, monkeypatch):
    monkeypatch.setenv("KUBECTL_MODE", "stubborn 1")
    monkeypatch.setattr(port_forward, "END_TIMEOUT_S", 0.2)
    with port_forward.forwarded("kubeflow"):
        pass
    assert _gone(kubectl)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_both(kubectl, number):
    code = (
        "import time\nfrom pipelines.kubeflow import port_forward\n"
        "with port_forward.forwarded('kubeflow') as address:\n"
        "    print(address, flush=True)\n    time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "http://127.0.0.1:1"
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode != 0
    wait_until(lambda: _gone(kubectl))


def test_handlers_of_signals_are_put_back(kubectl):
    before = signal.getsignal(signal.SIGTERM)
    with port_forward.forwarded("kubeflow"):
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_kubectl_that_fails_is_quoted(kubectl, monkeypatch):
    monkeypatch.setenv("KUBECTL_MODE", "fails")
    with (
        pytest.raises(
            KubeflowError, match='services "ml-pipeline" not found'
        ) as caught,
        port_forward.forwarded("elsewhere"),
    ):
        pass
    assert "in namespace `elsewhere`" in caught.value.message
    assert "current-context" in caught.value.hint
    assert _gone(kubectl)


def test_one_that_says_nothing_is_not_waited_for_for_ever(kubectl, monkeypatch):
    monkeypatch.setenv("KUBECTL_MODE", "silent")
    monkeypatch.setattr(port_forward, "READY_TIMEOUT_S", 1.0)
    with (
        pytest.raises(KubeflowError, match="it said: nothing"),
        port_forward.forwarded("kubeflow"),
    ):
        pass
    assert _gone(kubectl)


def test_without_kubectl_it_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(KubeflowError, match="found no program kubectl"),
        port_forward.forwarded("kubeflow"),
    ):
        pass
