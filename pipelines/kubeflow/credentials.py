"""Who asks: tokens for the API, read anew or refreshed as each request needs it.

A token comes from the environment, from Entra ID or from a file that Kubernetes
renews; never from the command line, which others on the machine can read.
"""

from __future__ import annotations

import os
import pathlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from components.errors import SettingsError
from pipelines.kubeflow.errors import KubeflowError, clean

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

TOKEN_VARIABLE = "FAIRSILO_KFP_TOKEN"  # noqa: S105  a name
TOKEN_PATH_VARIABLE = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105  a name
IN_CLUSTER_TOKEN = pathlib.Path("/var/run/secrets/kubeflow/pipelines/token")
REFRESH_BEFORE_S = 300.0


class Credentials(Protocol):
    """What knows a token that is valid now."""

    def token(self) -> str:
        """Return it."""


class FixedToken:
    """A token that somebody else fetched.

    Args:
        token: The token.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        """Return the token."""
        return self._token


class TokenFile:
    """A file whose token Kubernetes replaces before it expires.

    Args:
        path: The file.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    def token(self) -> str:
        """Return the token that is in the file now.

        Raises:
            SettingsError: The file can't be read.
        """
        try:
            return self._path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(
                f"token file {self._path}: found {error.strerror or error}",
                f"mount a projected service account token there, or unset "
                f"{TOKEN_PATH_VARIABLE}",
            ) from None


class TokenSource(Protocol):
    """What azure-identity's credentials have in common."""

    def get_token(self, *scopes: str) -> AccessToken:
        """Return a token and when it expires."""


class EntraToken:
    """A token of Entra ID, fetched anew before it expires.

    Args:
        source: Credential of azure-identity.
        scope: What the token is for, such as `api://APP_ID/.default`.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        source: TokenSource,
        scope: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._scope = scope
        self._clock = clock
        self._held: AccessToken | None = None

    def token(self) -> str:
        """Return a token that is valid for some minutes at least.

        Raises:
            KubeflowError: Entra ID gives none.
        """
        held = self._held
        if held is None or held.expires_on - self._clock() < REFRESH_BEFORE_S:
            held = self._held = self._fetch()
        return held.token

    def _fetch(self) -> AccessToken:
        from azure.core.exceptions import ClientAuthenticationError

        try:
            return self._source.get_token(self._scope)
        except ClientAuthenticationError as error:
            raise KubeflowError(
                f"Entra ID gives no token for {self._scope}: {clean(str(error))}",
                "sign in with `az login`, or run under a workload identity",
            ) from None


def find(entra_scope: str = "") -> Credentials | None:
    """Return the first credentials that there are.

    Args:
        entra_scope: Scope of a token of Entra ID; empty: none is asked for.

    Returns:
        Those of the environment, of Entra ID, of the pod; None where there are none.
    """
    fixed = os.environ.get(TOKEN_VARIABLE, "").strip()
    if fixed:
        return FixedToken(fixed)
    if entra_scope:
        return EntraToken(_azure(), entra_scope)
    path = pathlib.Path(os.environ.get(TOKEN_PATH_VARIABLE) or IN_CLUSTER_TOKEN)
    if TOKEN_PATH_VARIABLE in os.environ or path.exists():
        return TokenFile(path)
    return None


def _azure() -> TokenSource:
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError:
        raise SettingsError(
            "--entra-scope: found no package azure-identity",
            "install it with `uv sync --extra azure`",
        ) from None
    return DefaultAzureCredential()
