r"""A hostile silo: a process that answers in place of the silo's TFF worker.

It speaks the worker's gRPC service and hands each call to the real worker behind it,
so weight and metrics are those of an honest training. It reads each round's model in
what the coordinator sends, and rewrites the update in what goes back. Of an update
times its weight, with the weight beside it: for the aggregations `mean` and `clipped`.

An update is what the coordinator subtracts, $\Delta = w_t - w$. With the last two
models $w_{t-1}$ and $w_t$, `delta` answers $w_{t-1} - w_t$: it moves on as the others
did before. Fraboni et al. (2021), Free-rider Attacks on Model Aggregation in Federated
Learning, <https://arxiv.org/abs/2006.11901>, add noise to this, as `copy` does; Lin et
al. (2019), <https://arxiv.org/abs/1911.12560>, call it the delta weights attack.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import importlib.util
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import grpc
import numpy as np
from numpy.typing import NDArray

from components import atomic

Array: TypeAlias = NDArray[np.float64]
Message: TypeAlias = Any  # of TFF's protos, which have no types

FIRST_SHARE = 0.01  # of an honest update's norm: noise where there is no delta yet
WAIT_S = 120.0
MODEL = "global_model_weights"  # in TFF's server state
_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.enable_http_proxy", 0),
)


class Rider(NamedTuple):
    """What a hostile silo answers.

    `zero` sends no change; `delta`, `copy` and `turns` the last move of the model,
    with noise of `share` of its norm; `replay` its first honest update again and
    again; `twin` the update of a `lender`, who is honest but for lending it.
    """

    kind: Literal["zero", "delta", "copy", "turns", "replay", "lender", "twin"]
    share: float = 0.0  # of noise
    turn: int = 1  # the first round that is not honest
    seed: int = 0  # of the noise
    shared: str = ""  # folder of what a lender lends


def answer(rider: Rider, models: Sequence[Array], honest: Sequence[Array]) -> Array:
    """Return the update to send, `(parameters,)`.

    Args:
        rider: What it is to be.
        models: The model of each round so far.
        honest: The silo's honest update of each round so far.
    """
    number, own = len(models), honest[-1]
    if rider.kind == "zero":
        return np.zeros_like(own)
    if rider.kind == "replay":
        return honest[0]
    lent = pathlib.Path(rider.shared, f"{number}.npy")
    if rider.kind == "lender":
        with atomic.written(lent) as unfinished, unfinished.open("wb") as file:
            np.save(file, own)
        return own
    if rider.kind == "twin":
        return _borrow(lent)
    if number < rider.turn:
        return own
    noise = np.random.default_rng([rider.seed, number]).normal(size=own.shape)
    noise /= np.linalg.norm(noise)
    if number < 2:
        return FIRST_SHARE * float(np.linalg.norm(own)) * noise
    delta = models[-2] - models[-1]
    return delta + rider.share * float(np.linalg.norm(delta)) * noise


def _borrow(path: pathlib.Path) -> Array:
    end = time.monotonic() + WAIT_S
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path}: nothing was lent for {WAIT_S:.0f} s")
        time.sleep(0.02)
    lent: Array = np.load(path)
    return lent


class Proxy:
    """TFF's eight RPCs: all are handed on, two are looked at."""

    def __init__(self, rider: Rider, upstream: Message) -> None:
        self._rider, self._upstream = rider, upstream
        self._models: list[Array] = []
        self._honest: list[Array] = []

    def __getattr__(self, name: str) -> Callable[[Message, Message], Message]:
        def call(request: Message, context: Message) -> Message:
            if name == "CreateValue":
                self._keep_model(request.value.federated.value)
            try:
                response = getattr(self._upstream, name)(request)
            except grpc.RpcError as error:
                context.abort(error.code(), error.details())
            if name == "Compute":
                for aggregate in response.value.federated.value:
                    self._rewrite([part.value for part in aggregate.struct.element])
            return response

        return call

    def _keep_model(self, states: Sequence[Message]) -> None:
        """Keep the round's model, if it is in what the coordinator sends."""
        for element in (one for state in states for one in state.struct.element):
            if element.name == MODEL:
                trainable = element.value.struct.element[0].value
                self._models.append(_flat(_leaves(trainable)))

    def _rewrite(self, parts: Sequence[Message]) -> None:
        """Rewrite the update in what the silo computed."""
        for part, after in itertools.pairwise(parts):
            leaves, weights = _leaves(part), after.array.float32_list.value
            if weights and (update := _flat(leaves)).size == self._models[-1].size:
                self._honest.append(update / (weights[0] or 1.0))
                sent = weights[0] * answer(self._rider, self._models, self._honest)
                ends = np.cumsum([len(leaf.content) // 4 for leaf in leaves])
                for leaf, own in zip(leaves, np.split(sent, ends[:-1]), strict=True):
                    leaf.content = own.astype("<f4").tobytes()
                return
        raise ValueError("found no update beside its weight in what the silo computed")


def _leaves(value: Message) -> list[Message]:
    """Return the arrays of a value, in their order."""
    if value.WhichOneof("value") == "array":
        return [value.array]
    return [leaf for one in value.struct.element for leaf in _leaves(one.value)]


def _flat(leaves: list[Message]) -> Array:
    parts = [np.frombuffer(leaf.content, "<f4") for leaf in leaves]
    return np.concatenate([np.zeros(0), *parts])


@contextlib.contextmanager
def started(
    riders: Mapping[str, Rider], upstream: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield the addresses of silos' workers, with hostile ones before some of them.

    The processes end with the block, or with the thread that started them.

    Args:
        riders: The hostile silos.
        upstream: The addresses of all silos' real workers.
    """
    with contextlib.ExitStack() as stack:
        processes = {}
        for silo, rider in riders.items():
            told = [upstream[silo], json.dumps(rider._asdict())]
            end = [shutil.which("setpriv") or "setpriv", "--pdeathsig=KILL"]
            process = processes[silo] = subprocess.Popen(  # noqa: S603  our arguments
                [*end, sys.executable, "-m", __name__, *told],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            stack.enter_context(process)  # waits for it
            stack.callback(process.kill)
        ports = {s: int(p.stdout.readline()) for s, p in processes.items() if p.stdout}
        yield {**upstream, **{s: f"127.0.0.1:{port}" for s, port in ports.items()}}


def main() -> None:
    """Print the port, and serve until the process is ended.

    Arguments are the real worker's `host:port` and the fields of a Rider, as JSON.
    """
    upstream, rider = sys.argv[1:]
    # TFF's protos alone: the rest of TFF takes seconds to import.
    spec = importlib.util.find_spec("tensorflow_federated")
    package = types.ModuleType("tensorflow_federated")
    package.__path__ = list((spec and spec.submodule_search_locations) or [])
    sys.modules[package.__name__] = package
    from tensorflow_federated.proto.v0 import executor_pb2_grpc as rpc

    channel = grpc.insecure_channel(upstream, _OPTIONS)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(), options=_OPTIONS)
    proxy = Proxy(Rider(**json.loads(rider)), rpc.ExecutorGroupStub(channel))
    rpc.add_ExecutorGroupServicer_to_server(proxy, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
