"""Indexed Jobs of `pods.run`, as Kubernetes' own controllers treat them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import socket
import socketserver
import sys
import threading
import time

import pytest
from kubernetes.config import incluster_config

from components.batch_inferrer import pods
from components.batch_inferrer.pods import PodsError, PodTemplate, SystemicError
from tests.cluster import control_plane, prerequisites
from tests.k8s import chart
from tests.support import kubelet

pytestmark = pytest.mark.cluster

NAMESPACE = "kubeflow"
CONTROLLERS = (
    *("job-controller", "garbage-collector-controller", "resourcequota-controller"),
    "ttl-after-finished-controller",
)
TEMPLATE = PodTemplate(
    image="fairsilo-pipeline:0.1.0",
    namespace=NAMESPACE,
    mounts={"fairsilo-root": "/mnt/fairsilo"},
)
# Notes each start of an index in the folder, then does what the test says.
SHARD = """
import os, pathlib, signal, sys, time
index, folder = int(os.environ["JOB_COMPLETION_INDEX"]), pathlib.Path(sys.argv[1])
starts = len([*folder.glob(f"{index}.*")])
(folder / f"{index}.{starts}").touch()
def killed(): os.kill(os.getpid(), signal.SIGKILL)
def wait(name):
    while not (folder / name).exists(): time.sleep(0.05)
"""
WAIT_S = 120.0
RUNNER = f"system:serviceaccount:{NAMESPACE}:fairsilo-runner"


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    """A server with the chart, the controllers of Jobs, and a node."""
    if missing := control_plane.missing():
        pytest.skip(
            f"not built: {', '.join(missing)} (`make test-cluster` builds them, once)"
        )
    folder = tmp_path_factory.mktemp("pods")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(control_plane.control_plane(folder))
        prerequisites.install(server, "local")
        done = chart.upgrade("local", server.environment())
        assert done.returncode == 0, done.stderr
        stack.enter_context(control_plane.controllers(server, *CONTROLLERS))
        stack.enter_context(kubelet.Kubelet(server.kubeconfig, folder))
        yield server


@pytest.fixture
def step(kubectl, tmp_path, monkeypatch):
    """What makes this process look like a step's pod, with some account's token."""

    def become(account="fairsilo-runner"):
        token = tmp_path / account
        create = ("create", "token", account, "--namespace", NAMESPACE)
        token.write_text(kubectl.output(*create).strip())
        monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))

    server = json.loads(kubectl.kubeconfig.read_text())["clusters"][0]["cluster"]
    host, port = server["server"].removeprefix("https://").split(":")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    authority = server["certificate-authority"]
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", authority)
    monkeypatch.setattr(pods, "POLL_S", 0.2)
    become()
    return become


@pytest.fixture
def run(step, tmp_path, request):
    """Runs a script in pods; equal tests have equal Jobs."""

    def call(script, count, on_poll=lambda: None, **changes):
        command = [sys.executable, "-c", SHARD + script, str(tmp_path)]
        template = dataclasses.replace(TEMPLATE, **changes)
        return pods.run(command, count, template, request.node.name, on_poll)

    return call


def starts(folder: pathlib.Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.*"))


def until(condition):
    end = time.monotonic() + WAIT_S
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def jobs(kubectl):
    chosen = ("--selector=app.kubernetes.io/name=shards", "--namespace", NAMESPACE)
    return kubectl.objects("get", "jobs", *chosen)


def shard_pods(kubectl):
    chosen = ("--selector=fairsilo.io/role=shard", "--namespace", NAMESPACE)
    return kubectl.objects("get", "pods", *chosen)


@pytest.fixture(autouse=True)
def _no_job_is_left(kubectl):
    yield
    chosen = ("--all", "--namespace", NAMESPACE, "--cascade=foreground")
    kubectl.output("delete", "jobs", *chosen)
    kubectl.output("delete", "resourcequotas", "--all", "--namespace", NAMESPACE)


def test_every_index_runs_once_and_no_more_than_some_at_a_time(run, tmp_path):
    script = """
(folder / f"on-{index}").touch()
time.sleep(0.3)
print(max(len([*folder.glob("on-*")]), 0))
(folder / f"most-{len([*folder.glob('on-*')])}").touch()
(folder / f"on-{index}").unlink()
"""
    polls = []
    failed = run(script, 6, parallelism=2, on_poll=lambda: polls.append(1))
    assert failed == {}
    assert starts(tmp_path) == [f"{index}.0" for index in range(6)]
    assert {path.name for path in tmp_path.glob("most-*")} <= {"most-1", "most-2"}
    assert polls


def test_an_index_is_tried_again_and_one_that_keeps_failing_costs_no_other(
    run, tmp_path
):
    script = """
if index == 1 and starts < 2: killed()
if index == 2: killed()
if index == 3: sys.exit(5)
"""
    failed = run(script, 5, retries=2)
    assert failed == {2: "OOMKilled, exit status 137", 3: "Error, exit status 5"}
    expected = {0: 1, 1: 3, 2: 3, 3: 3, 4: 1}
    assert starts(tmp_path) == [
        f"{i}.{k}" for i, n in expected.items() for k in range(n)
    ]


def test_a_systemic_fault_stops_all_at_once(run, tmp_path, kubectl):
    script = f"""
