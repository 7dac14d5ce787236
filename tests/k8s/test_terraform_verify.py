"""The check on the cluster: its probe over real HTTP, its driver with a kubectl."""

import contextlib
import http.server
import importlib.machinery
import json
import pathlib
import socket
import sys
import threading
import types
import urllib.parse

import pytest

from tests.k8s import chart
from tests.k8s.chart import K8S


def load(name):
    """Return the module of a script, which is in no package."""
    path = K8S / "terraform" / "verify" / f"{name}.py"
    loader = importlib.machinery.SourceFileLoader(name, str(path))
    module = types.ModuleType(name)
    module.__file__ = str(path)
    loader.exec_module(module)
    return module


probe, verify = load("probe"), load("verify")

AZURE = {
    "root": {"endpoint_ip": "10.40.64.4"},
    "silos": {
        "9e": {"account": "acc9e", "container": "silo-9e", "endpoint_ip": "10.40.64.5"},
        "aa": {"account": "accaa", "container": "silo-aa", "endpoint_ip": "10.40.64.6"},
    },
}
IMAGE = "r.azurecr.io/fairsilo-pipeline@sha256:" + "0" * 64
# Stands for kubectl: writes down what it was asked, and answers as a cluster would.
KUBECTL = """#!{python}
import json, pathlib, sys
log = pathlib.Path({log!r})
manifest = sys.stdin.read() if "apply" in sys.argv else ""
with log.open("a") as file:
    print(json.dumps([sys.argv[1:], json.loads(manifest or "null")]), file=file)
if "deployment" in sys.argv:
    print(json.dumps({{"app.kubernetes.io/name": "worker"}}))
elif "pod" in sys.argv and "get" in sys.argv:
    print({phase!r}, end="")
elif "logs" in sys.argv:
    print("ok     own container: found 200")
"""


