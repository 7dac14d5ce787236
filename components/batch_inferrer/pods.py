"""Processes as the pods of one Kubernetes Indexed Job, waited for by a step's pod.

Knows nothing of what they do. Kubernetes tries each index again by itself and counts
no eviction; `job.yaml` is the Job, docs/decisions/0011-indexed-job.md says why.

The Job's name follows from the run and the work. A step that is killed leaves the Job
running, and the step's next attempt joins it. It is deleted with the run's workflow
(not when the run is only terminated), and by every error that is raised here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import pathlib
import string
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from components.errors import FairSiloError, SettingsError

SYSTEMIC = 78  # exit status of a process that says that no other can go on either
ALIVE = "/tmp/alive"  # noqa: S108  touched by a process at its start and as it gets on
POLL_S = 5.0  # between two looks at the Job
START_LIMIT_S = 900.0  # that may pass with no pod running and none ending

# The API may be away for ten minutes.
_RETRY = Retry(
    11, allowed_methods=None, status_forcelist=range(500, 600), backoff_factor=1
)
_Object = Any  # of the SDK, which has no types
_log = logging.getLogger(__name__)
_RIGHTS_HINT = """\
install the chart again, or add what is missing to the rules of the account's Role:
- {apiGroups: [batch], resources: [jobs], verbs: [create, get, delete]}
- {apiGroups: [""], resources: [pods], verbs: [get, list]}
- {apiGroups: [""], resources: [events], verbs: [list]}"""
_START_HINT = "mend that; where it is a quota, run fewer pods at a time or smaller ones"


@dataclasses.dataclass(frozen=True)
class PodTemplate:
    """Where pods run, and what one of them sees and uses."""

    image: str
    namespace: str
    mounts: Mapping[str, str]  # claims, and where they are mounted: as in the step
    service_account: str = "fairsilo-shard"  # the chart's: it has no rights
    azure_identity: bool = False  # whether pods get its token of Entra ID
    cpu: str = "2"
    memory: str = "4Gi"
    parallelism: int = 4  # most pods at a time
    retries: int = 2  # of a failed pod
    stall_minutes: int = 30  # without a touch of `ALIVE`, after which a pod is ended


NO_PODS = PodTemplate("", "", {})
"""For where there are none."""


class PodsError(FairSiloError):
    """Pods that can't be made, started or watched now."""

    is_temporary = True


class SystemicError(PodsError):
    """A process ended with `SYSTEMIC`; all others were stopped."""


def run(
    command: Sequence[str],
    count: int,
    template: PodTemplate,
    owner_run: str,
    on_poll: Callable[[], None],
) -> dict[int, str]:
    """Run a command in pods and wait for all of them.

    Args:
        command: The program and its arguments.
        count: Pods; each finds its index, from 0, in JOB_COMPLETION_INDEX.
        template: What the pods are like.
        owner_run: The run's id; equal work of another run is another Job.
        on_poll: Called every `POLL_S`; what it raises ends the Job.

    Returns:
        Each index that failed for good, and how its last pod ended. All others have
        succeeded.

    Raises:
        SettingsError: This process runs in no pod.
        PodsError: A right is missing, a quota is used up, no pod runs for
            `START_LIMIT_S`, somebody deleted the Job, or the API stays away.
        SystemicError: A process said that no other can go on.
    """
    job = _Job(_manifest(command, count, template, owner_run))
    job.start()
    try:
        return job.wait(on_poll)
    except Exception:
        with contextlib.suppress(PodsError):
            job.delete()
        raise


def _manifest(
    command: Sequence[str], count: int, template: PodTemplate, owner_run: str
) -> dict[str, Any]:
    """Return the Job; the same work of the same run has the same name."""
    text = pathlib.Path(__file__).with_name("job.yaml").read_text(encoding="utf-8")
    fields = dataclasses.asdict(template)
    fields |= {"command": [*command], "count": count, "owner_run": owner_run}
    values = {name: json.dumps(value) for name, value in fields.items()}
    job: dict[str, Any] = yaml.safe_load(string.Template(text).substitute(values))
    pod = job["spec"]["template"]["spec"]
    mounts = pod["containers"][0]["volumeMounts"]
    for number, (claim, path) in enumerate(template.mounts.items()):
        source = {"persistentVolumeClaim": {"claimName": claim}}
        pod["volumes"].append({"name": f"claim-{number}", **source})
        mounts.append({"name": f"claim-{number}", "mountPath": path})
    digest = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()
    job["metadata"]["name"] = f"fairsilo-shards-{digest[:16]}"
    return job


