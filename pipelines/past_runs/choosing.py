"""Which runs are meant: those of a use case, or of the one that a run is of."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from components.errors import SettingsError
from pipelines import run_store, summary
from pipelines.past_runs.local import LocalRuns
from pipelines.past_runs.runs import PastRuns
from pipelines.past_runs.stored import StoredRuns
from pipelines.places import Places


def of_use_case(name: str, output: pathlib.Path, store: str) -> PastRuns:
    """Return the runs of a use case.

    Args:
        name: Its name.
        output: The folder that they wrote to; of no use where there is a store.
        store: The cluster's store; empty for folders here.
    """
    return StoredRuns(name, store) if store else LocalRuns(name, Places(output))


def of_run(run_id: str, outputs: Sequence[pathlib.Path], store: str) -> PastRuns:
    """Return the runs of the use case that a run is of.

    Args:
        run_id: The run.
        outputs: Folders that runs may have written to; unused where there is a store.
        store: The cluster's store; empty for folders here.

    Raises:
        SettingsError: There is no such run, or several use cases have one.
    """
    everything = known(outputs, store)
    found = [(name, output) for name, output, run in everything if run == run_id]
    if not found:
        listed = ", ".join(f"{run} ({name})" for name, _, run in everything) or "none"
        raise SettingsError(
            f"run {run_id}: found no such run; known: {listed}",
            "`fairsilo report list USE_CASE` lists the runs; give --output, or --store "
            "for a cluster's, where they were not written to build/USE_CASE",
        )
    if len(found) > 1:
        raise SettingsError(
            f"run {run_id}: found one in each of {', '.join(n for n, _ in found)}",
            "say which with --use-case",
        )
    name, output = found[0]
    return of_use_case(name, output, store)


def known(
    outputs: Sequence[pathlib.Path], store: str
) -> list[tuple[str, pathlib.Path, str]]:
    """Return use case, output folder and id of all runs of all use cases.

    Args:
        outputs: Folders that runs may have written to; unused where there is a store.
        store: The cluster's store; empty for folders here.
    """
    if store:
        return [(name, pathlib.Path(), run) for name, run in run_store.known(store)]
    return [
        (told["use_case"], output, told["run_id"])
        for output in outputs
        for told in summary.read_all(Places(output))
    ]
