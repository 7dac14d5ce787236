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
import re
import string
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from components.errors import FairSiloError, SettingsError

SYSTEMIC = 78
"""Exit status of a process that says that no other can go on either."""
ALIVE = "/tmp/alive"  # noqa: S108  of the pod's own
"""File that a process touches at its start and whenever it gets on."""
POLL_S = 5.0  # between two looks at the Job
START_LIMIT_S = 900.0  # that may pass with no pod running and none ending
PATIENCE_S = 600.0  # that the API may be away

_Object = Any  # of the SDK, which has no types
_log = logging.getLogger(__name__)
_RIGHTS_HINT = """\
install the chart again, or add what is missing to the rules of the account's Role:
- {apiGroups: [batch], resources: [jobs], verbs: [create, get, delete]}
- {apiGroups: [""], resources: [pods], verbs: [get, list]}
- {apiGroups: [""], resources: [events], verbs: [list]}"""
_QUOTA_HINT = "run fewer pods at a time or smaller ones, or ask for a larger quota"


@dataclasses.dataclass(frozen=True)
class PodTemplate:
    """Where pods run, and what one of them sees and uses."""

    image: str
    namespace: str
    mounts: Mapping[str, str]
    """Claims of volumes, and where each is mounted: as in the step."""
    service_account: str = ""
    """Needs no rights; empty: the namespace's default."""
    azure_identity: bool = False
    """Whether pods get a token of the account's identity in Entra ID."""
    cpu: str = "2"
    memory: str = "4Gi"
    parallelism: int = 4
    """Most pods at a time."""
    retries: int = 2
    """Times that a failed pod is tried again."""
    stall_minutes: int = 30
    """A pod that has not touched `ALIVE` for so long is ended."""


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
    """Run a command in `count` pods and wait for all.

    Each finds its index, from 0, in the variable JOB_COMPLETION_INDEX.

    Args:
        command: The program and its arguments.
        count: Pods in all.
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
    import yaml

    text = pathlib.Path(__file__).with_name("job.yaml").read_text(encoding="utf-8")
    fields = dataclasses.asdict(template)
    fields |= {"command": [*command], "count": count, "owner_run": owner_run}
    fields["parallelism"] = min(template.parallelism, count)
    fields["azure_identity"] = str(template.azure_identity).lower()
    values = {name: json.dumps(value) for name, value in fields.items()}
    job: dict[str, Any] = yaml.safe_load(string.Template(text).substitute(values))
    pod = job["spec"]["template"]["spec"]
    for number, (claim, path) in enumerate(template.mounts.items()):
        name, source = f"claim-{number}", {"claimName": claim}
        pod["volumes"].append({"name": name, "persistentVolumeClaim": source})
        mount = {"name": name, "mountPath": path}
        pod["containers"][0]["volumeMounts"].append(mount)
    digest = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()
    job["metadata"]["name"] = f"fairsilo-shards-{digest[:16]}"
    return job


class _Job:
    """One Job, and the API as a pod reaches it."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        from kubernetes import client, config

        settings: _Object = client.Configuration()
        load: _Object = config.load_incluster_config
        try:
            load(settings)
        except config.ConfigException:
            raise SettingsError(
                "engine `pods`: expected a step on Kubernetes, found none around it",
                "use engine `local` here",
            ) from None
        api: _Object = client.ApiClient(settings)
        self._jobs, self._core = client.BatchV1Api(api), client.CoreV1Api(api)
        self._manifest = manifest
        self._name, self._namespace = (
            manifest["metadata"][key] for key in ("name", "namespace")
        )
        self._told: set[str] = set()

    def start(self) -> None:
        """Make the Job, or join the one that an earlier attempt has left."""
        self._manifest["metadata"]["ownerReferences"] = self._owners()
        make = self._jobs.create_namespaced_job
        while not self._ask(make, body=self._manifest, absent=409):
            found = self._read()
            if found and not found.metadata.deletion_timestamp:
                if not _condition(found, "Failed"):
                    _log.info("job %s: joined, it was there", self._name)
                    return
                self.delete()
            time.sleep(POLL_S)
        _log.info("job %s: made in namespace %s", self._name, self._namespace)

    def wait(self, on_poll: Callable[[], None]) -> dict[int, str]:
        """Wait until the Job has ended; see `run`."""
        seen, since = None, time.monotonic()
        while (job := self._read()) and not job.metadata.deletion_timestamp:
            if _condition(job, "Complete"):
                return {}
            if failed := _condition(job, "Failed"):
                return self._failures(job, failed)
            status = job.status
            state = (status.succeeded or 0, status.failed or 0, status.ready or 0)
            if state != seen:
                _log.info("pods: %d succeeded, %d failed, %d running", *state)
            if state != seen or status.ready:
                seen, since = state, time.monotonic()
            if (status.ready or 0) < job.spec.parallelism:
                self._tell_obstacles(job, time.monotonic() - since > START_LIMIT_S)
            on_poll()
            time.sleep(POLL_S)
        raise PodsError(f"job `{self._name}`: found it deleted before it was done")

    def delete(self) -> None:
        """Delete the Job, after its pods."""
        remove = self._jobs.delete_namespaced_job
        self._ask(remove, name=self._name, propagation_policy="Foreground")

    def _read(self) -> _Object:
        return self._ask(self._jobs.read_namespaced_job, name=self._name)

    def _owners(self) -> list[dict[str, str]]:
        """Return what the Job is deleted with: the workflow that owns our pod."""
        own = os.environ.get("KFP_POD_NAME") or os.environ.get("HOSTNAME", "-")
        pod = self._ask(self._core.read_namespaced_pod, name=own)
        owners = (pod and pod.metadata.owner_references) or []
        if not owners:
            _log.warning("job %s: found no workflow to be deleted with", self._name)
        return [
            {"apiVersion": o.api_version, "kind": o.kind, "name": o.name, "uid": o.uid}
            for o in owners
        ]

    def _failures(self, job: _Object, failed: _Object) -> dict[int, str]:
        if failed.reason == "PodFailurePolicy":
            raise SystemicError(
                f"job `{self._name}`: a process ended with status {SYSTEMIC}: no other "
                "can go on, so all were stopped"
            )
        if failed.reason != "FailedIndexes":
            raise PodsError(f"job `{self._name}` failed: {failed.message}")
        pods = self._pods("Failed")
        pods.sort(key=lambda pod: pod.metadata.creation_timestamp)
        key = "batch.kubernetes.io/job-completion-index"
        endings = {int(pod.metadata.annotations[key]): _ending(pod) for pod in pods}
        return {
            index: endings.get(index, "its pod is gone")
            for part in job.status.failed_indexes.split(",")
            for first, _, last in [part.partition("-")]
            for index in range(int(first), int(last or first) + 1)
        }

    def _tell_obstacles(self, job: _Object, is_late: bool) -> None:
        """Log why pods don't run, each reason once; raise it where it is late."""
        try:
            found = [why for pod in self._pods("Pending") for why in _waiting(pod)]
            if (job.status.active or 0) < job.spec.parallelism:
                fields = f"involvedObject.uid={job.metadata.uid},reason=FailedCreate"
                events = self._core.list_namespaced_event
                listed = self._ask(events, field_selector=fields).items
                # Without the pod's name, which is another each time.
                name = f'"{self._name}[^"]*" '
                found += [re.sub(name, "", event.message) for event in listed]
        except PodsError as error:
            found = [error.message]
        for reason in sorted({*found} - self._told):
            _log.warning("job %s: %s", self._name, reason)
        self._told |= {*found}
        if is_late:
            told = "; ".join(dict.fromkeys(found)) or "Kubernetes gives no reason"
            look = f"see `kubectl -n {self._namespace} describe job {self._name}`"
            hint = _QUOTA_HINT if "exceeded quota" in told else look
            raise PodsError(f"job `{self._name}`: no pod runs: {told}", hint)

    def _pods(self, phase: str) -> list[_Object]:
        listed = self._ask(
            self._core.list_namespaced_pod,
            label_selector=f"batch.kubernetes.io/job-name={self._name}",
            field_selector=f"status.phase={phase}",
        )
        return list(listed.items)

    def _ask(
        self, call: Callable[..., _Object], absent: int = 404, **given: object
    ) -> _Object:
        """Return the API's answer, None where its status is `absent`."""
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        doing = call.__name__.replace("_namespaced_", " ")
        end = time.monotonic() + PATIENCE_S
        given |= {"namespace": self._namespace, "_request_timeout": (10, 60)}
        while True:
            try:
                return call(**given)
            except (ApiException, HTTPError) as error:
                status = getattr(error, "status", None) or 0
                if status == absent:
                    return None
                if 400 <= status < 500 and status != 429:
                    raise _refusal(doing, error) from None
                if time.monotonic() > end:
                    raise PodsError(f"can't {doing}: the API stays away") from None
                _log.info("can't %s now: %s", doing, status or type(error).__name__)
            time.sleep(POLL_S)


def _refusal(doing: str, error: _Object) -> PodsError:
    """Return what the API refused: its sentence names the account, or the quota."""
    try:
        message = json.loads(error.body)["message"]
    except (ValueError, KeyError, TypeError):
        message = error.reason
    hint = _QUOTA_HINT if "exceeded quota" in message else _RIGHTS_HINT
    return PodsError(f"can't {doing}: {message}", hint if error.status == 403 else "")


def _condition(job: _Object, kind: str) -> _Object:
    found = (one for one in job.status.conditions or () if one.type == kind)
    return next((one for one in found if one.status == "True"), None)


def _waiting(pod: _Object) -> list[str]:
    """Return why a pod does not run yet."""
    states = [one.state.waiting for one in pod.status.container_statuses or ()]
    conditions = pod.status.conditions or ()
    found = [one for one in conditions if one.reason == "Unschedulable"]
    found += [one for one in states if one]
    return [": ".join(filter(None, (one.reason, one.message))) for one in found]


def _ending(pod: _Object) -> str:
    states = [one.state.terminated for one in pod.status.container_statuses or ()]
    ended = [f"{one.reason}, exit status {one.exit_code}" for one in states if one]
    return ", ".join(filter(None, [pod.status.reason, *ended])) or "no reason is known"
