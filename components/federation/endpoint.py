"""One worker as the coordinator sees it: a connection with a deadline.

TFF's own stub retries for ever and never gives up on a call; its executor blocks the
thread that it runs in. Here each worker has a thread of its own and each RPC a
deadline, and an RPC that fails raises `WorkerError` at once.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import threading
from collections.abc import Callable

import grpc
import tensorflow_federated as tff
from tensorflow_federated.proto.v0 import executor_pb2_grpc
from tensorflow_federated.python.core.environments.tensorflow_frontend import (
    tensorflow_computation,
)

from components.federation.tff_types import Computation, Request, Value

DISPOSE_DEADLINE_S = 5.0
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)
# A worker that comes back elsewhere is found again within seconds.
_SOON = (
    ("grpc.min_reconnect_backoff_ms", 5_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
ABSENT = "ABSENT"  # nobody answers the first call; not a name of gRPC's
_SENTENCES = {
    ABSENT: "no worker answers at {address}",
    "DEADLINE_EXCEEDED": "did not answer within {deadline_s:g} s",
    "UNAVAILABLE": "its worker is gone",
    "FAILED_PRECONDITION": "its worker was restarted",
    "NOT_FOUND": "its training data is not there",
    "PERMISSION_DENIED": "its worker may not read its training data",
    "RESOURCE_EXHAUSTED": "its worker ran out of memory",
}
# Fixed phrases in what a worker says of an INTERNAL error; the rest stays unread.
_PHRASES = {
    "No such file or directory": "NOT_FOUND",
    "Permission denied": "PERMISSION_DENIED",
    "OOM when allocating": "RESOURCE_EXHAUSTED",
}


@functools.lru_cache(maxsize=64)
def native(computation: Computation) -> Computation:
    """Return what a worker can run; it is compiled once for all workers."""
    return tff.backends.native.desugar_and_transform_to_native(computation)


class WorkerError(Exception):
    """A worker that did not do what it was asked.

    Not a `grpc.RpcError`, which TFF would retry for ever. The worker's own text
    is left out: it may hold a value.

    Args:
        code: Name of the gRPC status, or `ABSENT`.
        deadline_s: The deadline of the call, unit: seconds.
        address: Where the worker was looked for, for `ABSENT`.
    """

    def __init__(self, code: str, deadline_s: float, address: str = "") -> None:
        super().__init__(code, deadline_s, address)
        self.code = code
        self.deadline_s = deadline_s
        self.address = address

    def __str__(self) -> str:
        """Return what happened, as the rest of a sentence about the silo."""
        sentence = _SENTENCES.get(self.code, "its worker failed ({code})")
        return sentence.format_map(vars(self))


_GONE = (WorkerError, ValueError)  # gRPC's ValueError: the channel is closed


class _DeadlineStub(tff.framework.RemoteExecutorGrpcStub):  # type: ignore[misc]
    """TFF's stub with a deadline on each RPC and errors that are not retried."""

    def __init__(self, address: str, deadline_s: float, patience_s: float) -> None:
        options = (*_OPTIONS, *(_SOON if patience_s else ()))
        # Not TFF's own `__init__`: it watches the channel in a thread that nobody ends
        # and that fails aloud when the channel is closed.
        self.channel = grpc.insecure_channel(f"dns:///{address}", options)
        inner: Request = executor_pb2_grpc.ExecutorGroupStub(self.channel)
        self._stub = _Deadline(inner, deadline_s)
        self._disposing = _Deadline(inner, DISPOSE_DEADLINE_S)
        self._arriving = _Deadline(inner, patience_s, wait_for_ready=True)
        self._address = address
        self._has_patience = patience_s > 0
        self._waits = True

    def get_executor(self, request: Request) -> Request:
        """Make the first call of a connection, or the first after it was lost."""
        if not self._has_patience:
            return self._stub.GetExecutor(request)
        rpcs = self._arriving if self._waits else self._stub
        self._waits = False  # each absence is waited for once
        try:
            response = rpcs.GetExecutor(request)
        except WorkerError as error:
            if error.code in {"UNAVAILABLE", "DEADLINE_EXCEEDED"}:
                raise WorkerError(ABSENT, error.deadline_s, self._address) from None
            raise
        self._waits = True
        return response

    def dispose(self, request: Request) -> Request:
        with contextlib.suppress(*_GONE):  # what is gone needs no disposal
            return self._disposing.Dispose(request)

    def dispose_executor(self, request: Request) -> Request:
        with contextlib.suppress(*_GONE):
            return self._disposing.DisposeExecutor(request)


