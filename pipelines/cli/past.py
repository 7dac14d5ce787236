"""The runs that a command asks about: of this machine, or of a cluster's store.

Commands take `--output`, the folder that runs wrote to (by default build/NAME), and
`--store`, a cluster's store. Beside a store, `--output` is where the cluster's folder
of the use case is mounted here.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

from components.errors import SettingsError
from pipelines.cli import console

if TYPE_CHECKING:
    from pipelines.runs.store import RunStore


def of_use_case(name: str, output: pathlib.Path | None, store: str) -> RunStore:
    """Return the runs of a use case.

    Raises:
        SettingsError: There is neither such a use case nor a run of it.
    """
    runs = _open(name, output, store)
    if not _is_known(runs):
        raise _unknown(name, f"a run of it in {runs.place}", output, store)
    return runs


def of_name_or_run(
    name: str, run: str, output: pathlib.Path | None, store: str
) -> tuple[RunStore, str]:
    """Return the runs among which a run is, and the run; empty for none.

    Where `run` is empty, `name` may be a run's id alone.

    Raises:
        SettingsError: See `of_use_case` and `of_run`.
    """
    if run:
        return of_use_case(name, output, store), run
    runs = _open(name, output, store)
    if _is_known(runs):
        return runs, ""
    if name not in {run_id for _, _, run_id in _known(output, store)}:
        raise _unknown(name, "a run of that id", output, store)
    return of_run(name, "", output, store), name


def of_run(run: str, use: str, output: pathlib.Path | None, store: str) -> RunStore:
    """Return the runs among which a run is; `use` is its use case, empty to find it.

    Raises:
        SettingsError: No use case has such a run, or several have.
    """
    if use:
        return of_use_case(use, output, store)
    known = _known(output, store)
    found = [(name, folder) for name, folder, run_id in known if run_id == run]
    if not found:
        listed = ", ".join(f"{run_id} ({name})" for name, _, run_id in known) or "none"
        raise SettingsError(
            f"run {run}: found no such run; known: {listed}",
            "`fairsilo report list USE_CASE` lists the runs; give --output, or --store "
            "for a cluster's, where they were not written to build/USE_CASE",
        )
    if len(found) > 1:
        raise SettingsError(
            f"run {run}: found one in each of {', '.join(name for name, _ in found)}",
            "say which with --use-case",
        )
    name, folder = found[0]
    return _open(name, folder, store)


def say_none_yet(runs: RunStore) -> None:
    """Say on stderr that there is no run yet, and what to do."""
    console.say(f"{runs.none_yet}; {runs.hint}")


def _open(name: str, output: pathlib.Path | None, store: str) -> RunStore:
    from pipelines.runs.store import RunStore

    if store:
        return RunStore(store, name, output and output.absolute())
    return RunStore("", name, console.output_folder(name, output))


def _is_known(runs: RunStore) -> bool:
    from pipelines import use_case

    return use_case.exists(runs.use_case) or bool(runs.run_ids())


def _unknown(
    name: str, nor: str, output: pathlib.Path | None, store: str
) -> SettingsError:
    """Return the error of a name that is no use case's, with those that are."""
    from pipelines import use_case

    others = {other for other, _, _ in _known(output, store)}
    return use_case.unknown(name, nor, others)


def _known(
    output: pathlib.Path | None, store: str
) -> list[tuple[str, pathlib.Path | None, str]]:
    """Return use case, output folder and id of all runs of all use cases."""
    from pipelines import use_case
    from pipelines.places import Places
    from pipelines.runs.store import known

    if store:
        return [(name, output, run) for name, run in known(store)]
    builds = (project / "build" for project in use_case.projects())
    folders = sorted(folder for build in builds for folder in build.glob("*"))
    return [
        (name, folder, run)
        for folder in ([output.absolute()] if output else folders)
        for name, run in known(Places(folder).operator_store)
    ]
