"""`kfp.Client` for one use case, with the manners of it that scripts can't use.

The SDK's client prints links on stdout, warns, reads a file in the home folder, tries a
broken server five times in its constructor and waits for ever. Here it is quiet, gives
up in time, and each request that fails is a sentence with a hint.
"""

from __future__ import annotations

import json
import os
import pathlib
import re
import time
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

import kfp_server_api
import urllib3
from kfp.client import client as sdk
from kfp.client.token_credentials_base import TokenCredentialsBase

from components.errors import FairSiloError, SettingsError
from pipelines.kubeflow import package

TOKEN_VARIABLE = "FAIRSILO_KFP_TOKEN"  # noqa: S105  a name
ENTRA_VARIABLE = "FAIRSILO_KFP_ENTRA_SCOPE"
OLDEST_SERVER = (2, 5)
PAGE_SIZE = 100
POLL_S = 5.0
PATIENCE_S = 600.0

SUCCEEDED = "SUCCEEDED"
ENDED = frozenset({SUCCEEDED, "FAILED", "CANCELED", "SKIPPED"})

_TIMEOUTS_S = (10.0, 60.0)  # to connect, and for an answer
_ADDRESS = re.compile(r"https?://[^/@?#\s]+(/[^@?#\s]*)?")
_SECRET = re.compile(r"(?i)\b(bearer|basic)\s+\S+")
# The upload endpoint answers 400 also where the caller lacks a right.
_DENIED = re.compile(r"(?i)authoriz|permission|denied|unauthenticated")


class KubeflowError(FairSiloError):
    """A request that the server, or the way to it, refused."""


class UnreachableError(KubeflowError):
    """Nobody answered, or the server is unwell: later it may work."""


sdk.print = lambda *_: None  # links, on the stdout that scripts read


