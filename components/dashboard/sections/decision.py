"""The decision with its reasons, and what each gate says."""

from __future__ import annotations

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.section import (
    SENTENCE,
    Banner,
    Bullets,
    Cell,
    Column,
    Note,
    Part,
    Section,
    Table,
    Text,
    table,
)
from components.payloads.benefit import BASE
from components.payloads.decision import GateResult
from components.payloads.findings import Group

REMAINS = "Whatever is in service stays in service."


def verdict(report: Report) -> str:
    """Return what came of the run, in two or three words."""
    if not report.is_trained:
        return "Nothing was trained"
    if report.decision.blessed:
        return "Blessed, incomplete" if report.incomplete_silos else "Blessed"
    if report.decision.gates or report.decision.reasons:
        return "Not blessed"
    return "Measured, not judged"


def decision(report: Report) -> Section:
    """Return the verdict: with what is missing, why, and who waived what."""
    waivers = [(gate, gate.waiver) for gate in report.decision.gates if gate.waiver]
    title = verdict(report)
    if not (report.decision.gates or report.reasons):
        banner: Banner = "plain"
    elif not (report.is_trained and report.decision.blessed):
        banner, title = "refused", f"✗ {title}"
    else:
        banner = "blessed"
        mark = "⚠" if report.incomplete_silos else "⚑" if waivers else "✓"
        title = f"{mark} {title}"
        if waivers:
            names = " and ".join(dict.fromkeys(waiver.by for _, waiver in waivers))
            gates = formats.verb(len(waivers), "gate", "gates")
            title += f", {len(waivers)} {gates} waived by {names}"
    parts: list[Part] = []
    if report.incomplete_silos:
        silos = (
            f"{one.silo} was {one.what}. {one.reason}"
            for one in report.incomplete_silos
        )
        parts.append(Note("Silos not fully trained or scored:", tuple(silos)))
    parts.append(Text(_meaning(report, len(waivers))))
    if report.reasons:
        parts.append(Bullets(tuple(report.reasons)))
    parts += [
        Note(
            f"Waived: {gate.gate}. {gate.sentence}",
            (f"“{waiver.reason}” said {waiver.by}, until {waiver.until}.",),
            "waiver",
        )
        for gate, waiver in waivers
        if waiver.reason
    ]
    parts.append(Text(_compared(report), is_soft=True))
    if weaker := report.decision.baseline_not_as_served:
        parts.append(Note("The baseline is not what served then:", weaker))
    return Section("decision", title, tuple(parts), banner, "Decision")


def _meaning(report: Report, num_waivers: int) -> str:
    if not report.is_trained:
        return f"There is no new model. {REMAINS}"
    if report.decision.blessed and num_waivers:
        was = formats.verb(num_waivers, "gate was", "gates were")
        return (
            f"This model may go into service: {num_waivers} {was} waived, all others "
            "passed."
        )
    if report.decision.blessed:
        return "Every gate passed: this model may go into service."
    if report.decision.gates or report.decision.reasons:
        return f"This model does not go into service. {REMAINS}"
    return "No gate was asked, so nothing is demanded of these scores."


def _compared(report: Report) -> str:
    baseline = report.decision.baseline
    kind = "span" if report.about.span else "run"
    if baseline is None:
        text = (
            f"There is no baseline: no model of an earlier {kind} was found to "
            "compare with."
        )
    else:
        of = f"an earlier span, {baseline.span}" if baseline.span else "an earlier run"
        text = (
            f"Compared with the baseline, `{formats.short(baseline.digest)}`: the "
            f"latest blessed model of {of}."
        )
    if report.card.digest:
        text += f" Candidate: `{formats.short(report.card.digest)}`."
    if own := sum(one.served != BASE for one in report.benefit.silos):
        has = formats.verb(own, "silo has a model of its own", "silos have their own")
        text += f" What serves each silo was judged: {formats.count(own)} {has}."
    return text


def gates(report: Report) -> Section:
    """Return what each gate says, refusals first, and whom none judged."""
    known = report.decision.gates
    parts: list[Part] = []
    if not known:
        parts.append(Text("No gate was applied."))
    parts.append(results(report))
    if "model_run" in report.parts and any(
        gate.refuses and gate.hint for gate in known
    ):
        runs = f"`fairsilo report list {report.about.use_case}`"
        text = f"RUN in a command stands for the name of this run, which {runs} shows."
        parts.append(Text(text, is_soft=True))
    parts.append(
        table(
            "Silos that no gate judged",
            sorted(report.decision.not_evaluated.items()),
            (
                Column("Silo", lambda item: item[0]),
                Column("Why", lambda item: item[1], SENTENCE),
            ),
        )
    )
    return Section("gates", "Gates", tuple(parts))


def results(report: Report) -> Table:
    """Return what each gate says, refusals first."""
    known = sorted(report.decision.gates, key=lambda gate: (gate.passed, gate.waived))
    columns = (
        Column("Gate", lambda gate: f"`{gate.gate}`"),
        Column("Result", _result, SENTENCE),
        Column("What it says", "sentence", SENTENCE),
    )
    return table("What each gate says", known, columns)


def _result(gate: GateResult) -> Cell:
    if gate.passed:
        return Cell("passed", mood="good")
    if gate.waiver is None:
        hint = (Group(gate.hint, ()),) if gate.hint else ()
        return Cell("refused", mood="bad", findings=hint)
    waiver = gate.waiver
    lines = (
        f"by {waiver.by} until {waiver.until}",
        waiver.reason,
        f"said at {waiver.at}" if waiver.at else "",
    )
    return Cell(
        "waived", mood="waived", findings=(Group("", tuple(filter(None, lines))),)
    )
