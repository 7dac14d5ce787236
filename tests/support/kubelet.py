"""A node in a thread: runs the shards' pods of an API server as local processes.

Scheduler and kubelet in one, as far as a Job's controller can tell: pods are bound,
run, end with their exit status, and end when they are deleted or evicted. Images,
volumes, limits and probes are not looked at.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import threading
from typing import Any

from kubernetes import client, config

SELECTOR = "fairsilo.io/role=shard"
NODE = "test"
UNPULLABLE = "unpullable:1"  # an image that this node doesn't get
TICK_S = 0.1
Object = Any


class Kubelet(threading.Thread):
    """Runs pods until it is stopped; each has its log in the folder."""

    def __init__(self, kubeconfig: pathlib.Path, folder: pathlib.Path) -> None:
        super().__init__(daemon=True)
        settings: Any = client.Configuration()
        load: Any = config.load_kube_config
        load(str(kubeconfig), client_configuration=settings)
        self.core: Any = client.CoreV1Api(client.ApiClient(settings))
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ended: set[str] = set()
        self._stopped = threading.Event()

    def __enter__(self) -> Kubelet:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self.join()
        for process in self._processes.values():
            process.kill()
            process.wait()

    def kill(self, uid: str) -> None:
        """Kill a pod's process, as the system does that runs out of memory."""
        self._processes[uid].kill()

    def run(self) -> None:
        while not self._stopped.wait(TICK_S):
            listed = self.core.list_pod_for_all_namespaces(label_selector=SELECTOR)
            for pod in listed.items:
                try:
                    self._look_at(pod)
                except client.ApiException as error:
                    if error.status not in {404, 409}:  # it has just gone or changed
                        raise

    def _look_at(self, pod: Object) -> None:
        uid = pod.metadata.uid
        process = self._processes.get(uid)
        if pod.metadata.deletion_timestamp is not None:
            if uid not in self._ended:
                if process:
                    process.kill()
                self._report_end(pod, process.wait() if process else -9)
            self.core.delete_namespaced_pod(*_key(pod), grace_period_seconds=0)
        elif uid in self._ended:
            return
        elif process is None:
            self._start(pod)
        elif process.poll() is not None:
            self._report_end(pod, process.returncode)

    def _start(self, pod: Object) -> None:
        (container,) = pod.spec.containers
        if pod.spec.node_name is None:
            self._bind(pod)
        if container.image == UNPULLABLE:
            if pod.spec.node_name:
                return  # told already
            reason = {"reason": "ImagePullBackOff", "message": "no such image"}
            self._report(pod, "Pending", {"waiting": reason}, is_ready=False)
            self._warn(pod, "Failed", "Failed to pull image: no such image")
            return
        environment = {one.name: _value(one, pod) for one in container.env or ()}
        with (self._folder / f"{pod.metadata.name}.log").open("wb") as log:
            self._processes[pod.metadata.uid] = subprocess.Popen(
                container.command,
                cwd=self._folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        running = {"startedAt": pod.metadata.creation_timestamp.isoformat()}
        self._report(pod, "Running", {"running": running}, is_ready=True)

    def _bind(self, pod: Object) -> None:
        name, namespace = _key(pod)
        target = {"apiVersion": "v1", "kind": "Node", "name": NODE}
        body = {"metadata": {"name": name}, "target": target}
        # The SDK can't read the answer.
        self.core.create_namespaced_binding(namespace, body, _preload_content=False)

    def _warn(self, pod: Object, reason: str, message: str) -> None:
        name, namespace = _key(pod)
        self.core.create_namespaced_event(
            namespace,
            {
                "metadata": {"generateName": f"{name}."},
                "involvedObject": {"kind": "Pod", "name": name, "namespace": namespace},
                "type": "Warning",
                "reason": reason,
                "message": message,
            },
        )

    def _report_end(self, pod: Object, status: int) -> None:
        self._ended.add(pod.metadata.uid)
        code = status if status >= 0 else 128 - status
        # A process that is killed by nobody we know was killed for its memory.
        named = {0: "Completed", 137: "OOMKilled"}.get(code, "Error")
        phase = "Failed" if code else "Succeeded"
        state = {"terminated": {"exitCode": code, "reason": named}}
        self._report(pod, phase, state, is_ready=False)

    def _report(
        self, pod: Object, phase: str, state: dict[str, Any], is_ready: bool
    ) -> None:
        (container,) = pod.spec.containers
        told = {
            "name": container.name,
            "image": container.image,
            "imageID": "",
            "ready": is_ready,
            "restartCount": 0,
            "state": state,
        }
        ready = {"type": "Ready", "status": str(is_ready)}
        status = {"phase": phase, "containerStatuses": [told], "conditions": [ready]}
        self.core.patch_namespaced_pod_status(*_key(pod), {"status": status})


def _key(pod: Object) -> tuple[str, str]:
    return pod.metadata.name, pod.metadata.namespace


def _value(variable: Object, pod: Object) -> str:
    """Return an environment variable's value, from the pod where that is its source."""
    if variable.value_from is None:
        return variable.value or ""
    path = variable.value_from.field_ref.field_path
    kind, _, key = path.removeprefix("metadata.").partition("['")
    return getattr(pod.metadata, kind)[key.removesuffix("']")]
