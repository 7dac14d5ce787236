"""The runs of one use case, wherever they ended: summaries, evaluations, pages.

What is asked of them stands here; where they are kept differs (`local.py`,
`stored.py`). A page or a table that is gone is None: artifacts of old runs are cleared
away by people, and who lists runs must still tell of the rest.
"""

from __future__ import annotations

import abc
from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from components.dashboard.silo.page import file_name
from components.errors import SettingsError
from components.payloads import table
from components.payloads.decision import Decision
from pipelines.past_runs import evaluation
from pipelines.past_runs.evaluation import Evaluation
from pipelines.past_runs.page import Page
from pipelines.summary import Summary

if TYPE_CHECKING:
    import pyarrow as pa


LATEST = "latest"


class PastRuns(abc.ABC):
    """The runs of one use case.

    Attributes:
        use_case: Its name.
        operator_store: SQLAlchemy's URL of the operator's state, or a reference to it.
        place: Where the runs are kept, for people.
        program: The command that starts such a run.
        elsewhere: What else to do where a run is missing, for people.
    """

    use_case: str
    operator_store: str
    place: str
    program: ClassVar[str]
    elsewhere: ClassVar[str]

    @abc.abstractmethod
    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first."""

    @abc.abstractmethod
    def run_ids(self) -> list[str]:
        """Return the ids of all runs, oldest first."""

    @abc.abstractmethod
    def page(self, told: Summary) -> Page | None:
        """Return a run's page; None when it wrote none or it is gone."""

    @abc.abstractmethod
    def silo_pages(self, told: Summary) -> Iterator[tuple[str, Page]]:
        """Yield the pages of a run's silos with their file names, none or all."""

    @abc.abstractmethod
    def _summary(self, run_id: str) -> Summary | None:
        """Return the summary of a run, or of the last; None where there is none."""

    @abc.abstractmethod
    def _table(self, told: Summary) -> bytes | None:
        """Return the Parquet of a run's tidy table; None when it has none."""

    @abc.abstractmethod
    def _decision(self, told: Summary) -> bytes | None:
        """Return the JSON of the decision on a run's model; None when it has none."""

    def has_any(self) -> bool:
        """Return whether there is a run of this use case."""
        return bool(self.run_ids())

    @property
    def none_yet(self) -> str:
        """What to say where there is no run, for people."""
        return f"use case `{self.use_case}`: found no run yet in {self.place}"

    @property
    def way_to_one(self) -> str:
        """What to do where there is no run, for people."""
        return f"start one with `{self.program} {self.use_case}`, {self.elsewhere}"

    def find(self, run_id: str = "") -> Summary:
        """Return the summary of a run.

        Args:
            run_id: The run; empty or `latest` for the last.

        Raises:
            SettingsError: There is no such run.
        """
        run_id = "" if run_id == LATEST else run_id
        told = self._summary(run_id)
        if told is not None:
            return told
        known = self.run_ids()
        if not run_id and not known:
            raise SettingsError(self.none_yet, self.way_to_one)
        raise SettingsError(
            f"run {run_id or '(last)'} of `{self.use_case}`: found no summary of it in "
            f"{self.place}; known: {', '.join(known) or 'none'}",
            (f"`fairsilo report list {self.use_case}` tells of them; " if known else "")
            + self.way_to_one,
        )

    def last_with_page(self) -> Summary:
        """Return the summary of the last run that has a page.

        Raises:
            SettingsError: There is no run, or none has a page.
        """
        summaries = self.summaries()
        for told in reversed(summaries):
            if self.page(told) is not None:
                return told
        if not summaries:
            raise SettingsError(self.none_yet, self.way_to_one)
        raise SettingsError(
            f"use case `{self.use_case}`: not one of {len(summaries):,} runs in "
            f"{self.place} has a page",
            f"`fairsilo report list {self.use_case}` tells how they ended",
        )

    def silo_page(self, told: Summary, silo: str) -> Page:
        """Return the page of a run's silo, for its owner.

        Args:
            told: The run's summary.
            silo: The silo's id.

        Raises:
            SettingsError: The run has no such silo, or its page is gone.
        """
        wanted = file_name(silo)
        for name, page in self.silo_pages(told):
            if name == wanted:
                return page
        run_id, silos = told["run_id"], told["silos"]
        if silo not in {item["silo"] for item in silos}:
            raise SettingsError(
                f"silo `{silo}`: found no such silo among the {len(silos):,} that run "
                f"{run_id} tells of",
                f"`fairsilo report show {self.use_case} {run_id}` lists them",
            )
        raise SettingsError(
            f"silo `{silo}`: found no page of it beside the page of run {run_id} in "
            f"{self.place}, expected one; it was deleted, or that run's version of "
            "FairSilo kept none",
            "run that span again",
        )

    def evaluation(self, told: Summary) -> Evaluation:
        """Return the evaluation of a run.

        Args:
            told: Its summary.

        Raises:
            SettingsError: It has none, or it is gone, or of another version.
        """
        run_id = told["run_id"]
        if not told.get("evaluation"):
            raise _not_evaluated(told)
        found = {
            table.PARQUET: self._table(told),
            Decision.FILE_NAME: self._decision(told),
        }
        figures, verdict = found.values()
        if figures is None or verdict is None:
            gone = " and no ".join(name for name in found if found[name] is None)
            raise SettingsError(
                f"run {run_id}: its evaluation was deleted: found no {gone} of it in "
                f"{self.place}",
                "run that span again",
            )
        return evaluation.read(run_id, figures, verdict)

    def figures(self, told: Summary) -> pa.Table | None:
        """Return the tidy table of a run; None when it has none, or it can't be read.

        Args:
            told: Its summary.
        """
        content = self._table(told)
        return None if content is None else evaluation.figures(content)


def _not_evaluated(told: Summary) -> SettingsError:
    reasons = "; ".join(told["reasons"]) or f"it is {told['status']}"
    return SettingsError(
        f"run {told['run_id']}: no evaluation of it is kept ({reasons})",
        "only runs that evaluated their model can be asked about its gates",
    )
