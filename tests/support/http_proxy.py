"""A proxy on loopback that counts requests, and answers or breaks some of them."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import http.server
import socket
import threading
from collections.abc import Callable, Iterator


@dataclasses.dataclass
class Request:
    """A request that went through, or would have."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    answered: int = 0  # bytes of the answer's body


@dataclasses.dataclass
class Answer:
    """An answer in the server's place."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


class Cut:
    """Send the server half of the request's body, then end both connections."""


@dataclasses.dataclass
class Proxy:
    """The proxy: its port, what went through, and who may answer first."""

    upstream: int
    port: int = 0
    requests: list[Request] = dataclasses.field(default_factory=list)
    instead: Callable[[Request], Answer | Cut | None] = lambda _: None

    def of(self, method: str) -> list[Request]:
        """Return the requests of a method."""
        return [one for one in self.requests if one.method == method]


@contextlib.contextmanager
def proxy(upstream: int) -> Iterator[Proxy]:
    """Pass requests on to a port of loopback."""
    through = Proxy(upstream)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one_request(self):
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()

        def _pass(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            request = Request(self.command, self.path, dict(self.headers), body)
            through.requests.append(request)
            answer = through.instead(request)
            if isinstance(answer, Cut):
                _send_half(through.upstream, request)
                self.close_connection = True
                return
            if answer is None:
                answer = _ask(through.upstream, request)
            request.answered = len(answer.body)
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.close_connection = answer.headers.get("Connection") == "close"
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_PUT = do_HEAD = do_DELETE = _pass  # noqa: N815

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    through.port = server.server_port
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}
    )
    thread.start()
    try:
        yield through
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _ask(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request(
            request.method, request.path, request.body, dict(request.headers)
        )
        answer = connection.getresponse()
        hop = {"transfer-encoding", "connection", "keep-alive"}
        headers = {k: v for k, v in answer.getheaders() if k.lower() not in hop}
        names = {name.lower(): name for name in headers}
        if "content-length" in names:
            headers["Content-Length"] = headers.pop(names["content-length"])
        return Answer(answer.status, headers, answer.read())
    finally:
        connection.close()


def _send_half(port: int, request: Request) -> None:
    lines = [f"{request.method} {request.path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    with socket.create_connection(("127.0.0.1", port)) as server:
        server.sendall("\r\n".join([*lines, "", ""]).encode())
        server.sendall(request.body[: len(request.body) // 2])