class Client(sdk.Client):  # type: ignore[misc]
    """The pipeline, runs and recurring runs of one use case on one server.

    Args:
        use_case: Name of the use case.
        host: The API's address; empty: by the kubeconfig, or inside the cluster.
        namespace: Namespace of the runs.

    Attributes:
        use_case: Likewise.
        name: Name of its pipeline and of its experiment.
        host: Likewise.

    Raises:
        SettingsError: There is no address, or none that can be used.
        KubeflowError: The server can't be reached, or is older than 2.5.
    """

    _LOCAL_KFP_CONTEXT = ""  # the file in the home folder

    def __init__(self, use_case: str, host: str, namespace: str) -> None:
        if host and not _ADDRESS.fullmatch(host):
            raise SettingsError(
                "--host: expected the plain address of the API, such as "
                "http://localhost:8888, without password, query or fragment",
                f"give a token in {TOKEN_VARIABLE}",
            )
        self.use_case = use_case
        self.name = package.pipeline_name(use_case)
        self.host = host
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(
                host=host,
                namespace=namespace,
                existing_token=os.environ.get(TOKEN_VARIABLE, "").strip() or None,
                credentials=_credentials(),
                ssl_ca_cert=os.environ.get("SSL_CERT_FILE"),
            )
        self._context_setting["namespace"] = namespace
        self._place = host or f"Kubeflow Pipelines in namespace {namespace}"
        rest = self._run_api.api_client.rest_client
        rest.request = self._checked(rest.request)
        self._check_version()

    def upload(self, path: pathlib.Path) -> tuple[str, str, bool]:
        """Upload a package as a version named by its digest, if there is none yet.

        Returns:
            Ids of pipeline and version, and whether it was uploaded now.

        Raises:
            SettingsError: The package is not one of this use case.
            KubeflowError: The server refused.
        """
        package.check(path, self.use_case)
        pipeline_id = self._pipeline_id()
        label = package.version_name(path)
        listed = self.list_pipeline_versions(pipeline_id, filter=_named(label))
        for found in listed.pipeline_versions or []:
            return pipeline_id, str(found.pipeline_version_id), False
        made = self.upload_pipeline_version(str(path), label, pipeline_id=pipeline_id)
        return pipeline_id, str(made.pipeline_version_id), True

    def experiment_id(self) -> str | None:
        """Return the id of the use case's experiment; None before its first run."""
        listed = self.list_experiments(
            filter=_named(self.name), namespace=self.get_user_namespace()
        )
        return next((one.experiment_id for one in listed.experiments or []), None)

    def newest_runs(self) -> list[Any]:
        """Return the use case's newest runs, newest first."""
        place = self.experiment_id()
        if place is None:
            return []
        listed = self.list_runs(
            experiment_id=place, sort_by="created_at desc", page_size=PAGE_SIZE
        )
        return list(listed.runs or [])

    def find_run(self, run_id: str = "") -> Any:  # noqa: ANN401  a V2beta1Run
        """Return a run; by default the use case's newest.

        Raises:
            KubeflowError: There is none.
        """
        if not run_id:
            found = self.newest_runs()
            if not found:
                raise KubeflowError(
                    f"{self._place}: found no run of `{self.use_case}` yet",
                    f"start one with `fairsilo kubeflow run {self.use_case}`",
                )
            run_id = found[0].run_id
        return self.get_run(run_id)

    def wait(self, run_id: str, on_change: Callable[[Any], None]) -> Any:  # noqa: ANN401
        """Wait until a run has ended, over restarts of the server, and return it.

        Args:
            run_id: The run.
            on_change: Called with the run each time that it was looked at.

        Raises:
            UnreachableError: The server was away for ten minutes.
            KubeflowError: It refused, for example since the token expired.
        """
        seen = time.monotonic()
        while True:
            try:
                run = self.get_run(run_id)
            except UnreachableError:
                if time.monotonic() - seen > PATIENCE_S:
                    raise
            else:
                seen = time.monotonic()
                on_change(run)
                if run.state in ENDED:
                    return run
            time.sleep(POLL_S)

    def get_kfp_healthz(self, sleep_duration: int = 0) -> Any:  # noqa: ANN401, ARG002
        """Return what the constructor asks for, without its five attempts."""
        return kfp_server_api.V2beta1GetHealthzResponse(multi_user=False)

    def _load_config(self, *args: Any) -> Any:  # noqa: ANN401
        config = super()._load_config(*args)
        if not self.host and config.host == kfp_server_api.Configuration().host:
            raise SettingsError(
                "found no address of Kubeflow Pipelines and no kubeconfig, expected "
                "one of them",
                "give --host, FAIRSILO_KFP_HOST or `kubeflow.host` in the settings, or "
                "a kubeconfig whose current context is the cluster",
            )
        if "BearerToken" in config.api_key:
            _send_kubeconfigs_token(config, config.refresh_api_key_hook)
        config.retries = False
        return config

    def _pipeline_id(self) -> str:
        """Return the pipeline's id; made empty first if it is not there.

        The upload that makes both at once names the first version after the pipeline.
        """
        namespace = self.get_user_namespace()
        listed = self.list_pipelines(filter=_named(self.name), namespace=namespace)
        for found in listed.pipelines or []:
            return str(found.pipeline_id)
        body = kfp_server_api.V2beta1Pipeline(
            display_name=self.name, namespace=namespace
        )
        made = self._pipelines_api.pipeline_service_create_pipeline(body)
        return str(made.pipeline_id)

    def _check_version(self) -> None:
        """Refuse a server that drops parts of our packages without a word."""
        answer = self._healthz_api.healthz_service_get_healthz(_preload_content=False)
        try:
            version = str(json.loads(answer.data).get("tag_name", ""))
        except (ValueError, AttributeError):
            raise KubeflowError(
                f"{self._place}: found no Kubeflow Pipelines there; a login page may "
                "stand before it",
                "give the address whose /apis/v2beta1/healthz answers with JSON, and a "
                f"token in {TOKEN_VARIABLE} where it asks for one",
            ) from None
        match = re.match(r"v?(\d+)\.(\d+)", version)
        if match and tuple(map(int, match.groups())) < OLDEST_SERVER:
            raise KubeflowError(
                f"{self._place}: found Kubeflow Pipelines {_clean(version)}, expected "
                "2.5.0 or later: older ones lose labels and retries of the steps",
                "upgrade the server",
            )

    def _checked(self, request: Callable[..., Any]) -> Callable[..., Any]:
        """Return a request that ends in time, and fails with a sentence."""

        def checked(method: str, url: str, **options: Any) -> Any:  # noqa: ANN401
            options["_request_timeout"] = _TIMEOUTS_S
            path = urllib3.util.parse_url(url).path or ""
            subject = f"{self._place}: {method} {path.partition('/v2beta1/')[2]}"
            try:
                return request(method, url, **options)
            except kfp_server_api.ApiException as error:
                if not error.status:  # no TLS, or a certificate that isn't trusted
                    _fail_unreachable(subject, str(error.reason))
                self._fail(subject, error.status, error.body or "")
            except urllib3.exceptions.HTTPError as error:
                _fail_unreachable(subject, str(error))

        return checked

    def _fail(self, subject: str, status: int, body: str | bytes) -> NoReturn:
        """Raise what an answer that is none of the 2xx means."""
        message = _message(
            body.decode(errors="replace") if isinstance(body, bytes) else body
        )
        if status == 400 and _DENIED.search(message):
            status = 403
        said = f": {message}" if message else ""
        namespace = self.get_user_namespace()
        if status >= 500:
            raise UnreachableError(
                f"{subject}: the server is unwell, status {status}{said}",
                "try again; if it stays, read its log: `kubectl logs --namespace "
                f"{namespace} deploy/ml-pipeline`",
            ) from None
        found, hint = _REFUSALS.get(
            "login" if status < 400 else str(status),
            (f"refused with status {status}", "correct what it names"),
        )
        raise KubeflowError(
            f"{subject}: {found.format(namespace=namespace)}{said}", hint
        ) from None


