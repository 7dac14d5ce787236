"""A step loads no component of TFX that it doesn't run; those that it runs load."""

import json
import subprocess
import sys

from tests.support.program import PROJECT

CODE = """
import json, sys
from pipelines.runners import narrow
narrow.import_narrowly()
from pipelines.runners import launch
before = [name for name in sys.modules if name.startswith("tensorflow_model_analysis")]
from tfx.components.pusher import executor
print(json.dumps([before, executor.Executor.__name__]))
"""


def test_the_launcher_loads_without_tfma_and_components_are_still_found():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == [[], "Executor"]
