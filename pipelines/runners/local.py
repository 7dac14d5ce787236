"""Runs a pipeline in this process with TFX's LocalDagRunner, and reads its results.

TFX tells nothing but its log: the nodes' progress is taken from there, the
results from ML Metadata, where cached nodes stand beside those that ran.
"""

from __future__ import annotations

import contextlib
import logging
import pathlib
import sys
import time
from collections.abc import Callable, Iterator

from tfx.dsl.compiler import compiler, constants
from tfx.orchestration.local import local_dag_runner
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import runtime_parameter_utils

from components import tracebacks
from components.errors import FairSiloError, SettingsError
from pipelines import faults
from pipelines.runners import integrity, results
from pipelines.runners.result import NodeResult

MAX_SPAN_BYTES = 200  # a folder's name has 255 at most


def run(
    pipeline: Pipeline,
    run_id: str,
    on_node: Callable[[str], None],
    log: pathlib.Path,
) -> dict[str, NodeResult]:
    """Run a pipeline to its end.

    Args:
        pipeline: The pipeline; its metadata must be an sqlite file.
        run_id: Name of the run, unique in its metadata.
        on_node: Called with a node's id when it starts.
        log: File for our warnings and for tracebacks; not made where there are none.

    Returns:
        The nodes' results by id, in their order.

    Raises:
        FairSiloError: What a node raised, in a sentence; its traceback is in the log.
            Results of the nodes before are kept by TFX.
        KeyboardInterrupt: Ctrl-C came, whatever an engine made of it.
    """
    with _written_to(log):
        try:
            return _run(pipeline, run_id, on_node)
        except Exception as error:
            if faults.was_interrupted():
                raise KeyboardInterrupt from None
            if not isinstance(error, FairSiloError):
                tracebacks.write(f"run={run_id}", tracebacks.of(error))
            raise faults.in_words(error, log) from None


def _run(
    pipeline: Pipeline, run_id: str, on_node: Callable[[str], None]
) -> dict[str, NodeResult]:
    ir = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    root = pathlib.Path(pipeline.pipeline_info.pipeline_root)
    root.mkdir(parents=True, exist_ok=True)
    if pathlib.Path(pipeline.metadata_connection_config.sqlite.filename_uri).exists():
        # Also of nodes that do not run: `predict` reads an earlier run's model.
        integrity.set_damaged_aside(root.iterdir())
    else:
        integrity.set_unknown_aside(root / node.id for node in pipeline.components)
    try:
        with _own_arguments(), _node_log(on_node):
            local_dag_runner.LocalDagRunner().run_with_ir(ir)
            if faults.was_interrupted():
                raise KeyboardInterrupt
    finally:
        found = results.read(pipeline.metadata_connection_config, run_id)
        for node in found.values():
            integrity.record_files(node)
    return found


@contextlib.contextmanager
def _written_to(log: pathlib.Path) -> Iterator[None]:
    """Write what we log to a file; tracebacks go nowhere else."""
    handler = _LazyFile(log, encoding="utf-8", delay=True)
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(form))
    loggers = [*map(logging.getLogger, ("components", "pipelines")), tracebacks.logger]
    for logger in loggers:
        logger.addHandler(handler)
    tracebacks.logger.propagate = False
    try:
        yield
    finally:
        tracebacks.logger.propagate = True
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()


class _LazyFile(logging.FileHandler):
    """Makes its folder with its first line; a full disk is told by the run itself."""

    def emit(self, record: logging.LogRecord) -> None:
        with contextlib.suppress(OSError):
            pathlib.Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        pass


@contextlib.contextmanager
def _own_arguments() -> Iterator[None]:
    """Hide our arguments: TFX hands `sys.argv` to Beam as flags."""
    kept, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = kept


@contextlib.contextmanager
def _node_log(on_node: Callable[[str], None]) -> Iterator[None]:
    """Call `on_node` for each node that TFX's log says is running."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if faults.was_interrupted():
                raise KeyboardInterrupt  # what an engine's callback has swallowed
            if record.msg == "Component %s is running." and record.args:
                on_node(str(record.args[0]))  # type: ignore[index]

    logger = logging.getLogger("absl")
    listener, level, propagate = Listener(), logger.level, logger.propagate
    others = list(logger.handlers)
    logger.addHandler(listener)
    for handler in others:
        logger.removeHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(listener)
        for handler in others:
            logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def new_run_id(runs: pathlib.Path, span: str) -> str:
    """Reserve a name for a run, and make its folder: when it started, and its span.

    Args:
        runs: Folder of all runs' folders.
        span: The span as asked for; may be empty.

    Raises:
        SettingsError: The span can't be part of a folder's name.
    """
    if "/" in span or not span.isprintable() or len(span.encode()) > MAX_SPAN_BYTES:
        raise SettingsError(
            f"--span: found {span!r}, expected a span such as 2013-11",
            "give the part of the files' names that tells the span",
        )
    while True:
        started = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        run_id = f"{started}-{span}" if span else started
        try:
            (runs / run_id).mkdir(parents=True)
        except FileExistsError:  # another run started in this second
            time.sleep(0.2)
        else:
            return run_id
