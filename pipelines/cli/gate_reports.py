"""What `fairsilo gate explain` and `preview` report, as data and as text.

A preview decides again about stored evaluations, with other bounds, the baseline and
the waivers of then; nothing is computed but the decision.
"""

from __future__ import annotations

import dataclasses
import datetime
import textwrap
from typing import TYPE_CHECKING, Any

import pydantic

from components.errors import SettingsError
from components.fairness_evaluator import decision
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates.registry import GATES
from components.fairness_evaluator.waivers import Waivers
from pipelines.cli import waiving
from pipelines.summary import Gate, Summary

if TYPE_CHECKING:
    from components.fairness_evaluator.waivers import Record
    from components.payloads.decision import Decision, GateResult
    from pipelines.runs.store import RunStore

WIDTH = 88
REFUSE_IF = {
    "surely": "refuses when even the better end of the 95 % interval misses that",
    "value": "refuses when the figure misses that, whatever its interval",
    "possibly": "refuses when the worse end of the 95 % interval misses that",
}
FROM_NEXT_RUN = "it counts from the next run on"
VERDICTS = {True: "blessed", False: "not blessed"}


def explain(runs: RunStore, run_id: str) -> dict[str, Any]:
    """Return what each gate of a run's decision protects, demanded and found.

    Args:
        runs: Where the run is to be found.
        run_id: The run.

    Raises:
        SettingsError: There is no such run, or no evaluation of it.
    """
    run = runs.find(run_id)
    decided = runs.evaluation(run).decision
    now = Waivers(runs.url, runs.use_case).last(run.model.digest or "")
    settings = _settings(run_id, decided)
    return {
        "run_id": run.run_id,
        "use_case": runs.use_case,
        "span": run.span,
        "status": run.status,
        "reasons": list(decided.reasons),
        "gates": [_gate(settings, gate, now.get(gate.gate)) for gate in decided.gates],
        "not_judged": [dataclasses.asdict(item) for item in decided.not_judged],
    }


def _settings(run_id: str, decided: Decision) -> GateSettings | None:
    try:
        return GateSettings.model_validate(decided.settings) if decided.gates else None
    except pydantic.ValidationError as error:
        raise SettingsError(
            f"run {run_id}: its gates are of another version of FairSilo, found "
            f"{error.errors(include_url=False)[0]['msg']}",
            "run that span again",
        ) from None


def _gate(
    settings: GateSettings | None, result: GateResult, now: Record | None
) -> dict[str, Any]:
    gate, section = GATES[result.gate], getattr(settings, result.gate)
    given, withdrawn = None, None
    if now is not None and not result.passed:  # what became of its waiver since
        today = datetime.datetime.now(datetime.UTC).date()
        if now.is_active(today) and now.waiver != result.waiver:
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
    waivers = [gate["waiver"] for gate in found["gates"]]
    gates = tuple(
        Gate("", False, bool(each), each["by"] if each else None) for each in waivers
    )
    ended = Summary("", "", "", found["status"], gates=gates).outcome
    head = f"{found['use_case']} {found['span']}".rstrip()
    lines = [f"run {found['run_id']}: {head}, {ended}"]
    if not found["gates"]:
        lines += ["no gate judged anything", *found["reasons"]]
    for gate in found["gates"]:
        waived = "refused, and waived" if gate["waiver"] else "refused"
        lines += ["", f"{gate['gate']}: {'passed' if gate['passed'] else waived}"]
        lines += _facts(gate)
    if found["not_judged"]:
        lines += ["", "silos that no gate judged:"]
        lines += [f"  {item['silo']}: {item['reason']}" for item in found["not_judged"]]
    return "\n".join(lines)


def _facts(gate: dict[str, Any]) -> list[str]:
    how = REFUSE_IF.get(gate["settings"].get("refuse_if", ""), "")
    waiver, since, ended = (
        gate[key] for key in ("waiver", "waived_since", "withdrawn_since")
    )
    facts = {
        "protects": gate["protects"],
        "demands": f"{gate['demands']}{how and f'; it {how}'}",
        "found": gate["sentence"],
        "hint": "" if waiver and not ended else gate["hint"],
        "waiver": waiver and _waiver(waiver),
        "since": since and f"{_waiver(since)}; {FROM_NEXT_RUN}",
        "withdrawn": ended and f"{waiving.withdrawn(ended)}; {FROM_NEXT_RUN}",
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


def preview(
    runs: RunStore, gates: GateSettings, run_id: str = ""
) -> list[dict[str, Any]]:
    """Return what bounds would have decided on past runs, oldest first.

    Args:
        runs: The runs.
        gates: The bounds.
        run_id: One run; empty for all.

    Raises:
        SettingsError: There is no such run, or, where one was named, no evaluation.
    """
    found = []
    for run in [runs.find(run_id)] if run_id else runs.summaries():
        item: dict[str, Any] = {
            "run_id": run.run_id,
            "span": run.span,
            "then": None,
            "now": None,
            "changed": [],
            "missing": "",
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
