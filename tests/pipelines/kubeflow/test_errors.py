"""Each refusal is a sentence with a way out, and gives no secret away."""

import json
from typing import Any

import pytest
import urllib3

from pipelines.kubeflow import errors
from pipelines.kubeflow.errors import Asked

NOBODY: Any = None  # whose connection it was is of no matter
ASKED = Asked("http://kfp", "team-a", "create", "runs")
WITH_TOKEN = Asked("http://kfp", "team-a", "create", "runs", with_token=True)


@pytest.mark.parametrize(
    ("status", "kind", "found", "way_out"),
    [
        (400, errors.BadRequestError, "can't use the request: as told", "2.5.0"),
        (401, errors.KubeflowError, "no token was sent", "FAIRSILO_KFP_TOKEN"),
        (403, errors.KubeflowError, "not allowed in namespace `team-a`", "`create` on"),
        (404, errors.NotFoundError, "found no such thing", "--namespace"),
        (409, errors.ConflictError, "the name is taken", "again"),
        (413, errors.KubeflowError, "too large for the server", "ingress"),
        (302, errors.KubeflowError, "its login", "FAIRSILO_KFP_TOKEN"),
        (500, errors.ServerFaultError, "status 500, a fault of the server", "its log"),
        (503, errors.ServerFaultError, "status 503", "try again"),
        (418, errors.KubeflowError, "found status 418: as told", ""),
    ],
)
def test_a_status_is_told_with_what_to_do(status, kind, found, way_out):
    error = errors.of_status(ASKED, status, json.dumps({"error_message": "as told"}))
    assert type(error) is kind
    assert error.message.startswith("http://kfp: create runs: ")
    assert found in error.message
    assert way_out in error.hint
    assert error.exit_status == 1


def test_a_refused_token_is_not_called_a_missing_one():
    assert "refused the token" in errors.of_status(WITH_TOKEN, 401, "").message


@pytest.mark.parametrize(
    "body",
    [
        {"error": "gateway", "code": 3, "details": [{"error_message": "as told"}]},
        {"code": 3, "message": "as told", "details": []},
        {"error": "as told"},
        {"error_message": "as told", "error_details": "wrapped"},
    ],
)
def test_the_servers_sentence_is_found_in_all_its_forms(body):
    error = errors.of_status(ASKED, 400, json.dumps(body))
    assert error.message.endswith(": as told")


def test_an_upload_that_lacks_a_right_is_answered_with_400_and_told_as_403():
    body = json.dumps({"error_message": "Authorization Failure: not allowed"})
    assert "not allowed in namespace" in errors.of_status(ASKED, 400, body).message


@pytest.mark.parametrize("body", ["<html><h1>Nope</h1></html>", None, ""])
def test_a_proxys_page_is_not_shown(body):
    error = errors.of_status(ASKED, 502, body)
    assert error.message.endswith("a fault of the server")


def test_the_servers_words_are_cut_short_on_one_line_and_without_tokens():
    body = f"first\nsecond\x1b[31m Bearer abc.def-123 {'x' * 2000}"
    message = errors.of_status(ASKED, 400, body).message
    assert "first second [31m Bearer *** xxx" in message
    assert "abc.def" not in message
    assert len(message) < errors.LONGEST_MESSAGE + 100
    assert message.endswith(" ...")


@pytest.mark.parametrize(
    ("reason", "found"),
    [
        (urllib3.exceptions.NameResolutionError("kfp", NOBODY, NOBODY), "(DNS)"),
        (urllib3.exceptions.NewConnectionError(NOBODY, "no"), "refused"),
        (urllib3.exceptions.ConnectTimeoutError("no"), "no connection in time"),
        (urllib3.exceptions.ReadTimeoutError(NOBODY, "/", "no"), "no answer in time"),
        (urllib3.exceptions.SSLError("no"), "certificate can't be trusted"),
        (urllib3.exceptions.ProtocolError("cut off"), "found no answer: cut off"),
    ],
)
def test_no_answer_is_told_by_its_reason(reason, found):
    wrapped = urllib3.exceptions.MaxRetryError(NOBODY, "/", reason)
    for error in (wrapped, reason):
        told = errors.of_connection(ASKED, error)
        assert isinstance(told, errors.UnreachableError)
        assert found in told.message
        assert told.hint


def test_another_kind_of_answer_is_not_taken_for_the_api():
    error = errors.not_the_api(ASKED, "text/html")
    assert "found an answer of type text/html, expected JSON" in error.message
