"""Where the site takes runs from: this machine's folders, or a cluster's store.

What is gone is None, not an error: artifacts of old runs are cleared away by
people, and a site must still tell of the rest.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from components.dashboard.silo_page import FOLDER
from components.scoring import table
from pipelines import summary
from pipelines.summary import Summary

if TYPE_CHECKING:
    from pipelines.places import Places
    from pipelines.run_store import RunStore


class Archive(Protocol):
    """The runs of a use case, with what they left."""

    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first."""

    def page(self, told: Summary) -> bytes | None:
        """Return the HTML of a run's page; None when it wrote none or it is gone."""

    def page_file(self, told: Summary) -> pathlib.Path | None:
        """Return the file of a run's page; None when there is none on this machine."""

    def silo_pages(self, told: Summary) -> dict[str, pathlib.Path]:
        """Return the files of a run's silo pages by name; empty when there are none."""

    def figures(self, told: Summary) -> pa.Table | None:
        """Return the tidy table of a run; None when it has none or it is gone."""


class LocalArchive:
    """Runs of this machine.

    Args:
        places: Where they wrote.
    """

    def __init__(self, places: Places) -> None:
        self._places = places

    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first."""
        return summary.read_all(self._places)

    def page(self, told: Summary) -> bytes | None:
        """Return the HTML of a run's page; None when it wrote none or it is gone."""
        path = self.page_file(told)
        return path.read_bytes() if path else None

    def page_file(self, told: Summary) -> pathlib.Path | None:
        """Return the file of a run's page; None when it wrote none or it is gone."""
        path = pathlib.Path(told["dashboard"] or "/nowhere")
        return path if path.is_file() else None

    def silo_pages(self, told: Summary) -> dict[str, pathlib.Path]:
        """Return the files of a run's silo pages by name; empty when there are none."""
        page = self.page_file(told)
        if page is None:
            return {}
        return {path.name: path for path in (page.parent / FOLDER).glob("*.html")}

    def figures(self, told: Summary) -> pa.Table | None:
        """Return the tidy table of a run; None when it has none or it is gone."""
        folder = told.get("evaluation")
        return _read(pathlib.Path(folder, table.PARQUET)) if folder else None


class StoredArchive:
    """Runs of a cluster.

    Args:
        runs: The use case's runs in the shared store.
    """

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first, also of running ones."""
        return self._runs.summaries()

    def page(self, told: Summary) -> bytes | None:
        """Return the HTML of a run's page; None when it wrote none."""
        return self._runs.page(told["run_id"])

    def page_file(self, told: Summary) -> pathlib.Path | None:  # noqa: ARG002
        """Return nothing: pages of a store are no files here."""
        return None

    def silo_pages(self, told: Summary) -> dict[str, pathlib.Path]:  # noqa: ARG002
        """Return nothing: the store keeps no silo pages."""
        return {}

    def figures(self, told: Summary) -> pa.Table | None:
        """Return the tidy table of a run; None when it has none."""
        content = self._runs.table(told["run_id"])
        return None if content is None else _read(pa.BufferReader(content))


def _read(source: pathlib.Path | pa.BufferReader) -> pa.Table | None:
    """Read a table; None when it is gone, cut off or of another form."""
    try:
        return pq.read_table(source, columns=table.SCHEMA.names)
    except (OSError, pa.ArrowInvalid):
        return None
