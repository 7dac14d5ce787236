"""Silos with known rows, a linear model over them, and FedAvg in plain NumPy."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import logging
import os
import pathlib
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import scipy.special
import tensorflow as tf
import tensorflow_federated as tff
from numpy.typing import NDArray

from components.federation import messages, model, progress, tensor_files, training
from components.federation import workers as workers_module
from components.federation.context import SiloContext
from components.federation.endpoint import Endpoint
from components.federation.model import ClientModel
from components.federation.plan import (
    Aggregation,
    Algorithm,
    ServerOptimizer,
    TrainingPlan,
)
from components.federation.training import Program
from components.federation.workers import Workers
from components.payloads.silo import Silo
from components.silos import homes
from tests.support.program import wait_until

Array = NDArray[Any]

KEY = "rows"
FOLDER = tensor_files.folder(KEY)
SIZES = {"north": 300, "south": 120, "west": 57}  # unequal: wrong weights show
NUM_FLOATS = 3
PLAN = TrainingPlan(rounds=2, local_epochs=2, batch_size=50, client_learning_rate=0.3)
VALUES = (4, 3)  # of the two columns of ids
ESTABLISHED = "01"  # the state of a connection in /proc/net/tcp
READS = re.compile(rb"Instantiating kernel for node: {{node \S*ReadFile")


@dataclasses.dataclass(frozen=True)
class Rows:
    floats: Array
    ids: Array
    labels: Array

    @property
    def design(self) -> Array:
        """Return the linear model's inputs."""
        hot = [np.eye(k)[self.ids[:, i]] for i, k in enumerate(VALUES)]
        found: Array = np.concatenate([self.floats, *hot], axis=1)
        return found.astype(np.float64)


def make_rows(num: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    floats = rng.normal(size=(num, NUM_FLOATS)).astype(np.float32)
    ids = np.stack([rng.integers(0, k, num) for k in VALUES], axis=1).astype(np.int32)
    logits = floats[:, 0] - floats[:, 1] + ids[:, 0] - 1.5 + 0.3 * seed
    labels = (rng.random(num) < 1 / (1 + np.exp(-logits))).astype(np.float32)
    return Rows(floats, ids, labels)


def make_silo(root: pathlib.Path, name: str, rows: Rows) -> Silo:
    silo = homes.open_home(root, name)
    folder = silo.path(FOLDER)
    folder.mkdir(parents=True)
    rows.floats.tofile(folder / tensor_files.FLOATS)
    rows.ids.tofile(folder / tensor_files.IDS)
    rows.labels.tofile(folder / tensor_files.LABELS)
    homes.chown_to_silo(silo, folder)
    return silo


def make_federation(root: pathlib.Path) -> tuple[list[Silo], dict[str, Rows]]:
    rows = {name: make_rows(num, i) for i, (name, num) in enumerate(SIZES.items())}
    return [make_silo(root, name, rows[name]) for name in rows], rows


def linear() -> tf.keras.Model:
    floats = tf.keras.Input((NUM_FLOATS,), name="floats")
    ids = tf.keras.Input((len(VALUES),), dtype=tf.int32, name="ids")
    hot = [tf.one_hot(ids[:, i], k) for i, k in enumerate(VALUES)]
    inputs = tf.keras.layers.Concatenate()([floats, *hot])
    return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(inputs))


def deep() -> tf.keras.Model:
    """Return a model with an embedding, whose gradients are sparse."""
    floats = tf.keras.Input((NUM_FLOATS,), name="floats")
    ids = tf.keras.Input((len(VALUES),), dtype=tf.int32, name="ids")
    embedded = tf.keras.layers.Embedding(max(VALUES), 2)(ids)
    inputs = [floats, tf.keras.layers.Flatten()(embedded)]
    hidden = tf.keras.layers.Dense(5, "relu")(tf.keras.layers.Concatenate()(inputs))
    return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(hidden))


