"""What a command lets through of what modules log."""

import logging
import subprocess
import sys

import pytest

LOGS = """
import logging, sys
from pipelines.cli import console
with console.engines():
    logging.getLogger(sys.argv[1]).warning("mind this")
"""


@pytest.mark.parametrize(
    ("logger", "is_shown"),
    [
        ("components.silos.tasks", True),
        ("pipelines.summary", True),
        ("tensorflow", False),
        ("tfx.dsl", False),
    ],
)
def test_our_warnings_reach_the_terminal_and_those_of_engines_do_not(logger, is_shown):
    assert logging.getLogger("root") is logging.getLogger()  # why they once did not
    done = subprocess.run(
        [sys.executable, "-c", LOGS, logger], capture_output=True, text=True, check=True
    )
    assert ("WARNING mind this" in done.stderr) is is_shown
