"""What the commands share: where output goes, and how errors look.

Data goes to stdout, all else to stderr. Engines print to stdout as they like, so
while they run, stdout points to stderr.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import logging
import os
import pathlib
import sys
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import rich.console
import typer

from pipelines import faults

if TYPE_CHECKING:
    import rich.table

WIDE = 240  # characters
LEVELS = {
    "": logging.ERROR,
    "tensorflow": logging.ERROR,
    # Beam logs each error that it raises, with its text, which may hold a record.
    "apache_beam": logging.CRITICAL,
    "components": logging.WARNING,
    "pipelines": logging.WARNING,
    "components.federation": logging.INFO,  # progress
    "components.silos": logging.INFO,
    "components.batch_inferrer.progress": logging.INFO,
    "pipelines.benchmarks": logging.INFO,  # results as they come
}

stderr = rich.console.Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """Tell a person something, on stderr."""
    stderr.print(text, markup=False, soft_wrap=True)


def data(text: str) -> None:
    """Print data, on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def data_json(value: object) -> None:
    """Print one JSON value, on stdout."""
    data(json.dumps(value, indent=1, ensure_ascii=False))


def data_table(table: rich.table.Table) -> None:
    """Print a table for people, on stdout; a file or pipe is taken for wide."""
    sys.stdout.flush()
    width = None if sys.stdout.isatty() else WIDE
    rich.console.Console(highlight=False, width=width).print(table)


def plain_table() -> rich.table.Table:
    """Return a table without lines."""
    import rich.table

    return rich.table.Table(box=None, pad_edge=False, header_style="bold")


def data_records(records: Sequence[Mapping[str, object]]) -> None:
    """Print records with the same keys as a table; numbers to three decimals."""
    import rich.text

    table = plain_table()
    for key in records[0]:
        table.add_column(key)
    for record in records:
        values = record.values()
        cells = (f"{one:.3f}" if isinstance(one, float) else str(one) for one in values)
        table.add_row(*map(rich.text.Text, cells))
    data_table(table)


@contextlib.contextmanager
def engines() -> Iterator[None]:
    """Keep engines quiet and off stdout, and TFX from loading what is not used."""
    import_narrowly()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    logging.basicConfig(
        level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr
    )
    for name, level in LEVELS.items():
        logging.getLogger(name).setLevel(level)
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with faults.interruptible(), _stopped():
            yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def import_narrowly() -> None:
    """Keep TFX from loading every component that it ships: TFMA, Transform, BigQuery.

    Its launcher and its components need modules below `tfx.components`, which imports
    all of them: half of the time that a cached run takes. An empty package takes its
    place in `sys.modules`; modules below it are found as ever.
    """
    spec = importlib.util.find_spec("tfx")
    name = "tfx.components"
    if name in sys.modules or spec is None or not spec.submodule_search_locations:
        return
    package = types.ModuleType(name)
    package.__path__ = [
        f"{path}/components" for path in spec.submodule_search_locations
    ]
    sys.modules[name] = package


@contextlib.contextmanager
def _stopped() -> Iterator[None]:
    try:
        yield
    except (Exception, KeyboardInterrupt):
        if not faults.was_interrupted():
            raise
        say("stopped: run the same command again to go on from here")
        raise typer.Exit(130) from None


def output_folder(name: str, output: pathlib.Path | None) -> pathlib.Path:
    """Return a use case's output folder, absolute; by default that of its project."""
    from pipelines import use_case

    return output.absolute() if output else use_case.output(name)
