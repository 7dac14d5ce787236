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
    logging.getLogger("components.federation").setLevel(logging.INFO)  # the rounds
    for noisy in ("tensorflow", "apache_beam", "root"):  # the root logger itself
        logging.getLogger(noisy).setLevel(logging.ERROR)
    for ours in ("components", "pipelines"):  # else they take the root's level
        logging.getLogger(ours).setLevel(logging.WARNING)
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    except KeyboardInterrupt:
        say("stopped: run the same command again to go on from here")
        raise typer.Exit(130) from None
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def output_folder(name: str, output: pathlib.Path | None) -> pathlib.Path:
    """Return a use case's output folder, absolute; by default build/NAME."""
    return (output or pathlib.Path("build") / name).absolute()


def output_folders() -> list[pathlib.Path]:
    """Return the default output folders of all use cases that ran here, absolute."""
    return sorted(path for path in pathlib.Path("build").absolute().glob("*"))
