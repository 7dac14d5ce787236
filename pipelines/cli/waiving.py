"""Which gates of a run can be waived, what comes next, and how waivers stand."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib
import shlex
from typing import TYPE_CHECKING, Any

from components.errors import SettingsError
from pipelines.summary import RUNNING

if TYPE_CHECKING:
    from components.fairness_evaluator.waivers import Waivers
    from pipelines.runs.store import RunStore
    from pipelines.summary import Summary


def check(run: Summary, gate: str) -> None:
    """Check that a gate refused a run's model.

    Args:
        run: The run's summary.
        gate: The gate.

    Raises:
        SettingsError: It did not.
    """
    name = run.run_id
    if run.status == RUNNING:
        raise SettingsError(
            f"run {name} has not ended, so no gate has decided yet",
            "wait for its end: `fairsilo report list USE_CASE` shows it",
        )
    if run.is_blessed:
        raise SettingsError(f"run {name} was blessed: there is nothing to waive")
    refused = _refused(run)
    if not refused:
        raise SettingsError(
            f"run {name}: no gate refused its model, it came to none "
            f"({'; '.join(run.reasons)})",
            "a waiver lets a model pass a gate; mend what ended the run",
        )
    if gate not in refused:
        raise SettingsError(
            f"gate `{gate}` did not refuse in run {name}; those that did: "
            f"{', '.join(refused)}",
            f"`fairsilo gate explain {name}` shows what each gate found",
        )


def next_steps(
    runs: RunStore, run: Summary, state: Waivers, output: pathlib.Path | None
) -> list[str]:
    """Return what to do once a gate is waived, a line each.

    Args:
        runs: Where the run was found.
        run: The run's summary.
        state: All waivers.
        output: The output folder, where one was given.
    """
    holding = state.active(run.model.digest or "", _today())
    waived = {waiver.gate for waiver in holding}
    left = [gate for gate in _refused(run) if gate not in waived]
    command = [runs.program, shlex.quote(runs.use_case)]
    if run.span:
        command.append(f"--span {shlex.quote(run.span)}")
    if output:
        command.append(f"--output {shlex.quote(str(output))}")
    lines = [
        f"next: `{' '.join(command)}`, with the settings of that run: all steps before "
        "the evaluation come from the cache, and the gates judge again"
    ]
    if left:
        lines.insert(0, f"it is not blessed yet: {', '.join(left)} refused it too")
    return lines


def listed(state: Waivers) -> list[dict[str, Any]]:
    """Return all waivers, oldest first, with how they stand.

    Args:
        state: All waivers.

    Returns:
        A mapping each; `state` is `active`, `ended`, `withdrawn`, or `replaced` by a
        later one.
    """
    records = state.history()
    last = {(item.model_digest, item.waiver.gate): item for item in records}
    found = []
    for item in records:
        if item.withdrawal is not None:
            stands = "withdrawn"
        elif item is not last[item.model_digest, item.waiver.gate]:
            stands = "replaced"
        else:
            stands = "active" if item.is_active(_today()) else "ended"
        found.append(
            {
                "state": stands,
                "model_digest": item.model_digest,
                **dataclasses.asdict(item.waiver),
                "withdrawal": item.withdrawal and dataclasses.asdict(item.withdrawal),
            }
        )
    return found


def line(item: dict[str, Any]) -> str:
    """Return one of the waivers that `listed` returns as text."""
    given = (
        f"{item['state']:<9} until {item['until']}  {item['run_id']}  {item['gate']}  "
        f"by {item['by']}: {item['reason']}"
    )
    end = item["withdrawal"]
    return f"{given}; withdrawn {withdrawn(end)}" if end else given


def withdrawn(end: dict[str, Any]) -> str:
    """Return who withdrew a waiver, when and why, as text."""
    return f"by {end['by']} on {end['at'][:10]}: {end['reason']}"


def _refused(run: Summary) -> list[str]:
    return [gate.gate for gate in run.refused]


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()
