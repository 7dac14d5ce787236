"""etcd and kube-apiserver as processes: Kubernetes' API without a cluster.

Objects are validated, admitted and stored, and access is decided, by Kubernetes' own
code. There are no controllers, no scheduler and no nodes: nothing that is applied
ever runs, and what controllers would fill in (a quota's status) stays empty, unless
`controllers` starts some of Kubernetes' own.

The processes end with the thread that started them, whatever ends that thread.
`k8s/test-cluster.mk` builds the programs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "tests" / "cluster" / "apiserver" / "go.mod"
# Where programs of the versions that go.mod pins are kept.
BUILT = (
    ROOT / "build" / "cluster" / hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
)
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
ATTEMPTS = 3  # someone else may take a free port before ours does
START_TIMEOUT_S = 120.0
COMMAND_TIMEOUT_S = 300.0
ISSUER = "https://kubernetes.default.svc.cluster.local"


def missing() -> list[str]:
    """Return the names of the programs that are not built."""
    return [name for name in PROGRAMS if not (BUILT / name).is_file()]


@dataclasses.dataclass(frozen=True)
class Kubectl:
    """kubectl as its users run it, as the administrator unless `--as` says otherwise.

    Attributes:
        kubeconfig: The server and the administrator's token.
    """

    kubeconfig: pathlib.Path

    def __call__(
        self, *arguments: str, given: Any = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl; `given` is an object for its standard input."""
        return subprocess.run(
            [BUILT / "kubectl", *arguments],
            input="" if given is None else json.dumps(given),
            env=self.environment(),
            cwd=self.kubeconfig.parent,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )

    def output(self, *arguments: str, given: Any = None) -> str:
        """Run what must succeed, and return what it prints."""
        done = self(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, *arguments: str, given: Any = None) -> str:
        """Run what must fail, and return why it does."""
        done = self(*arguments, given=given)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the objects that a command lists."""
        found = json.loads(self.output(*arguments, "-o", "json"))
        return found["items"] if found["kind"] == "List" else [found]

    def environment(self) -> dict[str, str]:
        """Return the environment of a client of this server."""
        home = str(self.kubeconfig.parent)
        return {
            "PATH": os.defpath,
            "HOME": home,
            "KUBECONFIG": str(self.kubeconfig),
        }


class StartError(Exception):
    """A process that does not come up; says what it did."""


@contextlib.contextmanager
def control_plane(folder: pathlib.Path) -> Iterator[Kubectl]:
    """Run a server of its own in a folder; give its administrator's kubectl."""
    with contextlib.ExitStack() as processes:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                kubectl = _start(folder / str(attempt), processes)
                break
            except StartError:
                processes.close()
                if attempt == ATTEMPTS:
                    raise
        yield kubectl


@contextlib.contextmanager
def controllers(kubectl: Kubectl, *names: str) -> Iterator[None]:
    """Run some of Kubernetes' controllers beside a server."""
    flags = [
        f"--kubeconfig={kubectl.kubeconfig}",
        f"--controllers={','.join(names)}",
        "--leader-elect=false",
        "--secure-port=0",
    ]
    with _process("kube-controller-manager", flags, kubectl.kubeconfig.parent):
        yield


def _start(folder: pathlib.Path, processes: contextlib.ExitStack) -> Kubectl:
    folder.mkdir(parents=True)
    etcd = f"http://127.0.0.1:{_free_port()}"
    processes.enter_context(_process("etcd", _etcd_flags(folder, etcd), folder))
    port, token = _free_port(), secrets.token_urlsafe(32)
    _write(folder / "tokens.csv", f'{token},admin,admin,"system:masters"\n'.encode())
    _write(folder / "signing.key", _new_key())
    server = processes.enter_context(
        _process("kube-apiserver", _apiserver_flags(folder, etcd, port), folder)
    )
    # JSON is YAML too.
    kubectl = Kubectl(folder / "kubeconfig")
    settings = _kubeconfig(folder, f"https://127.0.0.1:{port}", token)
    _write(kubectl.kubeconfig, json.dumps(settings).encode())
    _wait(server, kubectl)
    return kubectl


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


def _kubeconfig(folder: pathlib.Path, server: str, token: str) -> dict[str, Any]:
    authority = str(folder / "certificates" / "apiserver.crt")
    cluster = {"server": server, "certificate-authority": authority}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }


def _new_key() -> bytes:
    """Return a key that the server signs service accounts' tokens with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: pathlib.Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


@contextlib.contextmanager
def _process(
    name: str, flags: list[str], folder: pathlib.Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", BUILT / name, *flags],
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
    while kubectl("get", "--raw=/readyz").returncode != 0:
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
