"""Argo's nodes of a run, as the test's server tells them.

Written after Argo Workflows: a node's id is the workflow's name and the FNV-1a hash of
the node's full name; pods have the template's name in the middle.
"""

from __future__ import annotations

from typing import Any

import kfp_server_api as api

GROUP = "exit-handler-1"


def fnv32a(text: str) -> int:
    state = 0x811C9DC5
    for byte in text.encode():
        state = ((state ^ byte) * 0x01000193) % 2**32
    return state


class Workflow:
    """A run's workflow.

    Attributes:
        name: Its name.
        archived: Logs by node id, of pods that have ended.
        pods: Logs by pod name, of pods that are there.
        newer: Whether pods are named as from 2.15 on.
    """

    def __init__(self, name: str, documents: list[Any]) -> None:
        self.name = name
        self.archived: dict[str, bytes] = {}
        self.pods: dict[str, bytes] = {}
        self.newer = False
        self._documents = documents
        self._states: dict[str, str] = {}
        self._attempts: dict[str, int] = {}

    def step(
        self, task: str, state: str, log: bytes | None = None, attempts: int = 1
    ) -> None:
        """Let a step come to a state, with the log of its last attempt."""
        self._states[task] = state
        self._attempts[task] = attempts
        if log is None:
            return
        name = self._executor(task)
        if self._retried(task):
            name += f"({attempts - 1})"
        if state == "RUNNING":
            self.pods[self._pod(task, name)] = log
        else:
            self.archived[self._id(name)] = log

    def details(self, run_id: str) -> Any:
        """Return the tasks as the API tells them."""
        tasks = [self._task(run_id, "root-driver", "SUCCEEDED", [])]
        for task, state in self._states.items():
            executor = self._executor(task)
            tries = [
                self._id(f"{executor}({number})")
                for number in range(self._attempts[task])
                if self._retried(task)
            ]
            driver, following = f"{task}-driver", self._id(f"{self.name}.root.{task}")
            tasks.append(self._task(run_id, driver, "SUCCEEDED", [following]))
            tasks.append(self._task(run_id, task, state, [self._id(executor)]))
            tasks.append(self._task(run_id, "executor", state, tries))
        return api.V2beta1RunDetails(task_details=tasks if self._states else None)

    def _task(self, run_id: str, name: str, state: str, below: list[str]) -> Any:
        return api.V2beta1PipelineTaskDetail(
            run_id=run_id,
            task_id=f"{fnv32a(name):08x}",
            display_name=name,
            state=state,
            child_tasks=[api.PipelineTaskDetailChildTask(pod_name=one) for one in below]
            or None,
        )

    def _executor(self, task: str) -> str:
        return f"{self.name}.root.{GROUP}.{task}.executor"

    def _id(self, node: str) -> str:
        return f"{self.name}-{fnv32a(node)}"

    def _pod(self, task: str, node: str) -> str:
        template = "system-container-impl"
        if self._retried(task):
            template = f"retry-{template}"
        if self.newer:
            template = f"metadata-0-2-{template}"
        return f"{self.name}-{template}-{fnv32a(node)}"

    def _retried(self, task: str) -> bool:
        tasks = self._documents[0]["components"][f"comp-{GROUP}"]["dag"]["tasks"]
        return "retryPolicy" in tasks.get(task, {})