class _Deadline:
    """TFF's RPCs, each with a deadline."""

    def __init__(
        self, inner: Request, deadline_s: float, wait_for_ready: bool = False
    ) -> None:
        self._inner = inner
        self._deadline_s = deadline_s
        self._wait_for_ready = wait_for_ready

    def __getattr__(self, name: str) -> Callable[[Request], Request]:
        rpc = functools.partial(
            getattr(self._inner, name),
            timeout=self._deadline_s,
            wait_for_ready=self._wait_for_ready,
        )

        def call(request: Request) -> Request:
            try:
                return rpc(request)
            except grpc.RpcError as error:
                raise WorkerError(_code(error), self._deadline_s) from None

        return call


def _code(error: grpc.RpcError) -> str:
    details = error.details() or ""
    found = [code for phrase, code in _PHRASES.items() if phrase in details]
    return found[0] if found else str(error.code().name)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    """Run an event loop until it is stopped, then cancel the calls that still run."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


class Endpoint:
    """A worker, with the thread that its calls run in.

    Args:
        deadline_s: Deadline of each RPC, unit: seconds. One RPC spans a silo's
            whole local training.
        patience_s: Time that a worker has to arrive, unit: seconds: when it is
            first called, and after it was lost; 0 where it is known to listen.
    """

    def __init__(self, deadline_s: float, patience_s: float = 0.0) -> None:
        self._deadline_s = deadline_s
        self._patience_s = patience_s
        self._address = ""
        self._channel: grpc.Channel | None = None
        self._context: Value = None
        self._executors: list[Value] = []
        self._pending: concurrent.futures.Future[Value] | None = None
        self._loop = asyncio.new_event_loop()
        # A daemon: a worker that hangs must not keep the coordinator alive.
        threading.Thread(target=_serve, args=(self._loop,), daemon=True).start()

    @property
    def busy(self) -> bool:
        """Whether the worker still works on an earlier call."""
        return self._pending is not None and not self._pending.done()

    def connect(self, address: str) -> None:
        """Connect to the worker at `host:port`; it is called when it is needed.

        Does nothing when it is the address that it is connected to: there, a
        worker that was lost is found again by the next call.
        """
        if address == self._address:
            return
        self._disconnect()
        self._address = address
        stub = _DeadlineStub(address, self._deadline_s, self._patience_s)
        self._channel = stub.channel

        def stack(cardinalities: Value) -> Value:
            executor = tff.framework.RemoteExecutor(stub)
            executor.set_cardinalities({tff.CLIENTS: 0, **cardinalities})
            self._executors.append(executor)
            return executor

        self._context = tff.framework.AsyncExecutionContext(
            tff.framework.ResourceManagingExecutorFactory(stack),
            native,
            transform_args=tensorflow_computation.transform_args,
            transform_result=tensorflow_computation.transform_result,
        )

    def submit(
        self, computation: Computation, argument: Value
    ) -> concurrent.futures.Future[Value]:
        """Start a computation and return its result; it raises `WorkerError`."""
        self._pending = asyncio.run_coroutine_threadsafe(
            self._context.invoke(computation, argument), self._loop
        )
        return self._pending

    def close(self) -> None:
        """Close the connection; a call that still runs fails.

        A worker that outlives us forgets what it keeps for us, unless it is busy.
        """
        self._disconnect()
        with contextlib.suppress(RuntimeError):  # it was closed before
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _disconnect(self) -> None:
        if not self.busy:
            for executor in self._executors:
                executor.close()
        self._executors.clear()
        if self._channel is not None:
            self._channel.close()
