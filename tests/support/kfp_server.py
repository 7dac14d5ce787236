"""A server that speaks the REST API of Kubeflow Pipelines (v2beta1), for tests.

Every body and answer goes through the generated models of kfp-server-api, so it takes
and gives no other shape. What it does with them follows the Go sources of 2.5 to 2.15:
names are unique, cron has six fields and seconds first, unknown parameters are refused,
a deleted recurring run takes its running runs along, and errors look as the gateway
writes them. It also stands behind a Kubernetes API, with pods and their logs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import email.parser
import email.policy
import itertools
import json
import pathlib
import re
import threading
import urllib.parse
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import kfp_server_api as api
import yaml

ENDED = {"SUCCEEDED", "FAILED", "CANCELED"}
PROXY = r"/api/v1/namespaces/[\w-]+/services/ml-pipeline:http/proxy/*(?=/apis)"
_MODELS = api.ApiClient()
_ID = r"([\w.-]+)"
_ROUTES = [
    ("POST", r"pipelines", "create_pipeline", "V2beta1Pipeline"),
    ("POST", r"pipelines/upload_version", "upload_version", ""),
    ("POST", r"experiments", "create_experiment", "V2beta1Experiment"),
    ("POST", r"runs", "create_run", "V2beta1Run"),
    ("GET", rf"runs/{_ID}", "get_run", ""),
    ("POST", r"recurringruns", "create_schedule", "V2beta1RecurringRun"),
    ("DELETE", rf"recurringruns/{_ID}", "delete_schedule", ""),
    ("POST", rf"recurringruns/{_ID}:(enable|disable)", "switch_schedule", ""),
]
# By path: what is listed, the answer's field, and the answer's model.
_LISTS = {
    r"pipelines": ("pipelines", "pipelines", api.V2beta1ListPipelinesResponse),
    rf"pipelines/{_ID}/versions": (
        "versions",
        "pipeline_versions",
        api.V2beta1ListPipelineVersionsResponse,
    ),
    r"experiments": ("experiments", "experiments", api.V2beta1ListExperimentsResponse),
    r"runs": ("runs", "runs", api.V2beta1ListRunsResponse),
    r"recurringruns": (
        "schedules",
        "recurring_runs",
        api.V2beta1ListRecurringRunsResponse,
    ),
}


class RefusalError(Exception):
    """An answer that is none of the 2xx."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@dataclasses.dataclass
class Fault:
    """An answer, of a type and with a body, that is given instead of the right one."""

    status: int
    times: int = 1
    where: str = ""  # part of the path
    body: tuple[str, bytes] | None = None


