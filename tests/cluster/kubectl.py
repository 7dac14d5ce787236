"""kubectl as its users run it: in a process of its own, with what it said."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
from typing import Any

from tests.cluster import binaries

TIMEOUT_S = 300


@dataclasses.dataclass(frozen=True)
class Answer:
    """What kubectl answered."""

    status: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        return self.status == 0


@dataclasses.dataclass(frozen=True)
class Kubectl:
    """kubectl, as the administrator unless told otherwise by `--as`.

    Attributes:
        kubeconfig: The server and the administrator's token.
    """

    kubeconfig: pathlib.Path

    def __call__(self, *arguments: str, given: Any = None) -> Answer:
        """Run kubectl; `given` is an object for its standard input."""
        done = subprocess.run(
            [binaries.folder() / "kubectl", *arguments],
            input="" if given is None else json.dumps(given),
            env=self.environment(),
            cwd=self.kubeconfig.parent,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        """Return the objects that a command lists."""
        answer = self(*arguments, "-o", "json")
        assert answer.ok, answer.err
        found = json.loads(answer.out)
        return found["items"] if found["kind"] == "List" else [found]

    def environment(self) -> dict[str, str]:
        """Return the environment of a client of this server."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.kubeconfig.parent),
            "KUBECONFIG": str(self.kubeconfig),
        }