class _EntraCredentials(TokenCredentialsBase):  # type: ignore[misc]
    """Tokens of Entra ID, fetched anew before they expire.

    Args:
        scope: What they are for, such as `api://APP_ID/.default`.
    """

    def __init__(self, scope: str) -> None:
        try:
            from azure.identity import DefaultAzureCredential, get_bearer_token_provider
        except ImportError:
            raise SettingsError(
                f"{ENTRA_VARIABLE}: found no package azure-identity",
                "install it with `uv sync --extra azure`",
            ) from None
        self._token = get_bearer_token_provider(DefaultAzureCredential(), scope)

    def refresh_api_key_hook(self, config: Any) -> None:  # noqa: ANN401
        from azure.core.exceptions import ClientAuthenticationError

        try:
            config.api_key["authorization"] = self._token()
        except ClientAuthenticationError as error:
            raise KubeflowError(
                f"{ENTRA_VARIABLE}: Entra ID gives no token: {_clean(str(error))}",
                "sign in with `az login`, or run under a workload identity",
            ) from None


def _credentials() -> TokenCredentialsBase | None:
    """Return what gives tokens: Entra ID, or the pod's projected token."""
    scope = os.environ.get(ENTRA_VARIABLE, "").strip()
    if scope:
        return _EntraCredentials(scope)
    from kfp.client import KF_PIPELINES_SA_TOKEN_ENV, KF_PIPELINES_SA_TOKEN_PATH
    from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials

    path = os.environ.get(KF_PIPELINES_SA_TOKEN_ENV, KF_PIPELINES_SA_TOKEN_PATH)
    return (
        ServiceAccountTokenVolumeCredentials() if pathlib.Path(path).exists() else None
    )


def _send_kubeconfigs_token(config: Any, refresh: Callable[[Any], None]) -> None:  # noqa: ANN401
    """Send the kubeconfig's token, fetched anew before it expires.

    Kubernetes' client keeps it under a name that kfp-server-api doesn't look for, and
    with each token sets itself as the hook and the cluster's address without the path.
    """

    def refresh_all(held: Any) -> None:  # noqa: ANN401
        host = held.host
        refresh(held)
        held.api_key["authorization"] = held.api_key["BearerToken"]
        held.host, held.refresh_api_key_hook = host, refresh_all

    refresh_all(config)


def _named(name: str) -> str:
    """Return the listing's filter for one display name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "string_value": name}
    return json.dumps({"predicates": [predicate]})


def _fail_unreachable(subject: str, reason: str) -> NoReturn:
    raise UnreachableError(
        f"{subject}: found no answer: {_clean(reason)}",
        "check --host and that the server is up; without --host it is reached through "
        "the cluster of your kubeconfig; SSL_CERT_FILE names an authority of your own",
    ) from None


def _message(body: str) -> str:
    """Return what the server says to people, of the forms that it has."""
    try:
        answer = json.loads(body)
        forms = [*(answer.get("details") or []), answer]
    except (ValueError, AttributeError):
        return "" if "<html" in body.lower() else _clean(body)
    keys = ("error_message", "message", "error")
    found = (form[key] for form in forms for key in keys if form.get(key))
    return _clean(str(next(found, "")))


def _clean(text: str) -> str:
    """Return a text of the server's on one line, cut short, without credentials."""
    text = _SECRET.sub(r"\1 ***", " ".join(text.split()))
    return text if len(text) <= 600 else f"{text[:600]} ..."


_REFUSALS = {
    "login": (
        "the server sends to another page, most likely its login",
        f"set {TOKEN_VARIABLE} or {ENTRA_VARIABLE}; check --host",
    ),
    "401": (
        "the server wants to know who asks, or refused the token",
        f"set {TOKEN_VARIABLE} or {ENTRA_VARIABLE}, sign in to the cluster of your "
        "kubeconfig, or run in a pod with a token for pipelines.kubeflow.org",
    ),
    "403": (
        "not allowed in namespace `{namespace}`",
        "ask for the role kubeflow-pipelines-edit there; without --host also for the "
        "rights `get`, `create` and `delete` on `services/proxy` of `ml-pipeline:http`",
    ),
    "404": ("found no such thing", "check the name, --namespace and --host"),
    "409": ("changed by somebody else at the same time", "run the command again"),
}
