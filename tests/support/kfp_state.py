"""What the test's server knows: pipelines, experiments, runs, recurring runs."""

from __future__ import annotations

import base64
import datetime
import itertools
import json
import uuid
from typing import Any

import kfp_server_api as api
import yaml
from cronsim import CronSim, CronSimError

from tests.support.kfp_nodes import Workflow

ENDED = {"SUCCEEDED", "FAILED", "CANCELED"}
_TYPES = {
    "STRING": str,
    "BOOLEAN": bool,
    "NUMBER_INTEGER": int | float,
    "NUMBER_DOUBLE": int | float,
}


class RefusalError(Exception):
    """An answer that is none of the 2xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


class State:
    """The server's content.

    Attributes:
        tag: Its version.
        multi_user: Whether namespaces count.
        killed: Runs that went with their recurring run.
        runner_account: Its DEFAULTPIPELINERUNNERSERVICEACCOUNT, which its compiler
            names and recurring runs therefore keep (`v2_template.go`, to 2.16).
    """

    def __init__(self) -> None:
        self.tag = "2.5.0"
        self.multi_user = False
        self.runner_account = "pipeline-runner"
        self.killed: list[str] = []
        self.pipelines: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        self.packages: dict[str, list[Any]] = {}
        self.experiments: dict[str, Any] = {}
        self.runs: dict[str, Any] = {}
        self.workflows: dict[str, Workflow] = {}
        self.jobs: dict[str, Any] = {}
        self._seconds = itertools.count()

    def healthz(self) -> bytes:
        """Answer as the server's `main.go` does; the models lack most of it."""
        told = {"commit_sha": "0" * 40, "tag_name": self.tag}
        return json.dumps({**told, "multi_user": self.multi_user}).encode()

    # Pipelines and versions

    def create_pipeline(self, asked: Any) -> Any:
        namespace = self._namespace(asked.namespace)
        taken = [(p.display_name, p.namespace) for p in self.pipelines.values()]
        if not asked.display_name:
            raise RefusalError(400, "pipeline's name cannot be empty")
        if (asked.display_name, namespace) in taken:
            raise RefusalError(409, f"A pipeline {asked.display_name} already exists")
        made = api.V2beta1Pipeline(
            pipeline_id=str(uuid.uuid4()),
            display_name=asked.display_name,
            namespace=namespace,
            created_at=self._now(),
        )
        self.pipelines[made.pipeline_id] = made
        return made

    def list_pipelines(self, query: dict[str, str]) -> Any:
        namespace = self._namespace(query.get("namespace"))
        mine = [p for p in self.pipelines.values() if p.namespace == namespace]
        return self._listed(mine, query, "pipelines", api.V2beta1ListPipelinesResponse)

    def upload_version(self, query: dict[str, str], file: str, content: bytes) -> Any:
        if not file.endswith((".yaml", ".yml")):
            raise RefusalError(400, "Failed to create a pipeline version")
        pipeline = self._get(self.pipelines, query.get("pipelineid", ""), "Pipeline")
        name = query.get("name") or file
        if len(name) > 127:
            raise RefusalError(400, "PipelineVersion.Name length cannot exceed 127")
        siblings = self._versions_of(pipeline.pipeline_id)
        if name in {one.display_name for one in siblings}:
            raise RefusalError(409, "Failed to create a pipeline version")
        documents = list(yaml.safe_load_all(content))
        made = api.V2beta1PipelineVersion(
            pipeline_id=pipeline.pipeline_id,
            pipeline_version_id=str(uuid.uuid4()),
            display_name=name,
            description=query.get("description"),
            created_at=self._now(),
            pipeline_spec=_specification(documents),
        )
        self.versions[made.pipeline_version_id] = made
        self.packages[made.pipeline_version_id] = documents
        return made

    def list_versions(self, pipeline_id: str, query: dict[str, str]) -> Any:
        mine = self._versions_of(pipeline_id)
        kind = api.V2beta1ListPipelineVersionsResponse
        return self._listed(mine, query, "pipeline_versions", kind)

    def get_version(self, pipeline_id: str, version_id: str) -> Any:
        found = self._get(self.versions, version_id, "PipelineVersion")
        if found.pipeline_id != pipeline_id:
            raise RefusalError(404, f"PipelineVersion {version_id} not found.")
        return found

    # Experiments

    def create_experiment(self, asked: Any) -> Any:
        namespace = self._namespace(asked.namespace)
        taken = {(e.display_name, e.namespace) for e in self.experiments.values()}
        if (asked.display_name, namespace) in taken:
            raise RefusalError(
                409, f"The experiment {asked.display_name} already exists"
            )
        made = api.V2beta1Experiment(
            experiment_id=str(uuid.uuid4()),
            display_name=asked.display_name,
            namespace=namespace,
            created_at=self._now(),
            storage_state="AVAILABLE",
        )
        self.experiments[made.experiment_id] = made
        return made

    def list_experiments(self, query: dict[str, str]) -> Any:
        namespace = self._namespace(query.get("namespace"))
        mine = [e for e in self.experiments.values() if e.namespace == namespace]
        kind = api.V2beta1ListExperimentsResponse
        return self._listed(mine, query, "experiments", kind)

    # Runs

    def create_run(self, asked: Any) -> Any:
        self._get(self.experiments, asked.experiment_id, "Experiment")
        documents = self._package(asked)
        _check_parameters(documents[0], asked.runtime_config)
        asked.run_id = str(uuid.uuid4())
        asked.created_at = asked.scheduled_at = self._now()
        asked.state, asked.storage_state = "PENDING", "AVAILABLE"
        self.runs[asked.run_id] = asked
        name = documents[0]["pipelineInfo"]["name"]
        self.workflows[asked.run_id] = Workflow(f"{name}-{asked.run_id[:5]}", documents)
        return asked

    def get_run(self, run_id: str) -> Any:
        run = self._get(self.runs, run_id, "Run")
        run.run_details = self.workflows[run_id].details(run_id)
        return run

    def list_runs(self, query: dict[str, str]) -> Any:
        place = query.get("experiment_id")
        mine = [r for r in self.runs.values() if place in {None, r.experiment_id}]
        return self._listed(mine, query, "runs", api.V2beta1ListRunsResponse)

    def read_artifact(self, run_id: str, node: str, name: str) -> Any:
        self._get(self.runs, run_id, "Run")
        found = self.workflows[run_id].archived.get(node)
        if name != "main-logs" or found is None:
            raise RefusalError(404, f"artifact runs/{run_id}/nodes/{node} not found.")
        data = base64.b64encode(found).decode()
        return api.V2beta1ReadArtifactResponse(data=data)

    def read_log(self, run_id: str, pod: str) -> bytes:
        if run_id not in self.runs or pod not in self.workflows[run_id].pods:
            raise RefusalError(500, f"Failed to read logs for run {run_id}")
        return self.workflows[run_id].pods[pod]

    def end(self, run_id: str, state: str) -> None:
        """Let a run end."""
        self.runs[run_id].state = state
        self.runs[run_id].finished_at = self._now()

    # Recurring runs

    def create_job(self, asked: Any) -> Any:
        self._get(self.experiments, asked.experiment_id, "Experiment")
        if not asked.display_name:
            raise RefusalError(400, "Recurring run's name cannot be empty")
        if not 1 <= int(asked.max_concurrency or 0) <= 10:
            raise RefusalError(
                400, "Max concurrency of a recurring run must be at leas 1"
            )
        if len(asked.description or "") > 255:
            raise RefusalError(500, "Data too long for column 'Description'")
        _check_cron(asked.trigger.cron_schedule.cron)
        _check_parameters(self._package(asked)[0], asked.runtime_config)
        asked.recurring_run_id = str(uuid.uuid4())
        asked.created_at = asked.updated_at = self._now()
        asked.service_account = self.runner_account
        asked.status = "ENABLED" if asked.mode == "ENABLE" else "DISABLED"
        self.jobs[asked.recurring_run_id] = asked
        return asked

    def list_jobs(self, query: dict[str, str]) -> Any:
        place = query.get("experiment_id")
        mine = [j for j in self.jobs.values() if place in {None, j.experiment_id}]
        kind = api.V2beta1ListRecurringRunsResponse
        return self._listed(mine, query, "recurring_runs", kind)

    def enable_job(self, job_id: str) -> None:
        job = self._get(self.jobs, job_id, "Job")
        job.mode, job.status = "ENABLE", "ENABLED"

    def disable_job(self, job_id: str) -> None:
        job = self._get(self.jobs, job_id, "Job")
        job.mode, job.status = "DISABLE", "DISABLED"

    def delete_job(self, job_id: str) -> None:
        self._get(self.jobs, job_id, "Job")
        del self.jobs[job_id]
        for run in self.runs.values():
            if run.recurring_run_id == job_id and run.state not in ENDED:
                self.killed.append(run.run_id)

    def fire(self, job_id: str) -> str:
        """Let a recurring run start a run, and return its id."""
        job = self.jobs[job_id]
        run = self.create_run(
            api.V2beta1Run(
                display_name=f"{job.display_name}-1",
                experiment_id=job.experiment_id,
                pipeline_version_reference=job.pipeline_version_reference,
                runtime_config=job.runtime_config,
            )
        )
        run.recurring_run_id, run.state = job_id, "RUNNING"
        return run.run_id

    def _versions_of(self, pipeline_id: str) -> list[Any]:
        return [v for v in self.versions.values() if v.pipeline_id == pipeline_id]

    def _package(self, asked: Any) -> list[Any]:
        reference = asked.pipeline_version_reference
        if reference is None:
            raise RefusalError(400, "Failed to parse the pipeline source")
        version = self._get(
            self.versions, reference.pipeline_version_id, "PipelineVersion"
        )
        if version.pipeline_id != reference.pipeline_id:
            raise RefusalError(400, "Pipeline version belongs to another pipeline")
        return self.packages[version.pipeline_version_id]

    def _namespace(self, given: str | None) -> str:
        """Servers for a single user ignore namespaces; others want one."""
        if not self.multi_user:
            return ""
        if not given:
            raise RefusalError(400, "Namespace cannot be empty in multi-user mode")
        return given

    def _now(self) -> datetime.datetime:
        """Return a later second each time."""
        start = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
        return start + datetime.timedelta(seconds=next(self._seconds))

    @staticmethod
    def _get(known: dict[str, Any], key: str, kind: str) -> Any:
        if key not in known:
            raise RefusalError(404, f"{kind} {key} not found.")
        return known[key]

    @staticmethod
    def _listed(items: list[Any], query: dict[str, str], field: str, kind: Any) -> Any:
        for predicate in json.loads(query.get("filter") or "{}").get("predicates", []):
            items = [one for one in items if _matches(one, predicate)]
        key, _, order = query.get("sort_by", "created_at").partition(" ")
        items = sorted(
            items, key=lambda one: getattr(one, key), reverse=order == "desc"
        )
        size = min(int(query.get("page_size") or 20), 200)
        token = query.get("page_token")
        start = json.loads(base64.b64decode(token))["offset"] if token else 0
        more = {"offset": start + size}
        following = base64.b64encode(json.dumps(more).encode()).decode()
        return kind(
            **{field: items[start : start + size]},
            total_size=len(items),
            next_page_token=following if start + size < len(items) else "",
        )


