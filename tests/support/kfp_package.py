"""A small package as `fairsilo compile` writes it, for tests of the client."""

from __future__ import annotations

import pathlib
from typing import Any

import yaml

STEPS = {
    "open-run": ("Open run", []),
    "silo-example-gen": ("SiloExampleGen", ["open-run"]),
    "dashboard": ("Dashboard", ["silo-example-gen"]),
    "decide": ("Decide", ["dashboard", "silo-example-gen"]),
}
RETRIED = {"silo-example-gen", "dashboard"}
PARAMETERS = {
    "span": ("STRING", "latest"),
    "rounds": ("NUMBER_INTEGER", 15.0),
    "client_learning_rate": ("NUMBER_DOUBLE", 0.1),
    "seed": ("STRING", "as in settings"),
    "force": ("BOOLEAN", False),
}


def write(
    path: pathlib.Path, name: str = "flights", image: str = "img"
) -> pathlib.Path:
    """Write a package; another image is another content."""
    documents = (pipeline(name, image), platform())
    path.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
    return path


def pipeline(name: str = "flights", image: str = "img") -> dict[str, Any]:
    tasks = {task: _task(task) for task in STEPS}
    close = {
        **_task("close-run", "Close run"),
        "dependentTasks": ["exit-handler-1"],
        "triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"},
    }
    group = {
        "componentRef": {"name": "comp-exit-handler-1"},
        "taskInfo": {"name": "chain"},
    }
    steps = [*STEPS, "close-run"]
    executors = {
        f"exec-{task}": {"container": {"image": image, "args": [task]}}
        for task in steps
    }
    return {
        "pipelineInfo": {"name": name},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.13.0",
        "components": {
            **{f"comp-{task}": {"executorLabel": f"exec-{task}"} for task in steps},
            "comp-exit-handler-1": {"dag": {"tasks": tasks}},
        },
        "deploymentSpec": {"executors": executors},
        "root": {
            "dag": {"tasks": {"close-run": close, "exit-handler-1": group}},
            "inputDefinitions": {
                "parameters": {
                    name: {
                        "parameterType": kind,
                        "defaultValue": default,
                        "isOptional": True,
                    }
                    for name, (kind, default) in PARAMETERS.items()
                }
            },
        },
    }


def platform() -> dict[str, Any]:
    labels = {
        "app.kubernetes.io/part-of": "fairsilo",
        "fairsilo.io/role": "coordinator",
    }
    executors = {
        f"exec-{task}": {"podMetadata": {"labels": labels}}
        for task in (*STEPS, "close-run")
    }
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def _task(task: str, title: str = "") -> dict[str, Any]:
    told, before = STEPS.get(task, (title, []))
    made: dict[str, Any] = {
        "componentRef": {"name": f"comp-{task}"},
        "taskInfo": {"name": told},
    }
    if before:
        made["dependentTasks"] = before
    if task in RETRIED:
        made["retryPolicy"] = {"maxRetryCount": 2}
    return made