def shuffled(num: int, plan: TrainingPlan, number: int, silo: str) -> list[Array]:
    """Return the row numbers of each of a round's batches."""
    seed = messages.seed_of(plan.seed, number, silo)
    batches = []
    for epoch in range(plan.local_epochs):
        order = tf.random.experimental.stateless_shuffle(
            tf.range(num), seed=tf.constant([seed, epoch], tf.int64)
        ).numpy()
        batches += [
            order[i : i + plan.batch_size] for i in range(0, num, plan.batch_size)
        ]
    return batches


def loss(rows: Rows, weights: Array) -> float:
    logits = rows.design @ weights[:-1] + weights[-1]
    return float(np.mean(np.logaddexp(0, logits) - rows.labels * logits))


def local_sgd(
    rows: Rows,
    weights: Array,
    batches: list[Array],
    rate: float,
    mu: float = 0.0,
    shift: Array | float = 0.0,
) -> Array:
    """Return weights after steps drawn to the first ones by `mu`, and shifted."""
    design = np.column_stack([rows.design, np.ones(len(rows.labels))])
    anchor = weights
    for batch in batches:
        x = design[batch]
        errors = scipy.special.expit(x @ weights) - rows.labels[batch]
        gradient = x.T @ errors / len(batch) + mu * (weights - anchor) + shift
        weights = weights - rate * gradient
    return weights


class Server:
    """SGD with momentum and Adam from their papers, in float64."""

    def __init__(self, chosen: ServerOptimizer) -> None:
        self._chosen = chosen
        self._first: Array = np.zeros(1)
        self._second: Array = np.zeros(1)
        self._step = 0

    def apply(self, weights: Array, update: Array) -> Array:
        chosen = self._chosen
        self._step += 1
        if chosen.name == "sgd":
            self._first = chosen.momentum * self._first + update
            return np.asarray(weights - chosen.learning_rate * self._first)
        self._first = 0.9 * self._first + 0.1 * update
        self._second = 0.999 * self._second + 0.001 * update**2
        rate = (
            chosen.learning_rate
            * np.sqrt(1 - 0.999**self._step)
            / (1 - 0.9**self._step)
        )
        step = rate * self._first / (np.sqrt(self._second) + chosen.epsilon)
        return np.asarray(weights - step)


def numpy_training(
    rows: dict[str, Rows],
    start: Array,
    plan: TrainingPlan,
    references: dict[str, float] | None = None,
) -> tuple[Array, list[dict[str, Array]]]:
    """Return the weights, and each round's updates by silo, before any rescaling.

    The papers' equations in float64; of weightings by rows alone.
    """
    weights, server, rounds = start, Server(plan.server_optimizer), []
    name, rate = plan.algorithm.name, plan.client_learning_rate
    counts = np.array([len(own.labels) for own in rows.values()])
    shares = counts / counts.sum()
    variates = {silo: np.zeros_like(start) for silo in rows}
    mu = plan.algorithm.mu if name == "fed_prox" else 0.0
    for number in range(1, plan.rounds + 1):
        common = np.average([*variates.values()], axis=0, weights=counts)
        updates = {}
        for silo, own in rows.items():
            batches = shuffled(len(own.labels), plan, number, silo)
            shift = common - variates[silo]
            updates[silo] = weights - local_sgd(own, weights, batches, rate, mu, shift)
            if name == "scaffold":
                moved = updates[silo] / len(batches) / rate
                variates[silo] = variates[silo] - common + moved
        losses = np.array([loss(own, weights) for own in rows.values()])
        stacked = np.array([*updates.values()])
        weights = server.apply(
            weights, _numpy_mean(plan, stacked, losses, shares, references or {})
        )
        if name == "afl":
            shares = _nearest(shares + plan.algorithm.step * losses)
        rounds.append(updates)
    return weights, rounds


