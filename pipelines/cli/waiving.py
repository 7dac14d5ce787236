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
    from components.fairness_evaluator.waivers import Record, Waivers
    from pipelines.runs.store import RunStore
    from pipelines.summary import Summary


def check(told: Summary, gate: str) -> None:
    """Check that a gate refused a run's model.

    Args:
        told: The run's summary.
        gate: The gate.

    Raises:
        SettingsError: It did not.
    """
    run = told.run_id
    if told.status == RUNNING:
        raise SettingsError(
            f"run {run} has not ended, so no gate has decided yet",
            "wait for its end: `fairsilo report list USE_CASE` shows it",
        )
    if told.is_blessed:
        raise SettingsError(f"run {run} was blessed: there is nothing to waive")
    refused = _refused(told)
    if not refused:
        raise SettingsError(
            f"run {run}: no gate refused its model, it came to none "
            f"({'; '.join(told.reasons)})",
            "a waiver lets a model pass a gate; mend what ended the run",
        )
    if gate not in refused:
        raise SettingsError(
            f"gate `{gate}` did not refuse in run {run}; those that did: "
            f"{', '.join(refused)}",
            f"`fairsilo gate explain {run}` tells what each gate found",
        )


def next_steps(
    runs: RunStore, told: Summary, state: Waivers, output: pathlib.Path | None
) -> list[str]:
    """Return what to do once a gate is waived, a line each.

    Args:
        runs: Where the run was found.
        told: The run's summary.
        state: All waivers.
        output: The output folder, where one was given.
    """
    holding = state.active(told.model.digest or "", _today())
    waived = {waiver.gate for waiver in holding}
    left = [gate for gate in _refused(told) if gate not in waived]
    words = [runs.program, shlex.quote(runs.use_case)]
    if told.span:
        words.append(f"--span {shlex.quote(told.span)}")
    if output:
        words.append(f"--output {shlex.quote(str(output))}")
    lines = [
        f"next: `{' '.join(words)}`, with the settings of that run: all steps before "
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
    return [
        {
            "state": _state(item, last[item.model_digest, item.waiver.gate]),
            "model_digest": item.model_digest,
            **dataclasses.asdict(item.waiver),
            "withdrawal": item.withdrawal and dataclasses.asdict(item.withdrawal),
        }
        for item in records
    ]


def line(item: dict[str, Any]) -> str:
    """Return one of the waivers that `listed` tells of, for people."""
    given = (
        f"{item['state']:<9} until {item['until']}  {item['run_id']}  {item['gate']}  "
        f"by {item['by']}: {item['reason']}"
    )
    end = item["withdrawal"]
    return f"{given}; withdrawn {withdrawn(end)}" if end else given


def withdrawn(end: dict[str, Any]) -> str:
    """Return who withdrew a waiver, when and why, for people."""
    return f"by {end['by']} on {end['at'][:10]}: {end['reason']}"


def _state(record: Record, last: Record) -> str:
    if record.withdrawal is not None:
        return "withdrawn"
    if record is not last:
        return "replaced"
    return "active" if record.is_active(_today()) else "ended"


def _refused(told: Summary) -> list[str]:
    return [gate.gate for gate in told.refused]


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()