class Azure(http.server.BaseHTTPRequestHandler):
    """Entra ID and a storage account: one container may be listed, others not."""

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = urllib.parse.parse_qs(form)
        right = sent["client_assertion"] == ["from-the-cluster"]
        right = right and sent["client_id"] == ["identity-of-9e"]
        right = right and self.path == "/tenant/oauth2/v2.0/token"
        self.answer(200 if right else 400, {"access_token": "t0ken"})

    def do_GET(self):
        known = self.headers["Authorization"] == "Bearer t0ken"
        own = self.path.startswith("/silo-9e?restype=container&comp=list")
        self.answer(200 if known and own else 403, {})

    def answer(self, status, body):
        self.send_response(status)
        if status == 403:
            self.send_header("x-ms-error-code", "AuthorizationPermissionMismatch")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def azure(tmp_path, monkeypatch):
    """Return the address of a server that answers as Azure does."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Azure)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    token = tmp_path / "token"
    token.write_text("from-the-cluster")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token))
    monkeypatch.setenv("AZURE_CLIENT_ID", "identity-of-9e")
    monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", f"{address}/")
    monkeypatch.setattr(probe, "PATIENCE_S", 0.5)
    yield address
    server.shutdown()
    server.server_close()


@pytest.fixture
def silent():
    """Return a port that answers nothing: its queue is full, so the kernel drops."""
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,
        contextlib.ExitStack() as waiting,
    ):
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def run(capsys, part, **options):
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    status = probe.main([part, *words])
    said = capsys.readouterr().out
    assert "t0ken" not in said
    assert "from-the-cluster" not in said
    assert status == ("FAILED" in said)
    return status, said


def network(capsys, closed, host="127.0.0.1", address="127.0.0.1"):
    return run(capsys, "network", host=host, address=address, closed=closed)


def test_a_network_that_is_closed_passes(capsys, monkeypatch, silent):
    monkeypatch.setattr(probe, "PATIENCE_S", 0.2)
    status, said = network(capsys, f"127.0.0.1:{silent}")
    assert status == 0
    assert said.splitlines() == [
        "ok     127.0.0.1: found 127.0.0.1, expected 127.0.0.1",
        f"ok     127.0.0.1:{silent}: no answer, as expected",
    ]


def test_an_open_port_and_a_name_that_leads_elsewhere_fail(capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        _, said = network(capsys, f"127.0.0.1:{port}")
    assert f"FAILED 127.0.0.1:{port}: found a connection, expected none" in said
    _, said = network(capsys, f"127.0.0.1:{port}", address="10.40.64.5")
    assert "found an answer (refused), expected none" in said
    assert "FAILED 127.0.0.1: found 127.0.0.1, expected 10.40.64.5" in said
    _, said = network(capsys, f"127.0.0.1:{port}", host="account.invalid")
    assert "FAILED account.invalid: found no address" in said
    assert not probe.check_name("8.8.8.8", "8.8.8.8")[0]


DENIED = "found 403 AuthorizationPermissionMismatch"
GONE = "http://127.0.0.1:1"
# Where own and other container are, and what is said of them.
READS = [
    (
        ("{}/silo-9e", "{}/silo-aa"),
        [
            "ok     own container: found 200 , expected 200",
            f"ok     other container: {DENIED}, expected 403",
        ],
    ),
    (
        ("{}/silo-aa", "{}/silo-9e"),
        [
            f"FAILED own container: {DENIED}",
            "FAILED other container: found 200 , expected 403",
        ],
    ),
    (
        (GONE, GONE),
        ["FAILED own container: not reached", "FAILED other container: not reached"],
    ),
]


@pytest.mark.parametrize(("containers", "sentences"), READS)
def test_an_identity_reads_its_own_container_only(azure, capsys, containers, sentences):
    own, other = (one.format(azure) for one in containers)
    _, said = run(capsys, "identity", own=own, other=other)
    for sentence in sentences:
        assert sentence in said


def test_a_pod_without_a_token_fails(azure, capsys, monkeypatch):
    containers = {"own": f"{azure}/silo-9e", "other": f"{azure}/silo-aa"}
    monkeypatch.setenv("AZURE_CLIENT_ID", "another")
    _, said = run(capsys, "identity", **containers)
    assert "FAILED token: found none" in said
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE")
    _, said = run(capsys, "identity", **containers)
    assert "FAILED token: found none (KeyError('AZURE_FEDERATED_TOKEN_FILE'))" in said


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    """Return a function that puts a kubectl on the path, and one that reads its log."""
    log = tmp_path / "log"
    azure_json = tmp_path / "azure.json"
    azure_json.write_text(json.dumps({"azure": AZURE}))

    def start(phase):
        text = KUBECTL.format(python=sys.executable, log=str(log), phase=phase)
        kubectl = tmp_path / "kubectl"
        kubectl.write_text(text)
        kubectl.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return [str(azure_json), "--image", IMAGE]

    def asked():
        return [json.loads(line) for line in log.read_text().splitlines()]

    return start, asked


@pytest.mark.parametrize(("phase", "status"), [("Succeeded", 0), ("Failed", 1)])
def test_the_driver_says_what_the_probes_found_and_cleans_up(
    cluster, capsys, phase, status
):
    start, asked = cluster
    assert verify.main(start(phase)) == status
    assert capsys.readouterr().out == "ok     own container: found 200\n" * 2
    removals = [arguments for arguments, _ in asked() if "delete" in arguments]
    assert len(removals) == 2
    assert asked()[-1][0] == removals[-1]
    assert removals[-1][:6] == [
        *("-n", "fairsilo-silo-9e", "delete"),
        *("pod/fairsilo-probe", "networkpolicy/fairsilo-probe"),
        "configmap/fairsilo-probe",
    ]


def test_a_probe_that_never_ends_is_given_up_and_removed(cluster, monkeypatch):
    start, asked = cluster
    monkeypatch.setattr(verify, "PATIENCE_S", 0.0)
    with pytest.raises(TimeoutError, match="found it still Pending"):
        verify.main(start("Pending"))
    assert "delete" in asked()[-1][0]


def test_the_first_probe_is_under_the_workers_policies_the_second_has_an_identity(
    cluster,
):
    start, asked = cluster
    verify.main([*start("Succeeded"), "--silo", "aa", "--other", "9e"])
    made = [manifest for _, manifest in asked() if manifest]
    assert made[0]["data"]["probe.py"] == pathlib.Path(probe.__file__).read_text()
    first, second = [one for one in made if one["kind"] == "Pod"]
    assert first["metadata"]["namespace"] == "fairsilo-silo-aa"
    assert first["metadata"]["labels"] == {"app.kubernetes.io/name": "worker"}
    (container,) = first["spec"]["containers"]
    assert container["image"] == IMAGE
    options = probe.parse(container["command"][2:])
    assert options.host == "accaa.blob.core.windows.net"
    assert options.address == "10.40.64.6"
    assert "worker.fairsilo-silo-9e.svc.cluster.local:8000" in options.closed
    assert "10.40.64.4:2049" in options.closed
    (policy,) = [one for one in made if one["kind"] == "NetworkPolicy"]
    chosen = policy["spec"]["podSelector"]["matchLabels"]
    assert chosen.items() <= second["metadata"]["labels"].items()
    assert not chosen.items() <= first["metadata"]["labels"].items()
    assert second["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    options = probe.parse(second["spec"]["containers"][0]["command"][2:])
    assert options.own == "https://accaa.blob.core.windows.net/silo-aa"
    assert options.other == "https://acc9e.blob.core.windows.net/silo-9e"


def test_the_probes_pod_passes_pod_security_restricted():
    pod = verify.pod("9e", IMAGE, {}, [])
    chart.assert_restricted(pod)
    assert pod["spec"]["serviceAccountName"] == "silo-worker"
