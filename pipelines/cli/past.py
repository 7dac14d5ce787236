"""The runs that a command asks about: of this machine, or of a cluster's store."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from pipelines.cli import console, shared_store

if TYPE_CHECKING:
    from pipelines.past_runs.runs import PastRuns


def of_use_case(name: str, output: pathlib.Path | None, store: str) -> PastRuns:
    """Return the runs of a use case.

    Args:
        name: Its name.
        output: The folder that they wrote to; by default build/NAME.
        store: The cluster's store; empty for folders here.

    Raises:
        SettingsError: Both a folder and a store were given.
    """
    from pipelines.past_runs import choosing

    if store:
        shared_store.refuse_local(output)
    return choosing.of_use_case(name, console.output_folder(name, output), store)


def of_run(run: str, use: str, output: pathlib.Path | None, store: str) -> PastRuns:
    """Return the runs among which a run is to be found.

    Args:
        run: The run's id.
        use: Name of its use case; empty to find that by the run.
        output: The folder that it wrote to; by default any in build.
        store: The cluster's store; empty for folders here.

    Raises:
        SettingsError: Both a folder and a store were given, or no use case has such
            a run, or several have.
    """
    from pipelines.past_runs import choosing

    if use:
        return of_use_case(use, output, store)
    if store:
        shared_store.refuse_local(output)
    folders = [output.absolute()] if output else console.output_folders()
    return choosing.of_run(run, folders, store)
