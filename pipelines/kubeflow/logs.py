"""The log of a step, read from its pod, which is found by label.

KFP labels the pods of a run with its id, and our package labels those of steps. Which
step a pod runs stands in its command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipelines.kubeflow.client import KubeflowError

STEP_LABEL = "fairsilo.io/role=coordinator"
MODULE = "pipelines.runners.step"
CONTAINER = "main"


def read(run_id: str, step: str, namespace: str) -> Iterator[bytes]:
    """Yield the log of a step's last attempt, as far as it has come.

    Raises:
        KubeflowError: There is no pod of it, or the cluster refused.
    """
    import kubernetes
    import urllib3

    config: Any = kubernetes.config
    try:
        try:
            config.load_incluster_config()
        except config.ConfigException:
            config.load_kube_config()
        core: Any = kubernetes.client.CoreV1Api()
        labels = f"pipeline/runid={run_id},{STEP_LABEL}"
        listed = core.list_namespaced_pod(namespace, label_selector=labels)
        pods = [pod for pod in listed.items if _step(pod) == step]
        if not pods:
            raise KubeflowError(
                f"step `{step}` of run {run_id}: found no pod of it in namespace "
                f"`{namespace}`: it has not begun, or its pod is gone",
                "`fairsilo kubeflow status` shows how the steps stand; logs of pods "
                "that are gone are in Kubeflow's UI, where Argo archives them",
            )
        last = max(pods, key=lambda pod: pod.metadata.creation_timestamp)
        answer = core.read_namespaced_pod_log(
            last.metadata.name, namespace, container=CONTAINER, _preload_content=False
        )
        yield from answer.stream()
    except (
        kubernetes.config.ConfigException,
        kubernetes.client.ApiException,
        urllib3.exceptions.HTTPError,
    ) as error:
        reason = getattr(error, "reason", None) or error
        raise KubeflowError(
            f"namespace `{namespace}`: can't read the log of step `{step}`: {reason}",
            "logs come from the cluster itself: see that your kubeconfig reaches it, "
            "with the rights to list pods and to get pods/log",
        ) from None


def _step(pod: Any) -> str:  # noqa: ANN401  a V1Pod
    """Return the step that a pod runs, empty where it runs none."""
    for container in pod.spec.containers:
        words = [*(container.command or ()), *(container.args or ())]
        if container.name == CONTAINER and MODULE in words[:-1]:
            return str(words[words.index(MODULE) + 1])
    return ""
