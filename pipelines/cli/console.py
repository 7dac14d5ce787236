"""What the commands share: where output goes, and how errors look.

Data goes to stdout, all else to stderr. Engines print to stdout as they like, so
while they run, stdout points to stderr.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pathlib
import sys
import warnings
from collections.abc import Iterator

import rich.console
import typer

from pipelines import faults

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


@contextlib.contextmanager
def engines() -> Iterator[None]:
    """Keep engines quiet and off stdout while they run."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    warnings.simplefilter("ignore")
    logging.basicConfig(
        level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr
    )
    for noisy in ("", "tensorflow"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    # Beam logs each error that it raises, with its text, which may hold a record.
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    for ours in ("components", "pipelines"):
        logging.getLogger(ours).setLevel(logging.WARNING)
    for progress in ("components.federation", "components.silos"):
        logging.getLogger(progress).setLevel(logging.INFO)
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


def output_folders() -> list[pathlib.Path]:
    """Return the default output folders of all use cases that ran, absolute."""
    from pipelines import use_case

    builds = (project / "build" for project in use_case.projects())
    return sorted(path for build in builds for path in build.glob("*"))
