"""Runs of a cluster, in its shared store: nothing of them lies on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.past_runs import silo_pages
from pipelines.past_runs.page import StoredPage
from pipelines.past_runs.runs import PastRuns
from pipelines.run_store import RunStore
from pipelines.summary import Summary


class StoredRuns(PastRuns):
    """The runs of one use case in a store, also those that run.

    Args:
        use_case: Its name.
        url: SQLAlchemy's URL of the store, or a reference to it
            (`components/store_url.py`).
    """

    program = "fairsilo kubeflow run"
    elsewhere = "or in Kubeflow's UI"

    def __init__(self, use_case: str, url: str) -> None:
        self.use_case = use_case
        self.operator_store = url
        self._runs = RunStore(url, use_case)
        self.place = f"the store at {self._runs.place}"

    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first, also of running ones."""
        return self._runs.summaries()

    def run_ids(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        return [run.run_id for run in self._runs.runs()]

    def page(self, told: Summary) -> StoredPage | None:
        """Return a run's page; None when it wrote none."""
        content = self._runs.page(told["run_id"])
        return None if content is None else StoredPage(content)

    def silo_pages(self, told: Summary) -> Iterator[tuple[str, StoredPage]]:
        """Yield the pages of a run's silos with their file names, none or all."""
        content = self._runs.silo_pages(told["run_id"])
        if content is not None:
            for name, page in silo_pages.unpack(content):
                yield name, StoredPage(page)

    def _summary(self, run_id: str) -> Summary | None:
        return self._runs.summary(run_id or "".join(self.run_ids()[-1:]))

    def _table(self, told: Summary) -> bytes | None:
        return self._runs.table(told["run_id"])

    def _decision(self, told: Summary) -> bytes | None:
        return self._runs.decision(told["run_id"])