class Kfp:
    """The server: what it knows, what tests set and look at."""

    def __init__(self) -> None:
        self.tag = "2.5.0"  # its version
        self.token = ""  # that it wants
        # Its DEFAULTPIPELINERUNNERSERVICEACCOUNT, which its compiler names and
        # recurring runs therefore keep (`v2_template.go`, to 2.16).
        self.runner_account = "pipeline-runner"
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []  # method and path
        self.killed: list[str] = []  # runs that went with their recurring run
        self.pipelines: dict[str, Any] = {}
        self.versions: dict[str, Any] = {}
        self.experiments: dict[str, Any] = {}
        self.runs: dict[str, Any] = {}
        self.schedules: dict[str, Any] = {}
        self.pods: list[dict[str, Any]] = []  # as Kubernetes has them
        self.logs: dict[str, bytes] = {}  # by pod
        self._seconds = itertools.count()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.kfp = self  # type: ignore[attr-defined]

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @contextlib.contextmanager
    def serving(self) -> Iterator[Kfp]:
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            thread.join()
            self._http.server_close()

    def kubeconfig(self, path: pathlib.Path) -> pathlib.Path:
        """Write a kubeconfig whose cluster has this server behind its proxy."""
        context = {"cluster": "c", "user": "u"}
        content = {
            "clusters": [{"name": "c", "cluster": {"server": self.host}}],
            "users": [{"name": "u", "user": {"token": "kubernetes"}}],
            "contexts": [{"name": "x", "context": context}],
            "current-context": "x",
        }
        path.write_text(yaml.safe_dump(content))
        return path

    # Pipelines and versions

    def create_pipeline(self, asked: Any) -> Any:
        if asked.display_name in {one.display_name for one in self.pipelines.values()}:
            raise RefusalError(409, f"A pipeline {asked.display_name} already exists")
        return self._add(self.pipelines, "pipeline_id", asked)

    def upload_version(self, query: dict[str, str], content: bytes) -> Any:
        names = {
            one.display_name
            for one in self.versions.values()
            if one.pipeline_id == query["pipelineid"]
        }
        if query["name"] in names:
            raise RefusalError(409, "Failed to create a pipeline version")
        documents = list(yaml.safe_load_all(content))
        made = api.V2beta1PipelineVersion(
            pipeline_id=query["pipelineid"],
            display_name=query["name"],
            pipeline_spec=dict(
                zip(("pipeline_spec", "platform_spec"), documents, strict=True)
            ),
        )
        return self._add(self.versions, "pipeline_version_id", made)

    # Experiments and runs

    def create_experiment(self, asked: Any) -> Any:
        return self._add(self.experiments, "experiment_id", asked)

    def create_run(self, asked: Any) -> Any:
        self._check_parameters(asked)
        asked.state = "PENDING"
        return self._add(self.runs, "run_id", asked)

    def get_run(self, run_id: str) -> Any:
        if run_id not in self.runs:
            raise RefusalError(404, f"Run {run_id} not found.")
        return self.runs[run_id]

    def step(self, run_id: str, name: str, state: str) -> None:
        """Let a step of a run come to a state."""
        detail = api.V2beta1PipelineTaskDetail(display_name=name, state=state)
        known = self.runs[run_id].run_details
        details = [*(known.task_details if known else []), detail]
        self.runs[run_id].run_details = api.V2beta1RunDetails(task_details=details)

    # Recurring runs

    def create_schedule(self, asked: Any) -> Any:
        self._check_parameters(asked)
        if len(asked.trigger.cron_schedule.cron.split()) != 6:
            raise RefusalError(400, "Schedule cron is not a supported format.")
        if not 1 <= int(asked.max_concurrency or 0) <= 10:
            raise RefusalError(400, "Max concurrency of a recurring run")
        asked.service_account = self.runner_account
        asked.status = "ENABLED" if asked.mode == "ENABLE" else "DISABLED"
        return self._add(self.schedules, "recurring_run_id", asked)

    def switch_schedule(self, schedule_id: str, what: str) -> None:
        self.schedules[schedule_id].status = f"{what.upper()}D"

    def delete_schedule(self, schedule_id: str) -> None:
        del self.schedules[schedule_id]
        for run in self.runs.values():
            if run.recurring_run_id == schedule_id and run.state not in ENDED:
                self.killed.append(run.run_id)

    def fire(self, schedule_id: str) -> str:
        """Let a recurring run start a run, and return its id."""
        one = self.schedules[schedule_id]
        run = self.create_run(
            api.V2beta1Run(
                display_name=f"{one.display_name}-1",
                experiment_id=one.experiment_id,
                pipeline_version_reference=one.pipeline_version_reference,
                runtime_config=one.runtime_config,
            )
        )
        run.recurring_run_id, run.state = schedule_id, "RUNNING"
        return run.run_id

    def _check_parameters(self, asked: Any) -> None:
        version = self.versions[asked.pipeline_version_reference.pipeline_version_id]
        root = version.pipeline_spec["pipeline_spec"]["root"]
        declared = root["inputDefinitions"]["parameters"]
        for name, value in (asked.runtime_config.parameters or {}).items():
            if name not in declared:
                raise RefusalError(400, f"parameter {name} is not required by pipeline")
            kind = {"STRING": str, "BOOLEAN": bool}[declared[name]["parameterType"]]
            if not isinstance(value, kind):
                raise RefusalError(400, f"input parameter {name} requires another type")

    def _add(self, table: dict[str, Any], key: str, made: Any) -> Any:
        """Keep something under an id of its own, made a second after the last."""
        start = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
        made.created_at = start + datetime.timedelta(seconds=next(self._seconds))
        number = str(uuid.uuid4())
        setattr(made, key, number)
        table[number] = made
        return made


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 2**16  # an answer in one packet, or each waits for an acknowledgement
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        kfp: Kfp = self.server.kfp  # type: ignore[attr-defined]
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kfp.requests.append((self.command, self.path))
        for fault in kfp.faults:
            if fault.times and fault.where in self.path:
                fault.times -= 1
                if fault.body:
                    self._send(fault.status, *fault.body)
                else:
                    self._refuse(RefusalError(fault.status, "as told"))
                return
        try:
            self._send(200, *self._carry_out(kfp, raw))
        except RefusalError as refusal:
            self._refuse(refusal)

    def _carry_out(self, kfp: Kfp, raw: bytes) -> tuple[str, bytes]:
        path, _, text = re.sub(PROXY, "", self.path).partition("?")
        query = dict(urllib.parse.parse_qsl(text))
        if path == "/apis/v2beta1/healthz":  # the model lacks most of it
            told = {"commit_sha": "0" * 40, "tag_name": kfp.tag, "multi_user": False}
            return "application/json", json.dumps(told).encode()
        if kfp.token and self.headers.get("Authorization") != f"Bearer {kfp.token}":
            raise RefusalError(401, "there is no user identity header")
        log = re.fullmatch(rf"/api/v1/namespaces/[\w-]+/pods/{_ID}/log", path)
        if log:
            return "text/plain", kfp.logs[log.group(1)]
        if path.endswith("/pods"):
            items = [one for one in kfp.pods if _has_labels(one, query)]
            return "application/json", json.dumps({"items": items}).encode()
        for pattern, listed in _LISTS.items():
            match = re.fullmatch(f"/apis/v2beta1/{pattern}", path)
            if match and self.command == "GET":
                return _json(_listed(kfp, match.groups(), query, *listed))
        for method, pattern, name, model in _ROUTES:
            match = re.fullmatch(f"/apis/v2beta1/{pattern}", path)
            if match and method == self.command:
                given: list[Any] = list(match.groups())
                if model:
                    given.append(_parsed(json.loads(raw), model))
                elif name == "upload_version":
                    given += [query, self._uploaded(raw)]
                return _json(getattr(kfp, name)(*given))
        raise RefusalError(404, "Not Found")

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def _uploaded(self, raw: bytes) -> bytes:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.default)
        (part,) = message.parsebytes(head + raw).iter_parts()
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        return content

    def _refuse(self, refusal: RefusalError) -> None:
        error = {"error_message": refusal.message, "error_details": "InvalidInput"}
        body = {
            "error": "InvalidInput: wrapped in Go",
            "code": 2,
            "details": [{"@type": "type.googleapis.com/api.Error", **error}],
        }
        self._send(refusal.status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # who asked may have gone
            self.wfile.write(body)
            self.wfile.flush()


@dataclasses.dataclass
class _Body:
    """What the generated client reads answers from."""

    data: str


def _parsed(body: Any, model: str) -> Any:
    """Read a body as its model; refuse what the model doesn't have, as Go does."""
    parsed = _MODELS.deserialize(_Body(json.dumps(body)), model)
    if _MODELS.sanitize_for_serialization(parsed) != body:
        raise RefusalError(400, f"unknown field or wrong type in {model}")
    return parsed


def _json(answer: Any) -> tuple[str, bytes]:
    plain = _MODELS.sanitize_for_serialization(answer) or {}
    return "application/json", json.dumps(plain).encode()


def _listed(
    kfp: Kfp,
    of: tuple[str, ...],
    query: dict[str, str],
    name: str,
    field: str,
    kind: Any,
) -> Any:
    """Return a page of a list, for versions of those of a pipeline."""
    items = [*getattr(kfp, name).values()]
    items = [one for one in items if not of or one.pipeline_id == of[0]]
    for predicate in json.loads(query.get("filter") or "{}").get("predicates", []):
        name = predicate.get("string_value", predicate.get("stringValue"))
        items = [one for one in items if getattr(one, predicate["key"]) == name]
    if "experiment_id" in query:
        items = [one for one in items if one.experiment_id == query["experiment_id"]]
    newest_first = query.get("sort_by", "").endswith("desc")
    items.sort(key=lambda one: one.created_at, reverse=newest_first)
    start, size = int(query.get("page_token") or 0), int(query.get("page_size") or 20)
    more = str(start + size) if start + size < len(items) else ""
    return kind(**{field: items[start : start + size]}, next_page_token=more)


def _has_labels(pod: dict[str, Any], query: dict[str, str]) -> bool:
    wanted = dict(one.split("=") for one in query["labelSelector"].split(","))
    return wanted.items() <= pod["metadata"]["labels"].items()
