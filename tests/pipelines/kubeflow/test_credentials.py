"""Tokens come from where they are, and are fresh when they are used."""

import http.server
import json
import threading
import urllib.parse

import pytest

from components.errors import SettingsError
from pipelines.kubeflow import credentials, experiments
from pipelines.kubeflow.connection import Connection, Server
from pipelines.kubeflow.credentials import EntraToken, FixedToken, TokenFile
from pipelines.kubeflow.errors import KubeflowError

SCOPE = "api://kfp/.default"


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """An environment without any token."""
    monkeypatch.delenv(credentials.TOKEN_VARIABLE, raising=False)
    monkeypatch.delenv(credentials.TOKEN_PATH_VARIABLE, raising=False)
    monkeypatch.setattr(credentials, "IN_CLUSTER_TOKEN", tmp_path / "token")
    return monkeypatch


def test_no_token_is_none(bare):
    assert credentials.find() is None


def test_the_environments_token_comes_first(bare, tmp_path):
    (tmp_path / "token").write_text("of the pod")
    bare.setenv(credentials.TOKEN_VARIABLE, " of ann\n")
    found = credentials.find(SCOPE)
    assert isinstance(found, FixedToken)
    assert found.token() == "of ann"
    assert "ann" not in repr(found)


def test_a_pods_token_is_read_anew_each_time(bare, tmp_path, kfp):
    path = tmp_path / "token"
    path.write_text("first\n")
    connection = Connection(Server(kfp.host, "kubeflow", credentials.find()))
    experiments.find(connection, "flights")
    path.write_text("second\n")
    experiments.find(connection, "flights")
    assert [one.token for one in kfp.requests] == ["Bearer first", "Bearer second"]


def test_a_token_file_that_is_named_must_be_there(bare, tmp_path):
    bare.setenv(credentials.TOKEN_PATH_VARIABLE, str(tmp_path / "gone"))
    found = credentials.find()
    assert isinstance(found, TokenFile)
    with pytest.raises(SettingsError, match="gone: found No such file"):
        found.token()


class _Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class _Source:
    """What azure-identity's credentials do: a new token each time they are asked."""

    def __init__(self, clock, lasts_s=3600):
        self._clock, self._lasts_s, self.asked = clock, lasts_s, 0

    def get_token(self, *scopes):
        from azure.core.credentials import AccessToken

        assert scopes == (SCOPE,)
        self.asked += 1
        return AccessToken(f"token {self.asked}", int(self._clock() + self._lasts_s))


def test_a_token_of_entra_id_is_kept_until_shortly_before_its_end():
    pytest.importorskip("azure.core")
    clock = _Clock()
    source = _Source(clock)
    held = EntraToken(source, SCOPE, clock)
    assert {held.token() for _ in range(3)} == {"token 1"}
    clock.now += 3600 - credentials.REFRESH_BEFORE_S
    assert held.token() == "token 1"
    clock.now += 1
    assert held.token() == "token 2"
    assert source.asked == 2


@pytest.fixture
def managed_identity(bare):
    """A managed identity as App Service offers it, asked over HTTP."""
    answers = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            answers.append((query["resource"], self.headers["X-IDENTITY-HEADER"]))
            body = {
                "access_token": "of the identity",
                "expires_on": "4102444800",
                "resource": query["resource"][0],
                "token_type": "Bearer",
            }
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    bare.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/token")
    bare.setenv("IDENTITY_HEADER", "secret header")
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        bare.delenv(name, raising=False)
    yield answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_azure_identity_itself_fetches_a_managed_identitys_token(managed_identity):
    pytest.importorskip("azure.identity")
    found = credentials.find(SCOPE)
    assert found.token() == "of the identity"
    assert found.token() == "of the identity"
    assert managed_identity == [(["api://kfp"], "secret header")]


def test_an_identity_that_gets_no_token_is_told_without_secrets(bare):
    pytest.importorskip("azure.identity")
    from azure.core.exceptions import ClientAuthenticationError

    class Refusing:
        def get_token(self, *_):
            raise ClientAuthenticationError("AADSTS700016 for Bearer abc.def")

    with pytest.raises(KubeflowError, match="Entra ID gives no token") as caught:
        EntraToken(Refusing(), SCOPE).token()
    assert "abc.def" not in str(caught.value)
    assert "az login" in caught.value.hint


def test_entra_id_without_its_package_says_what_to_install(bare):
    import sys

    bare.setitem(sys.modules, "azure.identity", None)
    with pytest.raises(SettingsError, match="found no package azure-identity"):
        credentials.find(SCOPE)
