"""A run on a cluster as each of its steps sees it: one folder on the shared root.

Steps share nothing but that folder and the store. Loads no engine.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import TYPE_CHECKING

from components import atomic
from components.errors import FairSiloError
from components.store_url import FROM_ENVIRONMENT
from pipelines.places import Places

if TYPE_CHECKING:
    from pipelines.runs.store import RunStore

CHAIN = "pipeline.json"  # what the first step compiled
SETTINGS = "settings.json"  # what the first step read
_FAILURES = "failures"


@dataclasses.dataclass(frozen=True)
class Job:
    """One run of one use case; `root` is where the shared volume is mounted."""

    use_case: str
    run_id: str
    root: pathlib.Path

    @property
    def places(self) -> Places:
        """Where the use case's runs write."""
        return Places(self.root / self.use_case, FROM_ENVIRONMENT)

    @property
    def runs(self) -> RunStore:
        """The runs of the use case."""
        from pipelines.runs.store import RunStore

        return RunStore(FROM_ENVIRONMENT, self.use_case, self.places.output)

    @property
    def folder(self) -> pathlib.Path:
        """The run's own folder."""
        return self.places.runs / self.run_id

    @property
    def is_open(self) -> bool:
        """Whether the run's first step has written all that the others read."""
        return (self.folder / CHAIN).exists()

    def write(self, name: str, text: str) -> None:
        """Write a file of the run's folder, whole or not at all."""
        with atomic.written(self.folder / name) as unfinished:
            unfinished.write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        """Read a file that the run's first step wrote.

        Raises:
            FairSiloError: It is not there.
        """
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except OSError as error:
            raise FairSiloError(
                f"{self.folder / name}: found no such file ({error.strerror}), "
                "expected what the step prepare wrote",
                f"check that all steps mount the same volume at {self.root}",
            ) from None

    def record_failure(self, step: str, error: FairSiloError) -> None:
        """Record why a step failed, in place of what was known of it."""
        text = json.dumps([error.message, error.hint], ensure_ascii=False)
        self.write(f"{_FAILURES}/{step}.json", text)

    def forget_failure(self, step: str) -> None:
        """Forget why earlier attempts of a step failed, since it has succeeded."""
        (self.folder / _FAILURES / f"{step}.json").unlink(missing_ok=True)

    def failures(self) -> dict[str, FairSiloError]:
        """Return why steps failed, by step, in the order of their records."""
        files = (self.folder / _FAILURES).glob("*.json")
        return {
            path.stem: FairSiloError(*json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(files, key=lambda path: path.stat().st_mtime_ns)
        }
