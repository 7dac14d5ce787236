"""Runs a compiled package by the KFP SDK's own local runner, steps as processes.

The SDK resolves placeholders, orders the tasks, runs each container's own command
and reads the executor output, as a back end does. Only the container engine, which
is not here, is replaced: by a subprocess with the step's environment. What a back
end reads from the platform document (secret, mounts) is given by the caller.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import IO

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
    """A package; `root` replaces its shared volume, `store` is what the secret holds.

    KFP's own small artifacts go to `outputs`.
    """

    def __init__(
        self, path: pathlib.Path, root: pathlib.Path, store: str, outputs: pathlib.Path
    ) -> None:
        text = path.read_text(encoding="utf-8").replace("/mnt/fairsilo", str(root))
        text = text.replace("/etc/fairsilo/settings", str(root / "config-map"))
        self.spec = next(yaml.safe_load_all(text))
        self.store = store
        self.outputs = outputs
        self.statuses: dict[str, int] = {}
        self.logs: dict[str, str] = {}
        self.commands: dict[str, list[str]] = {}

    def run(self, hook: Hook = lambda _: None, /, **parameters) -> bool:
        """Run all tasks in their order and return whether all of them succeeded.

        `hook` is called with each step's command before it runs; a number is taken as
        its exit status instead of running it.
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

    @property
    def run_id(self) -> str:
        """The run's id, as the last step that ran was told."""
        command = next(reversed(self.commands.values()))
        return command[command.index("--run-id") + 1]

    def step(self, command: list[str]) -> int:
        """Run one step's command as its container would; return its exit status."""
        name = command[3]
        self.commands[name] = command
        self.statuses[name] = self.start(command).wait()
        self.logs[name] = self.log(name)
        return self.statuses[name]

    def log(self, name: str) -> str:
        """Return what a step has written so far."""
        return (self.outputs / f"{name}.log").read_text(errors="replace")

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start one step's command with the environment that its pod would have."""
        with (self.outputs / f"{command[3]}.log").open("wb") as log:
            return self._start(command, log)

    def _start(self, command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
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
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

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


def main() -> None:
    """Run a package in a process of its own: PATH ROOT OUTPUTS PARAMETERS."""
    path, root, outputs = map(pathlib.Path, sys.argv[1:4])
    package = Package(path, root, os.environ["FAIRSILO_STORE"], outputs)
    succeeded = package.run(**json.loads(sys.argv[4]))
    told = {
        "succeeded": succeeded,
        "statuses": package.statuses,
        "logs": package.logs,
        "run_id": package.run_id,
    }
    (outputs / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
