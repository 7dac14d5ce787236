"""Runs a pipeline in this process, node by node, and reads its results."""

from __future__ import annotations

import contextlib
import logging
import pathlib
import sys
import time
from collections.abc import Callable, Iterator

from tfx.orchestration.pipeline import Pipeline

from components import tracebacks
from components.errors import FairSiloError, SettingsError
from pipelines import faults
from pipelines.runners import integrity, launch, results
from pipelines.runners.results import NodeResult

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
    with _surroundings(log):
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
    chain = launch.compiled(pipeline, run_id)
    connection = pipeline.metadata_connection_config
    root = pathlib.Path(pipeline.pipeline_info.pipeline_root)
    root.mkdir(parents=True, exist_ok=True)
    if pathlib.Path(connection.sqlite.filename_uri).exists():
        # Also of nodes that do not run: `predict` reads an earlier run's model.
        integrity.set_damaged_aside(root.iterdir())
    else:
        integrity.set_unknown_aside(root / node.id for node in pipeline.components)
    try:
        for node in chain.nodes:
            on_node(node.pipeline_node.node_info.id)
            launch.launch(chain, node.pipeline_node, connection)
            if faults.was_interrupted():
                raise KeyboardInterrupt  # what an engine's callback has swallowed
    finally:
        found = results.read(connection, run_id)
        for result in found.values():
            integrity.record_files(result)
    return found


@contextlib.contextmanager
def _surroundings(log: pathlib.Path) -> Iterator[None]:
    """Write what we log to a file, tracebacks nowhere else, and what TFX logs nowhere.

    Our arguments are hidden: TFX hands `sys.argv` to Beam as flags.
    """
    handler = _LazyFile(log, encoding="utf-8", delay=True)
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(form))
    loggers = [*map(logging.getLogger, ("components", "pipelines")), tracebacks.logger]
    for logger in loggers:
        logger.addHandler(handler)
    kept, absl = sys.argv, logging.getLogger("absl")
    sys.argv, absl.disabled, tracebacks.logger.propagate = kept[:1], True, False
    try:
        yield
    finally:
        sys.argv, absl.disabled, tracebacks.logger.propagate = kept, False, True
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


def new_run_id(runs: pathlib.Path, span: str) -> str:
    """Reserve a name for a run, and make its folder: when it started, and its span.

    Raises:
        SettingsError: The span, which may be empty, can't be part of a folder's name.
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
