"""What a step's pod gets: resources, mounts, labels, time-out and retries.

Every step carries the same labels: back end 2.5 gives all pods of a run those of the
first step by alphabet.
"""

from __future__ import annotations

from kfp import dsl, kubernetes

from components import store_url
from components.errors import SettingsError
from pipelines.kubeflow.settings import KubeflowSettings, ResourcesSettings
from pipelines.runners.steps import PREPARE, STEPS, TRAIN, Step

LABELS = {
    "app.kubernetes.io/part-of": "fairsilo",
    "fairsilo.io/role": "coordinator",
}
SETTINGS_FOLDER = "/etc/fairsilo/settings"
SILOS_FOLDER = "/etc/fairsilo/silos"
STORE_KEY = "url"
FIRST_PAUSE_S = 10
QUEUE_S = 3600  # most that an attempt may wait for a node and its image
# The SDK lowers longer ones to this; `kubeflow.py` writes the true one afterwards.
SDK_LIMIT = "3600s"


def check(settings: KubeflowSettings) -> None:
    """Check that the settings name only steps that there are.

    Raises:
        SettingsError: They name another.
    """
    unknown = sorted(set(settings.resources) - set(STEPS))
    if unknown:
        raise SettingsError(
            f"`kubeflow.resources`: found {', '.join(unknown)}, expected names of "
            f"steps: {', '.join(STEPS)}"
        )


def apply(task: dsl.PipelineTask, step: Step, settings: KubeflowSettings) -> None:
    """Give a step its resources, mounts, labels, time-out and retries."""
    resources = _resources(step, settings)
    task.set_cpu_request(resources.cpu)
    task.set_cpu_limit(resources.cpu)
    task.set_memory_request(resources.memory)
    task.set_memory_limit(resources.memory)
    if settings.retries:
        task.set_retry(
            settings.retries,
            backoff_duration=f"{FIRST_PAUSE_S}s",
            backoff_factor=2.0,
            backoff_max_duration=SDK_LIMIT,
        )
    kubernetes.set_timeout(task, settings.timeout_minutes * 60)
    kubernetes.mount_pvc(task, settings.root_claim, settings.root_path)
    if settings.data_claim:
        kubernetes.mount_pvc(task, settings.data_claim, settings.data_path)
    kubernetes.use_secret_as_env(
        task, settings.store_secret, {STORE_KEY: store_url.VARIABLE}
    )
    if step is PREPARE:
        kubernetes.use_config_map_as_volume(
            task, settings.settings_config_map, SETTINGS_FOLDER, optional=True
        )
    if step is TRAIN:
        kubernetes.use_config_map_as_volume(
            task, settings.silos_config_map, SILOS_FOLDER, optional=True
        )
    for key, value in LABELS.items():
        kubernetes.add_pod_label(task, key, value)


def all_attempts_s(settings: KubeflowSettings) -> int:
    """Return the seconds that all attempts of a step may take together.

    KFP's `backoff_max_duration` is Argo's `maxDuration`: it counts from the start of
    the first attempt, and no attempt begins, or goes on, after it. So it must hold
    the longest allowed attempts and the pauses between them.
    """
    attempts = (settings.retries + 1) * (settings.timeout_minutes * 60 + QUEUE_S)
    pauses = FIRST_PAUSE_S * ((1 << settings.retries) - 1)  # each twice the last
    return attempts + pauses


def _resources(step: Step, settings: KubeflowSettings) -> ResourcesSettings:
    """Return a step's resources; one that is not given keeps its default."""
    given = settings.resources.get(step.name)
    if given is None:
        return step.resources
    return step.resources.model_copy(update=given.model_dump(exclude_unset=True))
