"""Runs of this machine, in the folders that they wrote to."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

from components.dashboard.silo.page import FOLDER
from components.payloads import table
from components.payloads.decision import Decision
from pipelines import summary
from pipelines.past_runs.page import LocalPage
from pipelines.past_runs.runs import PastRuns
from pipelines.places import Places
from pipelines.summary import Summary


class LocalRuns(PastRuns):
    """The runs of one use case in folders here.

    Args:
        use_case: Its name.
        places: Where they wrote.
    """

    program = "fairsilo run"
    elsewhere = "or give --output where they were written elsewhere"

    def __init__(self, use_case: str, places: Places) -> None:
        self.use_case = use_case
        self.operator_store = places.operator_store
        self.place = str(places.output)
        self._places = places

    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first; a folder may hold others."""
        every = summary.read_all(self._places)
        return [told for told in every if told["use_case"] == self.use_case]

    def run_ids(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        return [told["run_id"] for told in self.summaries()]

    def page(self, told: Summary) -> LocalPage | None:
        """Return a run's page; None when it wrote none or it is gone."""
        path = pathlib.Path(told["dashboard"] or "/nowhere")
        return LocalPage(path) if path.is_file() else None

    def silo_pages(self, told: Summary) -> Iterator[tuple[str, LocalPage]]:
        """Yield the pages beside a run's page; none when that is gone."""
        page = self.page(told)
        if page is not None:
            for path in sorted((page.file.parent / FOLDER).glob("*.html")):
                yield path.name, LocalPage(path)

    def _summary(self, run_id: str) -> Summary | None:
        found = [told for told in self.summaries() if run_id in {"", told["run_id"]}]
        return found[-1] if found else None

    def _table(self, told: Summary) -> bytes | None:
        return _read(told.get("evaluation"), table.PARQUET)

    def _decision(self, told: Summary) -> bytes | None:
        return _read(told.get("blessing"), Decision.FILE_NAME)


def _read(folder: str | None, name: str) -> bytes | None:
    path = pathlib.Path(folder or "/nowhere", name)
    return path.read_bytes() if path.is_file() else None
