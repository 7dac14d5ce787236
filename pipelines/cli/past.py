"""The runs that a command asks about: of this machine, or of a cluster's store."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from components.errors import SettingsError
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
        SettingsError: Both a folder and a store were given, or there is neither such
            a use case nor a run of it.
    """
    runs = _of_name(name, output, store)
    if not _is_known(runs):
        nor = f"a run of it in {runs.place}"
        raise _unknown(name, nor, output, store)
    return runs


def of_name_or_run(
    name: str, run: str, output: pathlib.Path | None, store: str
) -> tuple[PastRuns, str]:
    """Return the runs of a use case, or those among which a run is, and the run.

    Args:
        name: Name of the use case; or the run's id alone, where `run` is empty.
        run: The run's id; empty for none.
        output: The folder that they wrote to; by default build/NAME, or for a run
            alone any in build.
        store: The cluster's store; empty for folders here.

    Raises:
        SettingsError: See `of_use_case` and `of_run`.
    """
    from pipelines.past_runs import choosing

    if run:
        return of_use_case(name, output, store), run
    runs = _of_name(name, output, store)
    if _is_known(runs):
        return runs, ""
    everything = choosing.known(_folders(output), store)
    if name not in {found for _, _, found in everything}:
        raise _unknown(name, "a run of that id", output, store)
    return of_run(name, "", output, store), name


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
    return choosing.of_run(run, _folders(output), store)


def say_none_yet(runs: PastRuns) -> None:
    """Say on stderr that there is no run yet, and what to do."""
    console.say(f"{runs.none_yet}; {runs.way_to_one}")


def _of_name(name: str, output: pathlib.Path | None, store: str) -> PastRuns:
    from pipelines.past_runs import choosing

    if store:
        shared_store.refuse_local(output)
    return choosing.of_use_case(name, console.output_folder(name, output), store)


def _is_known(runs: PastRuns) -> bool:
    from pipelines import use_case

    return use_case.exists(runs.use_case) or runs.has_any()


def _unknown(
    name: str, nor: str, output: pathlib.Path | None, store: str
) -> SettingsError:
    """Return the error of a name that is no use case's, with those that are."""
    from pipelines import use_case
    from pipelines.past_runs import choosing

    others = {other for other, _, _ in choosing.known(_folders(output), store)}
    return use_case.unknown(name, nor, others)


def _folders(output: pathlib.Path | None) -> list[pathlib.Path]:
    return [output.absolute()] if output else console.output_folders()
