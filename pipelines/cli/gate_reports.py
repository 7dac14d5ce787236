"""What the commands of `fairsilo gate` find, as data and as text.

A preview decides again about stored evaluations, with other bounds, the baseline and
the waivers of then; nothing is computed but the decision.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shlex
import textwrap
from typing import TYPE_CHECKING, Any

import pydantic

from components.errors import SettingsError
from components.fairness_evaluator import decision
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates.registry import GATES
from components.fairness_evaluator.waivers import Waivers, today
from pipelines.summary import RUNNING, Summary

if TYPE_CHECKING:
    from components.fairness_evaluator.waivers import Record
    from components.payloads.decision import Decision, GateResult
    from pipelines.runs.store import RunStore

WIDTH = 88
REFUSE_IF = {
    "surely": "; it refuses when even the better end of the 95 % interval misses that",
    "value": "; it refuses when the figure misses that, whatever its interval",
    "possibly": "; it refuses when the worse end of the 95 % interval misses that",
}
FROM_NEXT_RUN = "it counts from the next run on"
VERDICTS = {True: "blessed", False: "not blessed"}


def explain(runs: RunStore, run_id: str) -> dict[str, Any]:
    """Return what each gate of a run's decision protects, demanded and found.

    Raises:
        SettingsError: There is no such run, or no evaluation of it.
    """
    run = runs.find(run_id)
    decided = runs.evaluation(run).decision
    now = Waivers(runs.url, runs.use_case).last(run.waived_as)
    try:
        settings = GateSettings.model_validate(decided.settings)
    except pydantic.ValidationError as error:
        raise SettingsError(
            f"run {run_id}: its gates are of another version of FairSilo, found "
            f"{error.errors(include_url=False)[0]['msg']}",
            "run that span again",
        ) from None
    return {
        "run_id": run.run_id,
        "use_case": runs.use_case,
        "span": run.span,
        "status": run.status,
        "outcome": run.outcome,
        "reasons": list(decided.reasons),
        "gates": [_gate(settings, gate, now.get(gate.gate)) for gate in decided.gates],
        "not_judged": [dataclasses.asdict(item) for item in decided.not_judged],
        "not_as_chosen": [
            *decided.not_as_chosen.values(),
            *decided.baseline_not_as_served,
        ],
    }


def _gate(
    settings: GateSettings, result: GateResult, now: Record | None
) -> dict[str, Any]:
    gate, section = GATES[result.gate], getattr(settings, result.gate)
    given, withdrawn = None, None
    if now is not None and not result.passed:  # what became of its waiver since
        if now.is_active(today()) and now.waiver != result.waiver:
            given = dataclasses.asdict(now.waiver)
        if now.withdrawal is not None and result.waiver is not None:
            withdrawn = dataclasses.asdict(now.withdrawal)
    return {
        **dataclasses.asdict(result),
        "protects": gate.protects,
        "demands": gate.demand(section),
        "settings": section.model_dump(mode="json"),
        "waived_since": given,
        "withdrawn_since": withdrawn,
    }


def explanation(found: dict[str, Any]) -> str:
    """Return what `explain` found as text."""
    head = f"{found['use_case']} {found['span']}".rstrip()
    lines = [f"run {found['run_id']}: {head}, {found['outcome']}"]
    if not found["gates"]:
        lines += ["no gate judged anything", *found["reasons"]]
    for gate in found["gates"]:
        waived = "refused, and waived" if gate["waiver"] else "refused"
        lines += ["", f"{gate['gate']}: {'passed' if gate['passed'] else waived}"]
        lines += _facts(gate)
    if found["not_judged"]:
        lines += ["", "silos that no gate judged:"]
        lines += [f"  {item['silo']}: {item['reason']}" for item in found["not_judged"]]
    if found["not_as_chosen"]:
        lines += ["", "judged by another model than the one chosen:"]
        lines += [f"  {sentence}" for sentence in found["not_as_chosen"]]
    return "\n".join(lines)


def _facts(gate: dict[str, Any]) -> list[str]:
    waiver, since, ended = (
        gate[key] for key in ("waiver", "waived_since", "withdrawn_since")
    )
    how = REFUSE_IF.get(gate["settings"].get("refuse_if", ""), "")
    facts = {
        "protects": gate["protects"],
        "demands": gate["demands"] + how,
        "found": gate["sentence"],
        "hint": "" if waiver and not ended else gate["hint"],
        "waiver": waiver and _waiver(waiver),
        "since": since and f"{_waiver(since)}; {FROM_NEXT_RUN}",
        "withdrawn": ended and f"{_withdrawn(ended)}; {FROM_NEXT_RUN}",
    }
    lines: list[str] = []
    for name, text in facts.items():
        lines += textwrap.wrap(
            text or "",
            WIDTH,
            initial_indent=f"  {name:<9} ",
            subsequent_indent=" " * 12,
            break_on_hyphens=False,
            break_long_words=False,
        )
    return lines


def _waiver(waiver: dict[str, Any]) -> str:
    return f"by {waiver['by']} until {waiver['until']}: {waiver['reason']}"


def _withdrawn(end: dict[str, Any]) -> str:
    return f"by {end['by']} on {end['at'][:10]}: {end['reason']}"


def preview(
    runs: RunStore, gates: GateSettings, run_id: str = ""
) -> list[dict[str, Any]]:
    """Return what bounds would have decided on one run, or on all, oldest first.

    Raises:
        SettingsError: There is no such run, or, where one was named, no evaluation.
    """
    found = []
    for run in [runs.find(run_id)] if run_id else runs.summaries():
        item: dict[str, Any] = {
            **{"run_id": run.run_id, "span": run.span},
            **{"then": None, "now": None, "changed": [], "missing": ""},
        }
        try:
            found.append(item | _decide_again(runs, run, gates))
        except SettingsError as error:
            if run_id:
                raise
            found.append(item | {"missing": error.message})
    return found


def _decide_again(runs: RunStore, run: Summary, gates: GateSettings) -> dict[str, Any]:
    evaluation = runs.evaluation(run)
    then = evaluation.decision
    if not then.gates:
        raise SettingsError(
            f"run {run.run_id}: no gate judged anything ({'; '.join(then.reasons)})",
            "choose a run that evaluated its model",
        )
    now = decision.decide(
        evaluation.figures,
        then.silos,
        then.left_out,
        gates,
        then.baseline,
        then.waivers,
        then.baseline_gone,
    )
    before, after = _sentences(then), _sentences(now)
    changed = [
        {"gate": gate, "before": before.get(gate, ""), "after": after.get(gate, "")}
        for gate in {**before, **after}
        if before.get(gate) != after.get(gate)
    ]
    return {
        "then": VERDICTS[then.blessed],
        "now": VERDICTS[now.blessed],
        "changed": changed,
    }


def _sentences(decided: Decision) -> dict[str, str]:
    return {gate.gate: gate.sentence for gate in decided.gates}


def preview_text(found: list[dict[str, Any]]) -> str:
    """Return what `preview` found as text."""
    lines = []
    for item in found:
        if item["missing"]:
            lines.append(item["missing"])
            continue
        same = item["then"] == item["now"]
        now = "and still so" if same else f"but would be {item['now']}"
        lines.append(f"run {item['run_id']}: {item['then']}, {now}")
        for gate in item["changed"]:
            lines.append(f"  {gate['gate']}")
            lines.append(f"    then: {gate['before'] or 'not asked'}")
            lines.append(f"    now:  {gate['after'] or 'not asked'}")
    return "\n".join(lines)


def check_refused(run: Summary, gate: str) -> None:
    """Check that a gate refused a run's model, so that it can be waived.

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
    refused = [each.gate for each in run.refused]
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
    """Return what to do once a gate of a run is waived, a line each."""
    holding = state.active(run.waived_as, today())
    waived = {waiver.gate for waiver in holding}
    left = [each.gate for each in run.refused if each.gate not in waived]
    command = [runs.program, shlex.quote(runs.use_case)]
    if run.span:
        command.append(f"--span {shlex.quote(run.span)}")
    if output:
        command.append(f"--output {shlex.quote(str(output))}")
    lines = [f"it is not blessed yet: {', '.join(left)} refused it too"] if left else []
    return [
        *lines,
        f"next: `{' '.join(command)}`, with the settings of that run: all steps before "
        "the evaluation come from the cache, and the gates judge again",
    ]


def waivers(state: Waivers) -> list[dict[str, Any]]:
    """Return all waivers, oldest first, a mapping each with its state."""
    return [
        {
            "state": item.state(today()),
            "model_digest": item.model_digest,
            **dataclasses.asdict(item.waiver),
            "withdrawal": item.withdrawal and dataclasses.asdict(item.withdrawal),
        }
        for item in state.history()
    ]


def waiver_line(item: dict[str, Any]) -> str:
    """Return one of the waivers that `waivers` returns as text."""
    given = (
        f"{item['state']:<9} until {item['until']}  {item['run_id']}  {item['gate']}  "
        f"by {item['by']}: {item['reason']}"
    )
    end = item["withdrawal"]
    return f"{given}; withdrawn {_withdrawn(end)}" if end else given
