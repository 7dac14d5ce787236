"""How long a step on a cluster takes before its node's own work begins."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import Any

IMPORTS = {
    "step": "from pipelines.cli import console; console.import_narrowly(); "
    "from pipelines.runners import step, launch, metadata, step_report",
    "tensorflow": "import tensorflow",
    "tfx_v1": "from tfx import v1",
}


def bench_step_start(times: int) -> dict[str, Any]:
    """Start each several times in turn, in processes of their own.

    Returns:
        Median seconds of a step, of TensorFlow alone and of TFX's whole API, and
        the step's ratio to the others, pair by pair.
    """
    seconds: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(times):
        for name, code in IMPORTS.items():
            started = time.monotonic()
            subprocess.run(  # noqa: S603  our own code only
                [sys.executable, "-W", "ignore", "-c", code],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            seconds[name].append(time.monotonic() - started)
    median = statistics.median
    result = {f"{name}_seconds": round(median(s), 2) for name, s in seconds.items()}
    for other in ("tensorflow", "tfx_v1"):
        pairs = zip(seconds["step"], seconds[other], strict=True)
        result[f"step_over_{other}"] = round(median(a / b for a, b in pairs), 2)
    return result
