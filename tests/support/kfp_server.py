"""A server that speaks the REST API of Kubeflow Pipelines (v2beta1), for tests.

Every request and answer goes through the generated models of kfp-server-api, so it
takes and gives no other shape. What it does with them follows the Go sources of 2.5 to
2.15: names are unique, cron has six fields and seconds first, unknown parameters are
refused, a deleted recurring run takes its running runs along, and errors look as the
gateway writes them. `tests/support/kfp_state.py` holds what it knows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.parser
import email.policy
import json
import re
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import kfp_server_api

from tests.support.kfp_state import RefusalError, State

_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 409: 6, 500: 13, 503: 14}
_MODELS = kfp_server_api.ApiClient()
_ID = r"([\w.-]+)"
_ROUTES = [
    ("POST", r"pipelines", "create_pipeline", "pipelines"),
    ("GET", r"pipelines", "list_pipelines", "pipelines"),
    ("POST", r"pipelines/upload_version", "upload_version", "pipelines"),
    ("GET", rf"pipelines/{_ID}/versions", "list_versions", "pipelines"),
    ("GET", rf"pipelines/{_ID}/versions/{_ID}", "get_version", "pipelines"),
    ("POST", r"experiments", "create_experiment", "experiments"),
    ("GET", r"experiments", "list_experiments", "experiments"),
    ("POST", r"runs", "create_run", "runs"),
    ("GET", r"runs", "list_runs", "runs"),
    ("GET", rf"runs/{_ID}", "get_run", "runs"),
    ("GET", rf"runs/{_ID}/nodes/{_ID}/artifacts/{_ID}:read", "read_artifact", "runs"),
    ("POST", r"recurringruns", "create_job", "jobs"),
    ("GET", r"recurringruns", "list_jobs", "jobs"),
    ("DELETE", rf"recurringruns/{_ID}", "delete_job", "jobs"),
    ("POST", rf"recurringruns/{_ID}:enable", "enable_job", "jobs"),
    ("POST", rf"recurringruns/{_ID}:disable", "disable_job", "jobs"),
]
_BODIES = {
    "create_pipeline": "V2beta1Pipeline",
    "create_experiment": "V2beta1Experiment",
    "create_run": "V2beta1Run",
    "create_job": "V2beta1RecurringRun",
}


@dataclasses.dataclass
class Fault:
    """An answer that is given instead of the right one.

    Attributes:
        status: HTTP status.
        times: How often.
        where: Part of the path.
        body: What is sent, with its type.
        method: Of requests with this method only; empty: of all.
        after: Whether the request is carried out nevertheless.
    """

    status: int
    times: int = 1
    where: str = ""
    body: tuple[str, bytes] | None = None
    method: str = ""
    after: bool = False


@dataclasses.dataclass
class Request:
    """What was asked.

    Attributes:
        method: HTTP method.
        path: Path without the query.
        query: The query.
        body: The JSON body, if it had one.
        token: What was sent as `Authorization`.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    token: str


