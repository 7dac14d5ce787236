"""Runs that ended, with their evaluations: in folders here or in a cluster's store.

An evaluation is kept whole, table and decision, so that a decision can be explained,
waived, and tried with other bounds long after the run, without computing it again.
"""

from __future__ import annotations

import dataclasses
import pathlib

from components.errors import SettingsError
from components.fairness_evaluator import decision
from components.fairness_evaluator.decision import Decision
from components.scoring import table
from components.scoring.table import Table
from pipelines import run_store, summary
from pipelines.places import Places
from pipelines.run_store import RunStore
from pipelines.summary import Summary


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What was found about a run's model, and what was decided.

    Attributes:
        figures: The tidy table.
        decision: The decision.
    """

    figures: Table
    decision: Decision


@dataclasses.dataclass(frozen=True)
class PastRuns:
    """The runs of one use case.

    Attributes:
        use_case: Its name.
        places: Where they wrote; of no use where there is a store.
        store: The cluster's store that they ended in; empty for folders here.
    """

    use_case: str
    places: Places
    store: str = ""

    @property
    def operator_store(self) -> str:
        """SQLAlchemy's URL of the operator's state."""
        return self.store or self.places.operator_store

    def summaries(self) -> list[Summary]:
        """Return the summaries of all runs, oldest first."""
        if self.store:
            return RunStore(self.store, self.use_case).summaries()
        return summary.read_all(self.places)

    def find(self, run_id: str) -> Summary:
        """Return the summary of a run.

        Raises:
            SettingsError: There is no such run.
        """
        told = self.summaries()
        for item in told:
            if item["run_id"] == run_id:
                return item
        raise unknown(run_id, [(self.use_case, item["run_id"]) for item in told])

    def evaluation(self, told: Summary) -> Evaluation:
        """Return the evaluation of a run.

        Args:
            told: Its summary.

        Raises:
            SettingsError: It has none, or it is gone, or of another version.
        """
        figures, verdict = self._stored(told) if self.store else self._files(told)
        try:
            return Evaluation(
                table.of_parquet(figures), decision.of_json(verdict.decode())
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"run {told['run_id']}: its evaluation is of another version of "
                f"FairSilo, found {error!r}",
                "run that span again",
            ) from None

    def _files(self, told: Summary) -> tuple[bytes, bytes]:
        if not told.get("evaluation"):
            raise _not_evaluated(told)
        paths = (
            pathlib.Path(told["evaluation"], table.PARQUET),
            pathlib.Path(told["blessing"], decision.FILE_NAME),
        )
        for path in paths:
            if not path.exists():
                raise SettingsError(
                    f"run {told['run_id']}: its evaluation was deleted: found no "
                    f"{path}",
                    "run that span again",
                )
        return paths[0].read_bytes(), paths[1].read_bytes()

    def _stored(self, told: Summary) -> tuple[bytes, bytes]:
        runs = RunStore(self.store, self.use_case)
        figures, verdict = (
            runs.table(told["run_id"]),
            runs.decision(told["run_id"]),
        )
        if figures is None or verdict is None:
            raise _not_evaluated(told)
        return figures, verdict


def of_use_case(name: str, output: pathlib.Path, store: str) -> PastRuns:
    """Return the runs of a use case.

    Args:
        name: Its name.
        output: The folder that they wrote to; of no use where there is a store.
        store: The cluster's store; empty for folders here.
    """
    return PastRuns(name, Places(output), store)


def of_run(run_id: str, outputs: list[pathlib.Path], store: str) -> PastRuns:
    """Return the runs of the use case that a run is of.

    Args:
        run_id: The run.
        outputs: Folders that runs may have written to; unused where there is a store.
        store: The cluster's store; empty for folders here.

    Raises:
        SettingsError: There is no such run, or several use cases have one.
    """
    if store:
        everything = [
            (name, pathlib.Path(), run) for name, run in run_store.known(store)
        ]
    else:
        everything = [
            (told["use_case"], output, told["run_id"])
            for output in outputs
            for told in summary.read_all(Places(output))
        ]
    found = [(name, output) for name, output, run in everything if run == run_id]
    if not found:
        raise unknown(run_id, [(name, run) for name, _, run in everything])
    if len(found) > 1:
        raise SettingsError(
            f"run {run_id}: found one in each of {', '.join(n for n, _ in found)}",
            "say which with --use-case",
        )
    name, output = found[0]
    return of_use_case(name, output, store)


def unknown(run_id: str, known: list[tuple[str, str]]) -> SettingsError:
    """Return the error of a run that isn't there.

    Args:
        run_id: The run.
        known: Use case and id of the runs that are there, oldest first.
    """
    listed = ", ".join(f"{run} ({name})" for name, run in known) or "none"
    return SettingsError(
        f"run {run_id}: found no such run; known: {listed}",
        "`fairsilo report list USE_CASE` lists the runs; give --output, or --store for "
        "a cluster's, where they were not written to build/USE_CASE",
    )


def _not_evaluated(told: Summary) -> SettingsError:
    reasons = "; ".join(told["reasons"]) or f"it is {told['status']}"
    return SettingsError(
        f"run {told['run_id']}: no evaluation of it is kept ({reasons})",
        "only runs that evaluated their model can be asked about its gates",
    )