if index == 0:
    wait("1.0")
    sys.exit({pods.SYSTEMIC})
wait("never")
"""
    with pytest.raises(SystemicError, match="failed with exit code 78"):
        run(script, 4, parallelism=2)
    assert starts(tmp_path) == ["0.0", "1.0"]
    until(lambda: not jobs(kubectl))
    until(lambda: not shard_pods(kubectl))


def evict(kubectl, name):
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": name, "namespace": NAMESPACE},
    }
    way = f"/api/v1/namespaces/{NAMESPACE}/pods/{name}/eviction"
    kubectl.output("create", "--raw", way, "-f", "-", given=eviction)


def test_an_eviction_counts_as_no_attempt(run, tmp_path, kubectl):
    script = """
if starts < 2: wait("never")
"""
    evicted: set[str] = set()

    def evict_two():
        running = {
            one["metadata"]["name"]
            for one in shard_pods(kubectl)
            if one["status"]["phase"] == "Running"
        } - evicted
        if len(evicted) < 2 and running:
            name = running.pop()
            evict(kubectl, name)
            evicted.add(name)

    assert run(script, 1, retries=0, on_poll=evict_two) == {}
    assert starts(tmp_path) == ["0.0", "0.1", "0.2"]


def test_the_next_attempt_of_a_step_joins_the_job_that_is_running(
    run, tmp_path, kubectl
):
    script = """
wait("go")
"""

    class KilledError(BaseException):
        """What ends the process without a word, such as KeyboardInterrupt."""

    def kill():
        if starts(tmp_path) == ["0.0", "1.0"]:
            raise KilledError

    with pytest.raises(KilledError):
        run(script, 2, on_poll=kill)
    (before,) = jobs(kubectl)
    assert run(script, 2, on_poll=(tmp_path / "go").touch) == {}
    (after,) = jobs(kubectl)
    assert before["metadata"]["uid"] == after["metadata"]["uid"]
    assert starts(tmp_path) == ["0.0", "1.0"]


def test_a_job_that_failed_is_replaced(run, tmp_path):
    script = """