class Kfp:
    """The server, and what tests set and look at.

    Attributes:
        state: What it knows.
        token: Token that it wants; empty: none.
        forbidden: Rights that nobody has: `create runs`.
        faults: Wrong answers to give.
        delay_s: Seconds before each answer.
        requests: All that was asked, in order.

    Args:
        tls: Certificate to speak TLS with; None: plain HTTP.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.state = State()
        self.token = ""
        self.forbidden: set[str] = set()
        self.faults: list[Fault] = []
        self.delay_s = 0.0
        self.requests: list[Request] = []
        self.lock = threading.RLock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.kfp = self  # type: ignore[attr-defined]
        self._scheme = "https" if tls else "http"
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)

    @property
    def port(self) -> int:
        return self._http.server_address[1]

    @property
    def host(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def asked(self, method: str, part: str = "") -> list[Request]:
        """Return the requests of a method whose path has a part."""
        return [
            one for one in self.requests if one.method == method and part in one.path
        ]

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 2**16  # an answer in one packet, or each waits for an acknowledgement
    disable_nagle_algorithm = True
    kfp: Kfp

    def setup(self) -> None:
        self.kfp = self.server.kfp  # type: ignore[attr-defined]
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        token = self.headers.get("Authorization") or ""
        multipart = "multipart" in (self.headers.get("Content-Type") or "")
        body = json.loads(raw) if raw and not multipart else None
        asked = Request(self.command, url.path, query, body, token)
        with self.kfp.lock:
            self.kfp.requests.append(asked)
        time.sleep(self.kfp.delay_s)
        fault = self._fault(asked)
        if fault and not fault.after:
            self._send_fault(fault)
            return
        try:
            with self.kfp.lock:
                kind, answer = self._carry_out(asked, raw)
        except RefusalError as refusal:
            self._refuse(refusal, url.path)
            return
        if fault:
            self._send_fault(fault)
        else:
            self._send(200, kind, answer)

    def _fault(self, asked: Request) -> Fault | None:
        for fault in self.kfp.faults:
            mine = fault.where in asked.path and fault.method in {"", asked.method}
            if fault.times and mine:
                fault.times -= 1
                return fault
        return None

    def _send_fault(self, fault: Fault) -> None:
        if fault.body:
            self._send(fault.status, *fault.body)
        else:
            self._refuse(RefusalError(fault.status, "as told"), "")

    def _carry_out(self, asked: Request, raw: bytes) -> tuple[str, bytes]:
        if asked.path == "/apis/v2beta1/healthz":
            return "application/json", self.kfp.state.healthz()
        if self.kfp.token and asked.token != f"Bearer {self.kfp.token}":
            raise RefusalError(
                401, "Request header error: there is no user identity header"
            )
        log = re.fullmatch(rf"/apis/v1alpha1/runs/{_ID}/nodes/{_ID}/log", asked.path)
        if log:
            return "text/plain", self.kfp.state.read_log(*log.groups())
        for method, pattern, name, resource in _ROUTES:
            match = re.fullmatch(f"/apis/v2beta1/{pattern}", asked.path)
            if match and method == asked.method:
                self._check_right(name, resource)
                answer = self._call(name, match.groups(), asked, raw)
                return "application/json", json.dumps(answer).encode()
        raise RefusalError(404, "Not Found")

    def _check_right(self, name: str, resource: str) -> None:
        verb = name.partition("_")[0].replace("upload", "create")
        if f"{verb} {resource}" not in self.kfp.forbidden:
            return
        sentence = f"User 'ann' is not authorized with reason: ({verb} {resource})"
        # The upload endpoint answers 400 here, the others 403.
        raise RefusalError(400 if name == "upload_version" else 403, sentence)

    def _call(
        self, name: str, places: tuple[str, ...], asked: Request, raw: bytes
    ) -> Any:
        method = getattr(self.kfp.state, name)
        if name == "upload_version":
            given: list[Any] = [asked.query, *self._uploaded(raw)]
        elif name in _BODIES:
            given = [_parsed(asked.body, _BODIES[name])]
        elif name.startswith("list"):
            given = [*places, asked.query]
        else:
            given = list(places)
        return _MODELS.sanitize_for_serialization(method(*given)) or {}

    def _uploaded(self, raw: bytes) -> tuple[str, bytes]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        parser = email.parser.BytesParser(policy=email.policy.default)
        for part in parser.parsebytes(head + raw).iter_parts():
            if part.get_param("name", header="content-disposition") == "uploadfile":
                content = part.get_payload(decode=True)
                if isinstance(content, bytes):
                    return part.get_filename() or "", content
        raise RefusalError(400, "Failed to read pipeline from file")

    def _refuse(self, refusal: RefusalError, path: str) -> None:
        body: dict[str, Any] = {
            "error_message": refusal.message,
            "error_details": f"InvalidInputError: {refusal.message}",
        }
        if "/upload" not in path and "/log" not in path:
            details = [{"@type": "type.googleapis.com/api.Error", **body}]
            text = f"{body['error_details']}: wrapped in Go"
            code = _CODES.get(refusal.status, 2)
            body = {"error": text, "code": code, "message": text, "details": details}
        self._send(refusal.status, "application/json", json.dumps(body).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", "/login")
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
