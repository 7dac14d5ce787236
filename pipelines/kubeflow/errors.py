"""What a server's refusal means to the person who asked, and what to do about it.

The server's own message is shown where it helps, cut short and without credentials;
headers and requests never are.
"""

from __future__ import annotations

import dataclasses
import json
import re
from http import HTTPStatus
from typing import Any

from components.errors import FairSiloError

LONGEST_MESSAGE = 600

_SECRET = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]+")
# The upload endpoint answers 400 also where the caller lacks a right.
_DENIED = re.compile(r"(?i)authoriz|permission|denied|unauthenticated")
_SERVER_LOG = "read its log: `kubectl logs --namespace NAMESPACE deploy/ml-pipeline`"


class KubeflowError(FairSiloError):
    """A request that the server, or the way to it, refused."""


class NotFoundError(KubeflowError):
    """The server knows no such thing."""


class ConflictError(KubeflowError):
    """The name is taken, or somebody else changed the thing at the same time."""


class BadRequestError(KubeflowError):
    """The server can't make sense of the request."""


class UnreachableError(KubeflowError):
    """Nobody answered, or the server is unwell: later it may work."""


class ServerFaultError(UnreachableError):
    """The server answered that it is unwell."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """What was asked of whom; each sentence names it.

    Attributes:
        host: The server's address.
        namespace: Namespace of the request.
        verb: What was to be done, as in Kubeflow's own rights: `create`, `list`.
        resource: To what, likewise: `pipelines`, `runs`, `jobs`, `experiments`.
        with_token: Whether the request carried a token.
    """

    host: str
    namespace: str
    verb: str
    resource: str
    with_token: bool = False

    def __str__(self) -> str:
        """Return the beginning of a sentence."""
        return f"{self.host}: {self.verb} {self.resource}"


def of_status(asked: Asked, status: int, body: str | None) -> KubeflowError:
    """Return the error of an answer that is none of the 2xx.

    Args:
        asked: What was asked.
        status: The answer's HTTP status.
        body: Its body.
    """
    message = _message(body)
    if status == HTTPStatus.BAD_REQUEST and _DENIED.search(message):
        status = HTTPStatus.FORBIDDEN
    if 300 <= status < 400:
        return _login_page(asked)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerFaultError(
            f"{asked}: found status {status}, a fault of the server{_said(message)}",
            f"try again; if it stays, {_SERVER_LOG}",
        )
    make = _BY_STATUS.get(status, _other)
    return make(asked, status, message)


def of_connection(asked: Asked, error: Exception) -> UnreachableError:
    """Return the error of a request that got no answer.

    Args:
        asked: What was asked.
        error: What urllib3 raised.
    """
    reason = getattr(error, "reason", None) or error
    kind = type(reason).__name__
    for name, found, hint in _NO_ANSWER:
        if kind == name:
            return UnreachableError(f"{asked}: {found}", hint)
    return UnreachableError(
        f"{asked}: found no answer: {clean(str(reason))}",
        "check --host, and that the server is up",
    )


def not_the_api(asked: Asked, found: str) -> KubeflowError:
    """Return the error of an answer that Kubeflow Pipelines' API would not give."""
    return KubeflowError(
        f"{asked}: found an answer of type {found or 'nothing'}, expected JSON: this "
        "is not the API of Kubeflow Pipelines, or a login page stands before it",
        "give the address whose /apis/v2beta1/healthz answers with JSON, and a token "
        "in FAIRSILO_KFP_TOKEN where it asks for one",
    )


def clean(text: str) -> str:
    """Return a text of the server's on one line, cut short, without credentials."""
    text = _SECRET.sub(r"\1 ***", _CONTROL.sub(" ", text)).strip()
    if len(text) <= LONGEST_MESSAGE:
        return text
    return f"{text[:LONGEST_MESSAGE]} ..."


def _message(body: str | None) -> str:
    """Return what the server says to people, of the many forms that it has."""
    try:
        answer: Any = json.loads(body or "")
    except ValueError:
        return "" if "<html" in (body or "").lower() else clean(body or "")
    if not isinstance(answer, dict):
        return clean(str(answer))
    for detail in answer.get("details") or []:
        if isinstance(detail, dict) and detail.get("error_message"):
            return clean(str(detail["error_message"]))
    for key in ("error_message", "message", "error"):
        if answer.get(key):
            return clean(str(answer[key]))
    return ""


def _said(message: str) -> str:
    return f": {message}" if message else ""


def _login_page(asked: Asked) -> KubeflowError:
    return KubeflowError(
        f"{asked}: the server sends to another page, most likely its login",
        "set FAIRSILO_KFP_TOKEN or give --entra-scope; check --host",
    )


def _unknown_caller(asked: Asked, _: int, message: str) -> KubeflowError:
    found = "refused the token, expired or made for another audience"
    if not asked.with_token:
        found = "wants to know who asks, and no token was sent"
    return KubeflowError(
        f"{asked}: the server {found}{_said(message)}",
        "set FAIRSILO_KFP_TOKEN, or give --entra-scope, or run in a pod with a token "
        "for pipelines.kubeflow.org",
    )


def _forbidden(asked: Asked, _: int, message: str) -> KubeflowError:
    return KubeflowError(
        f"{asked}: not allowed in namespace `{asked.namespace}`{_said(message)}",
        f"ask for the right `{asked.verb}` on `{asked.resource}.pipelines.kubeflow.org`"
        f" in `{asked.namespace}`, for example by the role kubeflow-pipelines-edit, "
        "or give another --namespace",
    )


def _not_found(asked: Asked, _: int, message: str) -> KubeflowError:
    return NotFoundError(
        f"{asked}: found no such thing{_said(message)}",
        "check the name, --namespace and --host",
    )


def _conflict(asked: Asked, _: int, message: str) -> KubeflowError:
    return ConflictError(
        f"{asked}: the name is taken, or was changed at the same time{_said(message)}",
        "run the command again",
    )


def _bad(asked: Asked, _: int, message: str) -> KubeflowError:
    return BadRequestError(
        f"{asked}: the server can't use the request{_said(message)}",
        "mend what it names; the server must be 2.5.0 or later",
    )


def _too_large(asked: Asked, _: int, message: str) -> KubeflowError:
    return KubeflowError(
        f"{asked}: too large for the server or a proxy before it{_said(message)}",
        "raise the body size of the ingress, or use --port-forward",
    )


def _other(asked: Asked, status: int, message: str) -> KubeflowError:
    return KubeflowError(f"{asked}: found status {status}{_said(message)}")


_BY_STATUS = {
    400: _bad,
    401: _unknown_caller,
    403: _forbidden,
    404: _not_found,
    409: _conflict,
    413: _too_large,
}
_NO_ANSWER = (
    (
        "NameResolutionError",
        "found no address of that name (DNS)",
        "check --host; names ending in .svc are known inside the cluster only: "
        "elsewhere use --port-forward",
    ),
    (
        "NewConnectionError",
        "the connection was refused: nothing listens there",
        "check --host, and that the server is up; --port-forward makes a way to it",
    ),
    (
        "ConnectTimeoutError",
        "no connection in time: a firewall may drop the packets",
        "check --host, the network and its policies",
    ),
    (
        "ReadTimeoutError",
        "connected, but no answer in time",
        f"try again, or give more time with --timeout; {_SERVER_LOG}",
    ),
    (
        "SSLError",
        "the server's certificate can't be trusted, or it speaks no TLS",
        "set SSL_CERT_FILE to the authority's certificate; check http or https",
    ),
)