def _numpy_mean(
    plan: TrainingPlan,
    updates: Array,
    losses: Array,
    shares: Array,
    references: dict[str, float],
) -> Array:
    """Return what the server takes for the mean of updates, `(silos, parameters)`."""
    chosen, rate = plan.algorithm, plan.client_learning_rate
    match chosen.name:
        case "q_fed_avg":
            gradients, q = updates / rate, chosen.q
            losses = losses + 1e-10
            steps = losses[:, np.newaxis] ** q * gradients
            h = q * losses ** (q - 1) * np.sum(gradients**2, 1) + losses**q / rate
            return np.asarray(shares @ steps / (shares @ h))
        case "term":
            shares = shares * np.exp(chosen.tilt * losses)
        case "loss_gap":
            shares = shares * np.exp(chosen.tilt * (losses - [*references.values()]))
    return np.asarray(shares @ updates / shares.sum())


def _nearest(point: Array) -> Array:
    """Return the simplex' nearest point, by bisection of what is taken off."""
    low, high = point.min() - 1, point.max()
    for _ in range(200):
        middle = (low + high) / 2
        if np.maximum(point - middle, 0).sum() > 1:
            low = middle
        else:
            high = middle
    return np.asarray(np.maximum(point - high, 0))


def flat(weights: tuple[Array, ...]) -> Array:
    """Return the linear model's weights as a vector, the bias last."""
    found: Array = np.concatenate([np.ravel(w) for w in weights])
    return found.astype(np.float64)


def assert_close(weights: tuple[Array, ...], expected: Array) -> None:
    """Compare float32 training with float64."""
    np.testing.assert_allclose(flat(weights), expected, rtol=2e-5, atol=2e-6)


def workers_of(parent: int) -> dict[str, int]:
    """Return the process ids of a process' TFF workers by working directory."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            status = (entry / "status").read_text()
            if b"--max_concurrent_computation_calls" not in command:
                continue
            if parent in (0, int(status.split("PPid:")[1].split()[0])):
                found[str((entry / "cwd").readlink())] = int(entry.name)
        except OSError:
            continue  # it has just ended
    return found


def _listens(pid: int) -> bool:
    # By its log: `Workers` waits for the same line, and a worker that is stopped
    # before it counts as dead at its start.
    try:
        return (
            workers_module.LISTENING in pathlib.Path(f"/proc/{pid}/fd/1").read_bytes()
        )
    except OSError:
        return False  # it has just ended


def await_call(parent: int, silo: Silo) -> int:
    """Return the process id of a silo's worker as soon as the coordinator calls it."""

    def called() -> bool:
        found = workers_of(parent)
        return silo.home in found and _is_called(found[silo.home])

    wait_until(called)
    return workers_of(parent)[silo.home]


def _is_called(pid: int) -> bool:
    """Return whether somebody is connected to a worker."""
    try:
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False  # it has just ended
    found = re.search(r"--port=(\d+)", command)
    port = int(found[1]) if found else 0
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()
    ]
    return any(
        line[1].endswith(f":{port:04X}") and line[3] == ESTABLISHED for line in lines
    )


free_port = workers_module._free_port


class SiloPods:
    """Workers that silos run themselves, as in their pods; ended on leaving."""

    def __init__(self) -> None:
        self._pods: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> SiloPods:
        return self

    def __exit__(self, *_: object) -> None:
        for pod in self._pods.values():
            pod.kill()
            pod.wait()

    def start(self, silo: Silo, address: str = "") -> str:
        """Start a silo's worker and return where it listens."""
        port = int(address.rpartition(":")[2] or free_port())
        uid = homes.uid_of(silo)
        user = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        with tempfile.TemporaryFile() as log:
            pod = self._pods[silo.id] = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig=KILL"),
                    *(user if homes.is_isolated() else []),
                    *(f"/proc/self/fd/{_worker_binary()}", f"--port={port}"),
                    "--max_concurrent_computation_calls=2",
                ],
                cwd=silo.home,
                env={**workers_module._environment(), "TF_CPP_VMODULE": "op_kernel=1"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=[_worker_binary()],
            )
            wait_until(lambda: pod.poll() is not None or _listens(pod.pid))
            assert pod.poll() is None
        return f"127.0.0.1:{port}"

    def kill(self, silo: Silo) -> None:
        self._pods[silo.id].kill()
        self._pods[silo.id].wait()

    def await_work(self, silo: Silo) -> None:
        """Return when a silo's worker is about to read its rows, by its log."""
        log = pathlib.Path(f"/proc/{self._pods[silo.id].pid}/fd/1")
        wait_until(lambda: bool(READS.search(log.read_bytes())))


