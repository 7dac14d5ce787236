"""What is said of a worker that fails: its status, never its own words."""

from __future__ import annotations

import pickle
import socket
import time

import numpy as np
import pytest
import tensorflow_federated as tff

from components.federation.context import Compilers
from components.federation.endpoint import Endpoint, WorkerError


@tff.tensorflow.computation(np.int64)
def same(value):
    return value


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("DEADLINE_EXCEEDED", "did not answer within 1.5 s"),
        ("UNAVAILABLE", "its worker is gone"),
        ("NOT_FOUND", "its training data is not there"),
        ("PERMISSION_DENIED", "its worker may not read its training data"),
        ("INTERNAL", "its worker failed (INTERNAL)"),
    ],
)
def test_error_is_a_sentence_and_survives_pickling(code, sentence):
    error = WorkerError(code, 1.5)
    assert str(error) == sentence
    assert str(pickle.loads(pickle.dumps(error))) == sentence  # noqa: S301


def closed_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.tff
def test_nobody_at_the_port_fails_at_once():
    endpoint = Endpoint(30.0, Compilers().native)
    endpoint.connect(closed_port())
    began = time.monotonic()
    with pytest.raises(WorkerError, match="its worker is gone"):
        endpoint.submit(same, 1).result(30)
    assert time.monotonic() - began < 20
    endpoint.close()


@pytest.mark.tff
def test_silent_port_fails_at_the_deadline():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = Endpoint(1.0, Compilers().native)
        endpoint.connect(silent.getsockname()[1])
        future = endpoint.submit(same, 1)
        assert endpoint.busy
        with pytest.raises(WorkerError, match=r"did not answer within 1 s|is gone"):
            future.result(30)
        endpoint.close()
