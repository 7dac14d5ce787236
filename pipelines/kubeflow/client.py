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
_LOGIN = (
    f"set {TOKEN_VARIABLE} or {ENTRA_VARIABLE}, sign in to the cluster of your "
    "kubeconfig, or run in a pod with a token for pipelines.kubeflow.org; check --host"
)
_RIGHTS = (
    "ask for the role kubeflow-pipelines-edit there; without --host also for the "
    "rights `get`, `create` and `delete` on `services/proxy` of `ml-pipeline:http`"
)


class KubeflowError(FairSiloError):
    """A request that the server, or the way to it, refused."""


class UnreachableError(KubeflowError):
    """Nobody answered, or the server is unwell: later it may work."""


sdk.print = lambda *_: None  # links, on the stdout that scripts read


class Client(sdk.Client):  # type: ignore[misc]
    """The pipeline, runs and recurring runs of one use case on one server.

    Its `name` is that of the pipeline and of the experiment. Without a host, the way
    is that of the kubeconfig, or inside the cluster.

    Raises:
        SettingsError: There is no address, or none that can be used.
        KubeflowError: The server can't be reached, or is older than 2.5.
    """

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
        self._namespace = namespace
        self._place = host or f"Kubeflow Pipelines in namespace {namespace}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            super().__init__(
                host=host,
                namespace=namespace,
                existing_token=os.environ.get(TOKEN_VARIABLE, "").strip() or None,
                credentials=_credentials(),
                ssl_ca_cert=os.environ.get("SSL_CERT_FILE"),
            )
        rest = self._run_api.api_client.rest_client
        rest.request = self._checked(rest.request)
        self._check_version()

    def upload(self, path: pathlib.Path) -> dict[str, Any]:
        """Upload a package as a version named by its digest, if there is none yet.

        Returns:
            The names `pipeline` and `version`, their `pipeline_id` and `version_id`,
            and whether it was `uploaded` now.

        Raises:
            SettingsError: The package is not one of this use case.
        """
        package.check(path, self.use_case)
        label = package.version_name(path)
        listed = self.list_pipelines(
            filter=_named(self.name), namespace=self._namespace
        ).pipelines
        if listed:
            pipeline = listed[0]
        else:  # uploading both at once would name the version after the pipeline
            body = kfp_server_api.V2beta1Pipeline(
                display_name=self.name, namespace=self._namespace
            )
            pipeline = self._pipelines_api.pipeline_service_create_pipeline(body)
        place = pipeline.pipeline_id
        there = self.list_pipeline_versions(place, filter=_named(label))
        versions = there.pipeline_versions or [
            self.upload_pipeline_version(str(path), label, pipeline_id=place)
        ]
        return {
            "pipeline": self.name,
            "pipeline_id": place,
            "version": label,
            "version_id": versions[0].pipeline_version_id,
            "uploaded": not there.pipeline_versions,
        }

    def experiment_id(self) -> str | None:
        """Return the id of the use case's experiment; None before its first run."""
        listed = self.list_experiments(
            filter=_named(self.name), namespace=self._namespace
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
        if run_id:
            return self.get_run(run_id)
        for newest in self.newest_runs():
            return self.get_run(newest.run_id)
        raise KubeflowError(
            f"{self._place}: found no run of `{self.use_case}` yet",
            f"start one with `fairsilo kubeflow run {self.use_case}`",
        )

    def wait(self, run_id: str, on_change: Callable[[Any], None]) -> Any:  # noqa: ANN401
        """Wait until a run has ended, over restarts of the server, and return it.

        `on_change` is called with the run each time that it was looked at.

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

    def _load_context_setting_or_default(self) -> None:
        # Neither the file in the home folder nor five attempts at the health check.
        self._context_setting = {"namespace": self._namespace}

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
                if error.status:
                    self._fail(subject, error.status, error.body or "")
                reason = error.reason  # no TLS, or a certificate that isn't trusted
            except urllib3.exceptions.HTTPError as error:
                reason = error
            raise UnreachableError(
                f"{subject}: found no answer: {_clean(str(reason))}",
                "check --host and that the server is up; without --host it is reached "
                "through the cluster of your kubeconfig; SSL_CERT_FILE names an "
                "authority of your own",
            )

        return checked

    def _fail(self, subject: str, status: int, body: str | bytes) -> NoReturn:
        """Raise what an answer that is none of the 2xx means."""
        text = body.decode(errors="replace") if isinstance(body, bytes) else body
        message = _message(text)
        said = f": {message}" if message else ""
        if status >= 500:
            raise UnreachableError(
                f"{subject}: the server is unwell, status {status}{said}",
                "try again; if it stays, read its log: `kubectl logs --namespace "
                f"{self._namespace} deploy/ml-pipeline`",
            ) from None
        if status < 400:
            found, hint = "the server sends to another page, its login?", _LOGIN
        elif status == 401:
            found, hint = "found no token that the server accepts", _LOGIN
        elif status == 403 or (status == 400 and _DENIED.search(message)):
            found, hint = f"not allowed in namespace `{self._namespace}`", _RIGHTS
        else:
            found = f"refused with status {status}"
            hint = "correct what it names; check --namespace and --host"
        raise KubeflowError(f"{subject}: {found}{said}", hint) from None


class _EntraCredentials(TokenCredentialsBase):  # type: ignore[misc]
    """Tokens of Entra ID for a scope, fetched anew before they expire."""

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
    if scope := os.environ.get(ENTRA_VARIABLE, "").strip():
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