@contextlib.contextmanager
def held(silo: Silo) -> Iterator[pathlib.Path]:
    """Let a silo's worker wait for its labels as long as the block runs.

    They are a pipe that nobody writes to, which is yielded, so a round can't end
    before the test says.
    """
    path = silo.path(FOLDER, tensor_files.LABELS)
    kept = path.with_name("kept")
    path.rename(kept)
    try:
        os.mkfifo(path, 0o600)
        homes.chown_to_silo(silo, path)
        yield path
    finally:
        kept.replace(path)


class _Stop(logging.Filter):
    def __init__(self, number: int) -> None:
        super().__init__()
        self._start = f"round={number}/"

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage().startswith(self._start):
            raise KeyboardInterrupt
        return True


@contextlib.contextmanager
def stopped_after(number: int) -> Iterator[None]:
    """Let a training inside the block end as by Ctrl-C as soon as a round is done."""
    logger, stop = logging.getLogger(progress.__name__), _Stop(number)
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addFilter(stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        logger.removeFilter(stop)
        logger.setLevel(level)


@functools.cache
def _worker_binary() -> int:
    # As an open file: a silo's user may not reach the folder that it lies in.
    return os.open(workers_module._executable(), os.O_RDONLY)


def num_rows(silo: Silo) -> int:
    path = silo.path(FOLDER, tensor_files.LABELS)
    return path.stat().st_size // 4 if path.is_file() else 0


def program_of(
    build: Callable[[], tf.keras.Model], plan: TrainingPlan
) -> tuple[ClientModel, Program]:
    """Return a start and its program, which TFF takes seconds to build and compile."""
    parts = (plan.algorithm, plan.aggregation, plan.server_optimizer)
    return _program_of(build, *(part.model_dump_json() for part in parts))


@functools.cache
def _program_of(
    build: Callable[[], tf.keras.Model], algorithm: str, aggregation: str, server: str
) -> tuple[ClientModel, Program]:
    parts = {
        "algorithm": Algorithm.model_validate_json(algorithm),
        "aggregation": Aggregation.model_validate_json(aggregation),
        "server_optimizer": ServerOptimizer.model_validate_json(server),
    }
    plan = PLAN.model_copy(update=parts)
    start = model.initialise(build, NUM_FLOATS, 2, plan.seed)
    return start, training.program(start, FOLDER, plan)


@contextlib.contextmanager
def federation_of(
    silos: list[Silo],
    folder: pathlib.Path,
    quorum: int = 2,
    timeout_s: float = 60.0,
    own_user_ids: bool | None = None,
) -> Iterator[SiloContext]:
    """Yield the context alone, installed, over real workers."""
    with contextlib.ExitStack() as stack:
        workers = stack.enter_context(Workers(folder, own_user_ids))

        def connection(address: str) -> Endpoint:
            made = Endpoint(timeout_s)
            made.connect(address)
            stack.callback(made.close)
            return made

        server = connection(workers.start_server().address)
        endpoints = {silo.id: connection(workers.address(silo)) for silo in silos}
        found = SiloContext(endpoints, server, timeout_s, quorum)
        stack.enter_context(tff.framework.get_context_stack().install(found))
        yield found
