"""What `fairsilo gate` tells: decisions explained, and other bounds tried."""

from __future__ import annotations

import dataclasses
import datetime
import textwrap
from typing import TYPE_CHECKING, Any

from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates.registry import GATES
from components.fairness_evaluator.waivers import Waivers
from pipelines import preview, summary
from pipelines.cli import waiving

if TYPE_CHECKING:
    from components.fairness_evaluator.waivers import Record
    from components.payloads.decision import Decision, GateResult
    from pipelines.past_runs.runs import PastRuns
    from pipelines.summary import Summary

WIDTH = 88
REFUSE_IF = {
    "surely": "refuses when even the better end of the 95 % interval misses that",
    "value": "refuses when the figure misses that, whatever its interval",
    "possibly": "refuses when the worse end of the 95 % interval misses that",
}
COUNTS = "it counts from the next run on"
VERDICTS = {True: "blessed", False: "not blessed"}


def explained(runs: PastRuns, run_id: str) -> dict[str, Any]:
    """Return what each gate of a run's decision protects, demanded and found.

    Args:
        runs: Where the run is to be found.
        run_id: The run.

    Raises:
        SettingsError: There is no such run, or no evaluation of it.
    """
    told = runs.find(run_id)
    decided = runs.evaluation(told).decision
    now = Waivers(runs.operator_store, runs.use_case).last(
        told["model"]["digest"] or ""
    )
    return {
        "run_id": told["run_id"],
        "use_case": runs.use_case,
        "span": told["span"],
        "status": told["status"],
        "reasons": list(decided.reasons),
        "gates": [_gate(decided, gate, now.get(gate.gate)) for gate in decided.gates],
        "not_judged": [dataclasses.asdict(item) for item in decided.not_judged],
    }


def _gate(decided: Decision, gate: GateResult, now: Record | None) -> dict[str, Any]:
    settings = GateSettings.model_validate(decided.settings)
    section = getattr(settings, gate.gate)
    return {
        "gate": gate.gate,
        "protects": GATES[gate.gate].protects,
        "demands": GATES[gate.gate].demand(section),
        "settings": section.model_dump(mode="json"),
        "passed": gate.passed,
        "sentence": gate.sentence,
        "hint": gate.hint,
        "waiver": gate.waiver and dataclasses.asdict(gate.waiver),
        **_since(gate, now),
    }


def _since(gate: GateResult, now: Record | None) -> dict[str, Any]:
    """Return what became of a gate's waiver since the run."""
    today = datetime.datetime.now(datetime.UTC).date()
    given, withdrawal = None, None
    if now is not None and not gate.passed:
        if now.is_active(today) and now.waiver != gate.waiver:
            given = dataclasses.asdict(now.waiver)
        if now.withdrawal is not None and gate.waiver is not None:
            withdrawal = dataclasses.asdict(now.withdrawal)
    return {"waived_since": given, "withdrawn_since": withdrawal}


def explanation(told: dict[str, Any]) -> str:
    """Return an explanation for people."""
    head = f"{told['use_case']} {told['span']}".rstrip()
    lines = [f"run {told['run_id']}: {head}, {_ended(told)}"]
    if not told["gates"]:
        lines += ["no gate judged anything", *told["reasons"]]
    for gate in told["gates"]:
        lines += ["", f"{gate['gate']}: {_verdict(gate)}", *_facts(gate)]
    if told["not_judged"]:
        lines += ["", "silos that no gate judged:"]
        lines += [f"  {item['silo']}: {item['reason']}" for item in told["not_judged"]]
    return "\n".join(lines)


def _ended(told: dict[str, Any]) -> str:
    waivers = [gate["waiver"] for gate in told["gates"]]
    gates = [
        {"waived": bool(each), "waived_by": each and each["by"]} for each in waivers
    ]
    return summary.words({"status": told["status"], "gates": gates})


def _verdict(gate: dict[str, Any]) -> str:
    if gate["passed"]:
        return "passed"
    return "refused, and waived" if gate["waiver"] else "refused"


def _passes(gate: dict[str, Any]) -> bool:
    """Whether somebody let the model pass, so that it needs no hint."""
    return gate["waiver"] is not None and gate["withdrawn_since"] is None


def _facts(gate: dict[str, Any]) -> list[str]:
    how = REFUSE_IF.get(gate["settings"].get("refuse_if", ""), "")
    facts = {
        "protects": gate["protects"],
        "demands": f"{gate['demands']}{how and f'; it {how}'}",
        "found": gate["sentence"],
        "hint": "" if _passes(gate) else gate["hint"],
        "waiver": _waiver(gate["waiver"]),
        "since": gate["waived_since"] and f"{_waiver(gate['waived_since'])}; {COUNTS}",
        "withdrawn": gate["withdrawn_since"]
        and f"{waiving.withdrawn(gate['withdrawn_since'])}; {COUNTS}",
    }
    lines: list[str] = []
    for name, text in facts.items():
        if text:
            lines += textwrap.wrap(
                text,
                WIDTH,
                initial_indent=f"  {name:<9} ",
                subsequent_indent=" " * 12,
                break_on_hyphens=False,
                break_long_words=False,
            )
    return lines


def _waiver(waiver: dict[str, Any] | None) -> str:
    if waiver is None:
        return ""
    return f"by {waiver['by']} until {waiver['until']}: {waiver['reason']}"


def previews(
    runs: PastRuns, gates: GateSettings, run_id: str = ""
) -> list[dict[str, Any]]:
    """Return what bounds would have decided on past runs, oldest first.

    Args:
        runs: The runs.
        gates: The bounds.
        run_id: One run; empty for all.

    Raises:
        SettingsError: There is no such run, or, where one was named, no evaluation.
    """
    chosen = [runs.find(run_id)] if run_id else runs.summaries()
    told = []
    for item in chosen:
        try:
            told.append(_preview(runs, item, gates))
        except SettingsError as error:
            if run_id:
                raise
            told.append({**_of_run(item), "missing": error.message})
    return told


def _preview(runs: PastRuns, item: Summary, gates: GateSettings) -> dict[str, Any]:
    evaluation = runs.evaluation(item)
    if not evaluation.decision.gates:
        raise SettingsError(
            f"run {item['run_id']}: no gate judged anything "
            f"({'; '.join(evaluation.decision.reasons)})",
            "choose a run that evaluated its model",
        )
    found = preview.preview(evaluation, gates)
    return {
        **_of_run(item),
        "then": VERDICTS[found.then],
        "now": VERDICTS[found.now],
        "changed": [dataclasses.asdict(gate) for gate in found.changed],
    }


def _of_run(item: Summary) -> dict[str, Any]:
    return {
        "run_id": item["run_id"],
        "span": item["span"],
        "then": None,
        "now": None,
        "changed": [],
        "missing": "",
    }


def previewed(told: list[dict[str, Any]]) -> str:
    """Return previews for people."""
    lines = []
    for item in told:
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