class _Job:
    """One Job, and the API as a pod reaches it."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        from kubernetes import client, config

        settings: _Object = client.Configuration()
        settings.retries = _RETRY
        try:
            config.load_incluster_config(settings)  # type: ignore[no-untyped-call]
        except config.ConfigException:
            raise SettingsError(
                "engine `pods`: expected a step on Kubernetes, found none around it",
                "use engine `local` here",
            ) from None
        api: _Object = client.ApiClient(settings)
        self._jobs, self._core = client.BatchV1Api(api), client.CoreV1Api(api)
        self._manifest = manifest
        self._name = manifest["metadata"]["name"]
        self._told: dict[str, str] = {}

    def start(self) -> None:
        """Make the Job, or join the one that an earlier attempt has left."""
        own = os.environ.get("KFP_POD_NAME") or os.environ.get("HOSTNAME", "-")
        pod = self._ask(self._core.read_namespaced_pod, name=own)
        # The run's workflow: deleting it deletes the Job.
        self._manifest["metadata"]["ownerReferences"] = [
            {"apiVersion": o.api_version, "kind": o.kind, "name": o.name, "uid": o.uid}
            for o in (pod and pod.metadata.owner_references) or ()
        ]
        make = self._jobs.create_namespaced_job
        while not self._ask(make, body=self._manifest, absent=409):
            found = self._read()
            if found and not found.metadata.deletion_timestamp:
                # One that is complete has no records any more, where they were read.
                if not {"Failed", "Complete"} & _ends(found).keys():
                    _log.info("job %s: joined, it was there", self._name)
                    return
                self.delete()
            time.sleep(POLL_S)

    def wait(self, on_poll: Callable[[], None]) -> dict[int, str]:
        """Wait until the Job has ended; see `run`."""
        seen, since = None, time.monotonic()
        while (job := self._read()) and not job.metadata.deletion_timestamp:
            if "Complete" in _ends(job):
                return {}
            if failed := _ends(job).get("Failed"):
                return self._failures(job, failed)
            counts = (job.status.succeeded, job.status.failed, job.status.ready)
            state = [count or 0 for count in counts]
            if state != seen:
                _log.info("%s: %d succeeded, %d failed, %d running", self._name, *state)
            if state != seen or job.status.ready:
                seen, since = state, time.monotonic()
            self._tell_obstacles(time.monotonic() - since > START_LIMIT_S)
            on_poll()
            time.sleep(POLL_S)
        raise PodsError(f"job `{self._name}`: found it deleted before it was done")

    def delete(self) -> None:
        """Delete the Job, after its pods."""
        remove = self._jobs.delete_namespaced_job
        self._ask(remove, name=self._name, propagation_policy="Foreground")

    def _read(self) -> _Object:
        return self._ask(self._jobs.read_namespaced_job, name=self._name)

    def _failures(self, job: _Object, failed: _Object) -> dict[int, str]:
        if failed.reason != "FailedIndexes":
            kind = SystemicError if failed.reason == "PodFailurePolicy" else PodsError
            raise kind(f"job `{self._name}` failed: {failed.message}")
        chosen = f"batch.kubernetes.io/job-name={self._name}"
        pods = self._ask(self._core.list_namespaced_pod, label_selector=chosen).items
        pods.sort(key=lambda pod: pod.metadata.creation_timestamp)
        key = "batch.kubernetes.io/job-completion-index"
        endings = {int(pod.metadata.annotations[key]): _ending(pod) for pod in pods}
        return {
            index: endings.get(index, "its pod is gone")
            for part in job.status.failed_indexes.split(",")
            for first, _, last in [part.partition("-")]
            for index in range(int(first), int(last or first) + 1)
        }

    def _tell_obstacles(self, is_late: bool) -> None:
        """Log what Kubernetes warns of, each reason once; raise it where it is late."""
        listing, found = self._core.list_namespaced_event, {}
        try:
            for event in self._ask(listing, field_selector="type=Warning").items:
                if str(event.involved_object.name).startswith(self._name):
                    found[event.reason] = event.message
        except PodsError as error:
            found["Unknown"] = error.message
        for reason in found.keys() - self._told.keys():
            _log.warning("job %s: %s: %s", self._name, reason, found[reason])
        self._told |= found
        if is_late:
            told = "; ".join(f"{reason}: {found[reason]}" for reason in found)
            told = told or "Kubernetes doesn't say why"
            raise PodsError(f"job `{self._name}`: no pod runs: {told}", _START_HINT)

    def _ask(self, call: _Object, absent: int = 404, **given: object) -> _Object:
        """Return the API's answer, None where its status is `absent`."""
        from kubernetes.client import ApiException

        doing = call.__name__.replace("_namespaced_", " ")
        given |= {"namespace": self._manifest["metadata"]["namespace"]}
        try:
            return call(**given, _request_timeout=(10, 60))
        except HTTPError as error:
            raise PodsError(f"can't {doing}: {type(error).__name__}") from None
        except ApiException as error:
            if error.status == absent:
                return None
            # It names the account and the right, or the quota.
            body = error.body or ""
            message = json.loads(body)["message"] if body[:1] == "{" else error.reason
            hint = _RIGHTS_HINT if " cannot " in message else _START_HINT
            raise PodsError(f"can't {doing}: {message}", hint) from None


def _ends(job: _Object) -> dict[str, _Object]:
    return {c.type: c for c in job.status.conditions or () if c.status == "True"}


def _ending(pod: _Object) -> str:
    states = [one.state.terminated for one in pod.status.container_statuses or ()]
    ended = [f"{one.reason}, exit status {one.exit_code}" for one in states if one]
    return ", ".join(filter(None, [pod.status.reason, *ended])) or "no reason is known"
