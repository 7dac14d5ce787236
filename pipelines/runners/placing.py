"""Where a step's pod runs and what is mounted in it: the package's platform part.

Every step carries the same labels: back end 2.5 gives all pods of a run those of the
first step by alphabet.
"""

from __future__ import annotations

from collections.abc import Sequence

from kfp import dsl, kubernetes

from components import store_url
from components.errors import SettingsError
from pipelines.kubeflow.settings import KubeflowSettings, ResourcesSettings
from pipelines.runners.node import DECIDE, OPEN

LABELS = {
    "app.kubernetes.io/part-of": "fairsilo",
    "fairsilo.io/role": "coordinator",
}
TRAINER = "FederatedTrainer"
SETTINGS_FOLDER = "/etc/fairsilo/settings"
SILOS_FOLDER = "/etc/fairsilo/silos"
STORE_KEY = "url"
DEFAULTS = {
    TRAINER: ResourcesSettings(cpu="4", memory="8Gi"),
    "BatchInferrer": ResourcesSettings(cpu="2", memory="8Gi"),
}
FIRST_PAUSE_S = 30
QUEUE_S = 3600  # most that an attempt may wait for a node and its image
# The SDK lowers longer ones to this; `kubeflow.py` writes the true one afterwards.
SDK_LIMIT = "3600s"
# Steps that another attempt can't help: it would read the same settings, or come
# to the same decision. All others go on where the last attempt stopped.
FINAL = {OPEN, DECIDE}


def check(settings: KubeflowSettings, steps: Sequence[str]) -> None:
    """Check that the settings name only steps that there are.

    Raises:
        SettingsError: They name another.
    """
    unknown = sorted(set(settings.resources) - set(steps))
    if unknown:
        raise SettingsError(
            f"`kubeflow.resources`: found {', '.join(unknown)}, expected names of "
            f"steps: {', '.join(steps)}"
        )


def place(task: dsl.PipelineTask, step: str, settings: KubeflowSettings) -> None:
    """Give a step its resources, mounts, labels, time-out and retries."""
    asked = _resources(step, settings)
    task.set_cpu_request(asked.cpu)
    task.set_cpu_limit(asked.cpu)
    task.set_memory_request(asked.memory)
    task.set_memory_limit(asked.memory)
    if settings.retries and step not in FINAL:
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
    if step == OPEN:
        kubernetes.use_config_map_as_volume(
            task, settings.settings_config_map, SETTINGS_FOLDER, optional=True
        )
    if step == TRAINER:
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


def _resources(step: str, settings: KubeflowSettings) -> ResourcesSettings:
    """Return a step's resources; one that is not given stays as it is by default."""
    default = DEFAULTS.get(step, ResourcesSettings())
    given = settings.resources.get(step)
    if given is None:
        return default
    return default.model_copy(update=given.model_dump(exclude_unset=True))