if starts < 2: sys.exit(1)
"""
    assert run(script, 1, retries=0) == {0: "Error, exit status 1"}
    assert run(script, 1, retries=0) == {0: "Error, exit status 1"}
    assert run(script, 1, retries=0) == {}
    assert starts(tmp_path) == ["0.0", "0.1", "0.2"]


def test_what_the_caller_raises_ends_the_job(run, kubectl):
    def stop():
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        run('wait("never")', 2, on_poll=stop)
    until(lambda: not jobs(kubectl))


def test_a_job_that_somebody_deletes_is_an_error(run, kubectl):
    def delete():
        kubectl.output("delete", "jobs", "--all", "--namespace", NAMESPACE)

    with pytest.raises(PodsError, match="deleted before it was done"):
        run('wait("never")', 1, on_poll=delete)


WORKFLOW = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "Workflow",
    "metadata": {"name": "flights-1", "namespace": NAMESPACE},
}


def test_a_deleted_run_takes_its_job_along(run, kubectl, monkeypatch):
    kubectl.output("create", "-f", "-", given=WORKFLOW)
    name = ("workflows.argoproj.io", "flights-1", "--namespace", NAMESPACE)
    (workflow,) = kubectl.objects("get", *name)
    owner = {
        **{key: workflow[key] for key in ("apiVersion", "kind")},
        **{key: workflow["metadata"][key] for key in ("name", "uid")},
        "controller": True,
        "blockOwnerDeletion": True,
    }
    step = {"name": "step", "namespace": NAMESPACE, "ownerReferences": [owner]}
    container = {"name": "main", "image": "x"}
    spec = {"containers": [container], "serviceAccountName": "fairsilo-runner"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": step, "spec": spec}
    kubectl.output("create", "-f", "-", given=pod)
    monkeypatch.setenv("KFP_POD_NAME", "step")

    def delete_run():
        kubectl.output("delete", *name)
        until(lambda: not jobs(kubectl))

    with pytest.raises(PodsError, match="deleted before it was done"):
        run('wait("never")', 1, on_poll=delete_run)


def test_a_missing_right_is_told_with_the_rule_to_add(run, step, kubectl):
    kubectl.output("create", "serviceaccount", "nobody", "--namespace", NAMESPACE)
    step("nobody")
    with pytest.raises(PodsError) as refused:
        run("", 1)
    assert 'nobody" cannot' in refused.value.message
    rule = "- {apiGroups: [batch], resources: [jobs], verbs: [create, get, delete]}"
    assert rule in refused.value.hint


def runs_as_kubeflow(pod):
    pod["serviceAccountName"] = "pipeline-runner"


def with_a_token(pod):
    pod["automountServiceAccountToken"] = True


def with_a_secret(pod):
    pod["volumes"].append({"name": "s", "secret": {"secretName": "fairsilo-store"}})


def with_a_secret_in_its_environment(pod):
    source = {"secretKeyRef": {"name": "fairsilo-store", "key": "url"}}
    pod["containers"][0]["env"] = [{"name": "URL", "valueFrom": source}]


def with_all_of_a_secret(pod):
    source = {"secretRef": {"name": "fairsilo-store"}}
    pod["containers"][0]["envFrom"] = [source]


def with_another_container(pod):
    pod["initContainers"] = [{"name": "first", "image": "x"}]


def on_the_host(pod):
    pod["hostNetwork"] = True


def privileged(pod):
    pod["containers"][0]["securityContext"]["privileged"] = True


def as_root(pod):
    pod["containers"][0]["securityContext"]["runAsUser"] = 0


@pytest.mark.parametrize(
    ("tamper", "refusal"),
    [
        (runs_as_kubeflow, "of the account fairsilo-shard"),
        (with_a_token, "without its token"),
        (with_a_secret, "volumes of claims and empty ones"),
        (with_a_secret_in_its_environment, "without values from elsewhere"),
        (with_all_of_a_secret, "without values from elsewhere"),
        (with_another_container, "of one container"),
        (on_the_host, "Pod Security"),
        (privileged, "privileged"),
        (as_root, "Pod Security"),
    ],
)
def test_steps_make_no_job_but_shards(kubectl, tamper, refusal):
    job = pods._manifest(["true"], 1, TEMPLATE, "run")
    create = ("create", "--dry-run=server", "-f", "-", f"--as={RUNNER}")
    kubectl.output(*create, given=job)
    tamper(job["spec"]["template"]["spec"])
    assert refusal in kubectl.refusal(*create, given=job)


@pytest.mark.parametrize(
    "label", [{"fairsilo.io/role": "coordinator"}, {"app": "ml-pipeline"}]
)
def test_steps_give_no_pod_a_label_that_opens_the_network(kubectl, label):
    job = pods._manifest(["true"], 1, TEMPLATE, "run")
    job["spec"]["template"]["metadata"]["labels"] |= label
    create = ("create", "--dry-run=server", "-f", "-", f"--as={RUNNER}")
    assert "no other of ours" in kubectl.refusal(*create, given=job)


class Away(socketserver.ThreadingTCPServer):
    """A way to the server that drops the first connections."""

    daemon_threads = True

    def __init__(self, server: tuple[str, int], dropped: int) -> None:
        self.left, self.to = dropped, server
        super().__init__(("127.0.0.1", 0), Passage)


class Passage(socketserver.BaseRequestHandler):
    server: Away

    def handle(self) -> None:
        if self.server.left:
            self.server.left -= 1
            return
        with socket.create_connection(self.server.to) as other:
            back = threading.Thread(target=pump, args=(other, self.request))
            back.start()
            pump(self.request, other)
            back.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def test_an_api_that_is_away_is_asked_again(run, tmp_path, monkeypatch):
    port = int(os.environ["KUBERNETES_SERVICE_PORT"])
    with Away(("127.0.0.1", port), dropped=3) as away:
        thread = threading.Thread(target=away.serve_forever)
        thread.start()
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(away.server_address[1]))
        try:
            assert run("", 1) == {}
        finally:
            away.shutdown()
            thread.join()
    assert away.left == 0
    assert starts(tmp_path) == ["0.0"]


def quota(kubectl, **hard):
    body = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": NAMESPACE},
        "spec": {"hard": hard},
    }
    kubectl.output("create", "-f", "-", given=body)
    get = ("get", "resourcequota", "few", "--namespace", NAMESPACE)
    until(lambda: "hard" in kubectl.objects(*get)[0]["status"])


def test_a_quota_of_jobs_is_told(run, kubectl):
    quota(kubectl, **{"count/jobs.batch": "0"})
    with pytest.raises(PodsError, match="exceeded quota: few") as refused:
        run("", 1)
    assert "requested: count/jobs.batch=1" in refused.value.message
    assert "fewer pods at a time" in refused.value.hint


def test_a_quota_of_pods_slows_a_job_down_or_is_told(
    run, kubectl, tmp_path, monkeypatch, caplog
):
    quota(kubectl, **{"limits.memory": "5Gi"})
    assert run("time.sleep(0.5)", 2, parallelism=2, cpu="1", memory="4Gi") == {}
    (told,) = {one.message for one in caplog.records if "exceeded quota" in one.message}
    assert "limited: limits.memory=5Gi" in told
    monkeypatch.setattr(pods, "START_LIMIT_S", 2.0)
    with pytest.raises(PodsError, match=r"no pod runs: .*exceeded quota") as refused:
        run("", 1, memory="6Gi")
    assert "or smaller ones" in refused.value.hint


def test_pods_that_do_not_start_are_told_and_end_the_job(run, kubectl, monkeypatch):
    monkeypatch.setattr(pods, "START_LIMIT_S", 2.0)
    with pytest.raises(PodsError, match="no pod runs: Failed: Failed to pull image"):
        run("", 2, image=kubelet.UNPULLABLE)
    until(lambda: not jobs(kubectl))
