"""etcd and kube-apiserver as processes: Kubernetes' API without a cluster.

Objects are validated, admitted and stored, and access is decided, by Kubernetes' own
code. There are no controllers, no scheduler and no nodes: nothing that is applied
ever runs, and what controllers would fill in (a quota's status) stays empty.

The processes end with the thread that started them, whatever ends that thread.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Iterator

from tests.cluster import binaries, credentials
from tests.cluster.kubectl import Kubectl

ATTEMPTS = 3  # someone else may take a free port before ours does
START_TIMEOUT_S = 120.0
ISSUER = "https://kubernetes.default.svc.cluster.local"


class StartError(Exception):
    """A process that does not come up; says what it did."""


@contextlib.contextmanager
def control_plane(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Run a server of its own in a folder; give its administrator's kubeconfig."""
    with contextlib.ExitStack() as processes:
        yield _started(folder, processes)


def _started(folder: pathlib.Path, processes: contextlib.ExitStack) -> pathlib.Path:
    for attempt in range(1, ATTEMPTS):
        try:
            return _start(folder / str(attempt), processes)
        except StartError:
            processes.close()
    return _start(folder / str(ATTEMPTS), processes)


def _start(folder: pathlib.Path, processes: contextlib.ExitStack) -> pathlib.Path:
    folder.mkdir(parents=True)
    etcd = f"http://127.0.0.1:{_free_port()}"
    processes.enter_context(_process("etcd", _etcd_flags(folder, etcd), folder))
    port = _free_port()
    token = credentials.write_administrator(folder / "tokens.csv")
    credentials.write_signing_key(folder / "signing.key")
    server = processes.enter_context(
        _process("kube-apiserver", _apiserver_flags(folder, etcd, port), folder)
    )
    kubeconfig = folder / "kubeconfig"
    authority = folder / "certificates" / "apiserver.crt"
    address = f"https://127.0.0.1:{port}"
    credentials.write_kubeconfig(kubeconfig, address, authority, token)
    _wait(server, Kubectl(kubeconfig))
    return kubeconfig


def _etcd_flags(folder: pathlib.Path, address: str) -> list[str]:
    peer = f"http://127.0.0.1:{_free_port()}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={address}",
        f"--advertise-client-urls={address}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",  # nothing here outlives the test
    ]


def _apiserver_flags(folder: pathlib.Path, etcd: str, port: int) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",  # makes its own
        f"--token-auth-file={folder / 'tokens.csv'}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-signing-key-file={folder / 'signing.key'}",
        f"--service-account-key-file={folder / 'signing.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=Node,RBAC",
        # As on AKS; a refusal of privileged pods must come from Pod Security.
        "--allow-privileged=true",
        "--profiling=false",
    ]


@contextlib.contextmanager
def _process(
    name: str, flags: list[str], folder: pathlib.Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", binaries.folder() / name, *flags],
            cwd=folder,
            env={"PATH": os.defpath, "HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait(server: subprocess.Popen[bytes], kubectl: Kubectl) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while not kubectl("get", "--raw=/readyz").ok:
        if server.poll() is not None:
            raise StartError(
                f"kube-apiserver ended with status {server.returncode}, "
                "see kube-apiserver.log and etcd.log in the test's folder"
            )
        if time.monotonic() > end:
            raise StartError(f"kube-apiserver isn't ready in {START_TIMEOUT_S:.0f} s")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
