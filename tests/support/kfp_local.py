"""Runs a compiled package by the KFP SDK's own local runner, steps as processes.

The SDK resolves placeholders, orders the tasks, runs each container's own command
and reads the executor output, as a back end does. Only the container engine, which
is not here, is replaced: by a subprocess with the step's environment. What a back
end reads from the platform document (secret, mounts) is given by the caller.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import yaml
from google.protobuf import json_format
from kfp import local
from kfp.local import config, docker_task_handler, pipeline_orchestrator, status
from kfp.pipeline_spec import pipeline_spec_pb2

from tests.support.program import PROJECT

Hook = Callable[[list[str]], int | None]


def read(package: pathlib.Path) -> tuple[dict, dict]:
    """Return the two documents of a package: pipeline and platforms."""
    spec, platform = yaml.safe_load_all(package.read_text(encoding="utf-8"))
    return spec, platform


class Package:
    """A package, with the folder that stands for its shared volume.

    Args:
        path: The compiled package.
        root: Folder that replaces the mount of the shared volume.
        store: What the secret holds.
        outputs: Folder for KFP's own small artifacts.
    """

    def __init__(
        self, path: pathlib.Path, root: pathlib.Path, store: str, outputs: pathlib.Path
    ) -> None:
        text = path.read_text(encoding="utf-8").replace("/mnt/fairsilo", str(root))
        text = text.replace("/etc/fairsilo/settings", str(root / "config-map"))
        self.spec = next(yaml.safe_load_all(text))
        self.store = store
        self.outputs = outputs
        self.steps: list[str] = []
        self.logs: dict[str, str] = {}

    def run(self, hook: Hook = lambda _: None, **parameters) -> bool:
        """Run all tasks in their order and return whether all of them succeeded.

        Args:
            hook: Called with each step's command before it runs; a number is taken
                as its exit status instead of running it.
            **parameters: The run's parameters; others keep the form's defaults.
        """
        spec = pipeline_spec_pb2.PipelineSpec()
        json_format.ParseDict(self.spec, spec)
        with self._processes(hook):
            local.init(
                runner=local.DockerRunner(),
                pipeline_root=str(self.outputs),
                raise_on_error=True,
            )
            try:
                pipeline_orchestrator.run_local_pipeline(spec, parameters)
            except RuntimeError:
                return False
            finally:
                config.LocalExecutionConfig.instance = None
        return True

    def step(self, command: list[str]) -> int:
        """Run one step's command as its container would; return its exit status."""
        name = command[3]
        done = subprocess.run(
            [sys.executable, *command[1:]],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ["HOME"],
                "PYTHONPATH": str(PROJECT),
                "FAIRSILO_STORE": self.store,
                "LANG": "C.UTF-8",
            },
            cwd=self.outputs,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.steps.append(name)
        self.logs[name] = done.stdout
        return done.returncode

    @contextlib.contextmanager
    def _processes(self, hook: Hook) -> Iterator[None]:
        original = docker_task_handler.DockerTaskHandler.run

        def run(handler: docker_task_handler.DockerTaskHandler) -> status.Status:
            command = list(handler.full_command)
            code = hook(command)
            if code is None:
                code = self.step(command)
            return status.Status.FAILURE if code else status.Status.SUCCESS

        docker_task_handler.DockerTaskHandler.run = run
        try:
            yield
        finally:
            docker_task_handler.DockerTaskHandler.run = original
