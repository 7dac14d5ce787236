"""Fixtures of tests in more than one folder.

A fixture of the session stands here alone: imported in two places it would be made
twice, and Playwright runs but once in a process.
"""

import gc
import logging
import os
import pathlib
import signal

import pytest
from hypothesis import settings

from pipelines.flights import source
from tests.support.azurite import azurite, blobs
from tests.support.browser import browser
from tests.support.mariadb import mariadb, store_url

# How long an example takes says more about the machine than about the code. Examples
# are the same in each run, so what fails was changed; HYPOTHESIS_SEEK=1 has others.
settings.register_profile(
    "any machine", deadline=None, derandomize="HYPOTHESIS_SEEK" not in os.environ
)
settings.load_profile("any machine")

__all__ = ["azurite", "blobs", "browser", "mariadb", "store_url"]

# A background job of a script ignores SIGINT, and so would TFF's local workers, which
# TFF ends by it and waits for.
signal.signal(signal.SIGINT, signal.default_int_handler)


# Imports of engines make millions of objects that stay, and a collector that walks
# over them again and again takes a sixth of the time of an import.
gc.set_threshold(50_000, 50, 100)


def pytest_configure(config):
    config.option.loadscopereorder = False  # xdist's order: most tests first


def pytest_collection_finish():
    """Leave what imports made out of collections while tests run."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items):
    """Begin with what takes long, so that no process waits for another at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(
        key=lambda one: ("end_to_end" not in str(one.path), one.path not in slow)
    )


@pytest.fixture(scope="session")
def all_flights(tmp_path_factory) -> pathlib.Path:
    """The flights of all airlines, as they are prepared; not to be changed."""
    root = tmp_path_factory.mktemp("flights") / "all"
    source.prepare(root)
    return root


@pytest.fixture(autouse=True)
def _levels_of_loggers():
    """Commands set levels for their whole process, which tests share."""
    names = ("", "components", "pipelines", "components.federation", "apache_beam")
    kept = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in kept.items():
        logging.getLogger(name).setLevel(level)
