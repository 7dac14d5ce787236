"""What is said of a worker that fails: its status, never its own words."""

from __future__ import annotations

import concurrent.futures
import socket
import threading

import numpy as np
import pytest
import tensorflow_federated as tff

from components.federation.endpoint import Endpoint, WorkerError
from components.silos import homes
from tests.components.federation import support

pytestmark = pytest.mark.tff


@tff.tensorflow.computation(np.int64)
def same(value):
    return value


@pytest.fixture
def connect():
    """Return a function that connects an endpoint."""
    made = []

    def connect(address, deadline_s, patience_s=0.0):
        endpoint = Endpoint(deadline_s, patience_s)
        made.append(endpoint)
        endpoint.connect(address)
        return endpoint

    yield connect
    for endpoint in made:
        endpoint.close()


def fails(endpoint, sentence):
    """Return the deadline of the call that fails with a sentence, unit: seconds."""
    with pytest.raises(WorkerError, match=sentence) as caught:
        endpoint.submit(same, 1).result(120)
    return caught.value.deadline_s


def test_nobody_at_the_port_fails_at_once(connect):
    endpoint = connect(f"127.0.0.1:{support.free_port()}", 60.0)
    fails(endpoint, "its worker is gone")  # and not: did not answer


def test_nobody_at_the_port_is_waited_for_once_with_patience(connect):
    address = f"127.0.0.1:{support.free_port()}"
    endpoint = connect(address, 30.0, patience_s=1.0)
    assert fails(endpoint, f"no worker answers at {address}") == 1
    assert fails(endpoint, f"no worker answers at {address}") == 30  # it does not wait


def test_unknown_host_is_no_worker(connect):
    endpoint = connect("no-such-host.invalid:8000", 30.0, patience_s=1.0)
    fails(endpoint, r"no worker answers at no-such-host\.invalid:8000")


def test_silent_port_fails_at_the_deadline(connect):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        fails(connect(address, 1.0), r"did not answer within 1 s|is gone")
        endpoint = connect(address, 600.0)
        endpoint.submit(same, 1)
        assert endpoint.busy


def test_a_call_that_has_not_begun_when_the_connection_is_closed_is_cancelled(connect):
    endpoint = connect(f"127.0.0.1:{support.free_port()}", 60.0)
    ready = threading.Event()
    endpoint._loop.call_soon_threadsafe(ready.wait)  # so both wait in one queue
    call = endpoint.submit(same, 1)
    endpoint.close()
    ready.set()
    with pytest.raises(concurrent.futures.CancelledError):
        call.result(60)


def test_a_worker_that_comes_back_at_another_port_lets_the_connection_close(
    tmp_path, connect
):
    silo = homes.open_home(tmp_path, "north")
    with support.SiloPods() as pods:
        endpoint = connect(pods.start(silo), 60.0)
        assert endpoint.submit(same, 1).result(60) == 1
        pods.kill(silo)
        endpoint.connect(pods.start(silo))
        assert endpoint.submit(same, 2).result(60) == 2
        endpoint.close()
