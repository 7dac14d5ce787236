"""What is heard of engines and of ourselves while engines run."""

import logging

import pytest

from pipelines.cli import console


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("tensorflow", logging.ERROR),
        ("apache_beam.runners", logging.CRITICAL),
        ("any.other", logging.ERROR),
        ("components.silos.tasks", logging.WARNING),
        ("pipelines.runners.opening", logging.WARNING),
        ("components.federation.training", logging.INFO),
    ],
)
def test_engines_are_quiet_and_our_own_warnings_are_heard(name, level):
    with console.engines():
        assert logging.getLogger(name).getEffectiveLevel() == level
