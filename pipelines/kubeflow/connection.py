"""One server of Kubeflow Pipelines, asked through its generated client.

Not through `kfp.client.Client`: that prints to stdout, which scripts read; takes
namespace and cookies from a file in the home folder and writes it; and tries a broken
server five times over twenty-five seconds in its constructor. What it adds on top of
the generated client (names to ids, get or create) is little and stands here, in
`versions.py`, `experiments.py` and `runs.py`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import kfp_server_api
import urllib3

from components.errors import SettingsError
from pipelines.kubeflow import errors
from pipelines.kubeflow.credentials import Credentials

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 60.0
PAGE_SIZE = 100
OLDEST_SERVER = (2, 5)

_UNWELL = (500, 502, 503, 504)
_RETRIES = 3
_BACKOFF_S = 0.5
_ANSWER_ITEMS = {
    "pipelines": "pipelines",
    "versions": "pipeline_versions",
    "experiments": "experiments",
    "runs": "runs",
    "jobs": "recurring_runs",
}


@dataclasses.dataclass(frozen=True)
class Server:
    """Where the server is, and who asks.

    Attributes:
        host: Address of the API, such as `http://localhost:8888`.
        namespace: Namespace of pipelines and runs; servers for a single user ignore it.
        credentials: Where tokens come from; None sends none.
        timeout_s: Most seconds to wait for an answer.
        backoff_s: Seconds before a read is tried a third time; doubles from there.
        ui: Address of the UI; empty where it is not known.
    """

    host: str
    namespace: str
    credentials: Credentials | None = dataclasses.field(default=None, repr=False)
    timeout_s: float = READ_TIMEOUT_S
    backoff_s: float = _BACKOFF_S
    ui: str = ""

    def __post_init__(self) -> None:
        """Refuse an address that is none."""
        url = urllib3.util.parse_url(self.host)
        if url.scheme not in {"http", "https"} or not url.host:
            raise SettingsError(
                f"--host: found {errors.clean(self.host)!r}, expected an address such "
                "as http://localhost:8888"
            )
        if url.auth or url.query or url.fragment:
            raise SettingsError(
                "--host: found a password, query or fragment in it, expected the plain "
                "address of the API",
                "give a token in FAIRSILO_KFP_TOKEN",
            )


@contextlib.contextmanager
def _translated(asked: errors.Asked) -> Iterator[None]:
    """Turn what the generated client and urllib3 raise into sentences."""
    try:
        yield
    except kfp_server_api.ApiException as error:
        raise errors.of_status(asked, error.status or 0, _text(error.body)) from None
    except UnicodeDecodeError as error:
        # The client decodes a refusal's body as UTF-8, whatever it is.
        refusal = error.__context__
        if not isinstance(refusal, kfp_server_api.ApiException):
            raise
        raise errors.of_status(asked, refusal.status, None) from None
    except urllib3.exceptions.HTTPError as error:
        raise errors.of_connection(asked, error) from None


def _text(body: str | bytes | None) -> str:
    return body.decode(errors="replace") if isinstance(body, bytes) else body or ""


class Connection:
    """The API of one server; reads are tried again while it is unwell.

    Args:
        server: Where it is, and who asks.

    Attributes:
        server: Likewise.
        pipelines: Generated API of pipelines and their versions.
        uploads: Of uploading packages.
        experiments: Of experiments.
        runs: Of runs.
        jobs: Of recurring runs; `jobs` is their name in Kubeflow's rights.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        again = urllib3.Retry(
            total=None,
            connect=0,
            read=1,
            redirect=0,
            other=0,
            status=_RETRIES,
            status_forcelist=_UNWELL,
            allowed_methods=["GET"],
            backoff_factor=server.backoff_s,
            raise_on_status=False,
            raise_on_redirect=False,
        )
        self._client = self._make(again)
        self._client_once = self._make(again.new(status_forcelist=()))
        self.pipelines = kfp_server_api.PipelineServiceApi(self._client)
        self.uploads = kfp_server_api.PipelineUploadServiceApi(self._client)
        self.experiments = kfp_server_api.ExperimentServiceApi(self._client)
        self.runs = kfp_server_api.RunServiceApi(self._client)
        self.jobs = kfp_server_api.RecurringRunServiceApi(self._client)

    def call(
        self,
        verb: str,
        resource: str,
        method: Callable[..., Any],
        *arguments: Any,  # noqa: ANN401  the generated client has no types
        **options: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Ask the server for something.

        Args:
            verb: What is done, as in Kubeflow's rights.
            resource: To what, likewise.
            method: Method of a generated API.
            arguments: Its arguments.
            options: Its options; None stands for none.

        Raises:
            KubeflowError: The server refused, or nobody answered.
        """
        asked = self._asked(verb, resource)
        given = {name: value for name, value in options.items() if value is not None}
        with _translated(asked):
            answer = method(*arguments, **given, _request_timeout=self._timeouts())
        kind = str(self._client.last_response.getheader("content-type") or "")
        if "json" not in kind:
            raise errors.not_the_api(asked, kind)
        return answer

    def pages(
        self,
        resource: str,
        method: Callable[..., Any],
        *arguments: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> Iterator[Any]:
        """Yield all items of a listing, page by page.

        Args:
            resource: `pipelines`, `versions`, `experiments`, `runs` or `jobs`.
            method: The generated API's method that lists them.
            arguments: Its arguments.
            options: Its options.
        """
        options = {"page_size": PAGE_SIZE, **options}
        asked = "pipelines" if resource == "versions" else resource
        while True:
            answer = self.call("list", asked, method, *arguments, **options)
            yield from getattr(answer, _ANSWER_ITEMS[resource]) or []
            if not answer.next_page_token:
                return
            options["page_token"] = answer.next_page_token

    def stream(self, resource: str, path: str, **places: str) -> Iterator[bytes]:
        """Yield the raw answer of a path that the generated client doesn't know.

        Args:
            resource: What is read.
            path: With `{name}` for each of `places`.
            places: What stands in the path.

        Raises:
            KubeflowError: The server refused, or nobody answered.
        """
        with _translated(self._asked("get", resource)):
            answer = self._client_once.call_api(
                path,
                "GET",
                path_params=places,
                header_params={"Accept": "*/*"},
                auth_settings=["Bearer"],
                _return_http_data_only=True,
                _preload_content=False,
                _request_timeout=self._timeouts(),
            )
            yield from answer.stream(2**16)

    def plain(self, answer: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return an answer as JSON has it."""
        told: dict[str, Any] = self._client.sanitize_for_serialization(answer)
        return told

    def check_version(self) -> None:
        """Refuse a server that would drop parts of our packages in silence.

        Raises:
            KubeflowError: It is older than 2.5.
        """
        raw = b"".join(self.stream("pipelines", "/apis/v2beta1/healthz"))
        asked = self._asked("get", "version")
        try:
            found = str(json.loads(raw).get("tag_name", ""))
        except (ValueError, AttributeError):
            raise errors.not_the_api(asked, "no healthz") from None
        match = re.match(r"v?(\d+)\.(\d+)", found)
        if match and tuple(map(int, match.groups())) < OLDEST_SERVER:
            raise errors.KubeflowError(
                f"{asked}: found Kubeflow Pipelines {errors.clean(found)}, expected "
                "2.5.0 or later: older ones lose labels and retries of the steps",
                "upgrade the server",
            )

    def _make(self, retries: urllib3.Retry) -> Any:  # noqa: ANN401
        configuration = kfp_server_api.Configuration(host=self.server.host.rstrip("/"))
        configuration.retries = retries
        configuration.ssl_ca_cert = os.environ.get("SSL_CERT_FILE")
        credentials = self.server.credentials
        if credentials is not None:
            # The hook is asked at each request, and only where a key is there already.
            configuration.api_key["authorization"] = "none yet"
            configuration.api_key_prefix["authorization"] = "Bearer"

            def refresh(held: Any) -> None:  # noqa: ANN401
                held.api_key["authorization"] = credentials.token()

            configuration.refresh_api_key_hook = refresh
        return kfp_server_api.ApiClient(configuration)

    def _timeouts(self) -> tuple[float, float]:
        return (min(CONNECT_TIMEOUT_S, self.server.timeout_s), self.server.timeout_s)

    def _asked(self, verb: str, resource: str) -> errors.Asked:
        return errors.Asked(
            self.server.host,
            self.server.namespace,
            verb,
            resource,
            self.server.credentials is not None,
        )