def _matches(one: Any, predicate: dict[str, Any]) -> bool:
    """Apply a predicate, read as its model reads it."""
    asked = api.V2beta1Predicate(**predicate)
    value = getattr(one, asked.key)
    if asked.operation == "EQUALS":
        return value == asked.string_value
    if asked.operation == "IS_SUBSTRING":
        return asked.string_value in value
    raise RefusalError(400, f"unsupported operation {asked.operation}")


def _specification(documents: list[Any]) -> dict[str, Any]:
    if not documents or "root" not in documents[0]:
        raise RefusalError(400, "unknown template format: invalid v2 pipeline spec")
    if len(documents) == 1:
        return documents[0]
    return {"pipeline_spec": documents[0], "platform_spec": documents[1]}


def _check_parameters(spec: dict[str, Any], runtime: Any) -> None:
    declared = spec["root"].get("inputDefinitions", {}).get("parameters", {})
    for name, value in ((runtime and runtime.parameters) or {}).items():
        if name not in declared:
            raise RefusalError(
                400, f"parameter {name} provided is not required by pipeline"
            )
        kind = declared[name]["parameterType"]
        wrong = isinstance(value, bool) and kind != "BOOLEAN"
        if wrong or not isinstance(value, _TYPES[kind]):
            raise RefusalError(400, f"input parameter {name} requires type {kind}")


def _check_cron(expression: str) -> None:
    """Refuse what robfig/cron refuses; five fields are read as seconds first."""
    fields = expression.split()
    what = "Schedule cron is not a supported format. Error:"
    if len(fields) not in {5, 6}:
        raise RefusalError(400, f"{what} Expected 5 to 6 fields, found {len(fields)}")
    six = " ".join([*fields, "*"][:6])
    try:
        CronSim(six, datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    except CronSimError as error:
        raise RefusalError(400, f"{what} {error}") from None
