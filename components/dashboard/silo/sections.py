"""The sections of a silo's page: what its owner reads, of the run page's parts.

Sentences about the federation are written here from what is structured: those of the
gates name silos, and so may a waiver, so none of them is repeated.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Sequence
from typing import Any

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Banner,
    Bullets,
    Cell,
    Column,
    Drawing,
    KeyFigure,
    KeyFigures,
    Label,
    Note,
    Part,
    Section,
    Text,
    table,
)
from components.dashboard.silo import training
from components.dashboard.silo.bounds import Bound
from components.dashboard.silo.content import SiloPage
from components.dashboard.silo.figures import GroupTable, Line, OwnFigures
from components.dashboard.silo.others import MIN_OTHERS, Bin, Distribution
from components.dashboard.silo.words import GATES, MEANINGS, RATES, Measure
from components.payloads.egress import EgressItem
from components.payloads.findings import Group
from components.payloads.model_run import SiloRecord
from components.payloads.table import CHANGE, TOO_FEW, Figure

MAX_SENTENCES = 12  # of a kind of finding
MAX_REASONS = 10  # for rounds that the silo dropped out of
MAX_NAME = 80  # of a group, unit: characters
ROWS = {
    "train": "Rows to learn from",
    "eval": "Rows held out to evaluate",
    "score": "Rows to be scored",
    "next": "Rows of the span after, with outcomes",
}
REFUSES = {
    "surely": "when the whole interval misses it",
    "value": "when the figure misses it",
    "possibly": "unless the whole interval keeps it",
}


def sections(report: Report, page: SiloPage) -> tuple[Section, ...]:
    """Return all sections of a silo's page.

    Args:
        report: The run.
        page: What the silo's owner may read of it.
    """
    made = [_decision(report, page)]
    if page.bounds:
        made.append(_bounds(page))
    made.append(_findings(report, page))
    if page.figures:
        has_baseline = report.decision.baseline is not None
        made.append(_figures(page.figures, has_baseline))
        if page.figures.charts:
            made.append(_others(page.figures.charts))
        if page.figures.groups:
            made.append(_groups(page.figures, has_baseline))
    return (*made, _training(page), _left(page.left))


def _decision(report: Report, page: SiloPage) -> Section:
    decision, judgement = report.decision, page.judgement
    admitted, is_trained = page.member.admitted, report.is_trained
    failed = [GATES.get(g.gate, g.gate) for g in decision.gates if not g.passed]
    verdict = title = _verdict(report, len(failed))
    parts: list[Part] = []
    change = Note("What would change that:", (judgement.change,))
    if not admitted:
        title = "✗ Your silo was not admitted"
        parts.append(
            Text(
                "The model of this run did not learn from your rows, and no gate "
                "judged it on them."
                if is_trained
                else "Your rows took no part in this run."
            )
        )
        parts += [change] * bool(judgement.change)
        parts.append(Text(f"The model: {verdict}"))
    if page.unscored:
        parts.append(Note("Your rows were not all scored:", (page.unscored,)))
    if admitted and is_trained and not page.part.records:
        parts.append(Text("The model did not learn from your rows.", "bad"))
    parts.append(Text(_meaning(report)))
    if is_trained and failed:
        who = "Waived by the operator" if decision.blessed else "Refused"
        text = f"{who}: {'; '.join(failed)}. The gates look at all silos; only yours "
        parts.append(Text(text + "is shown here."))
    if judgement.is_judged:
        parts.append(Text(_kept(page.bounds)))
    elif admitted:
        parts.append(Text(f"No gate judged this silo. {judgement.reason}"))
        parts += [change] * bool(judgement.change)
    if base := decision.baseline:
        of = f"an earlier span, {base.span}" if base.span else "an earlier run"
        text = f"Compared with the baseline, `{formats.short(base.digest)}`: the latest"
        parts.append(Text(f"{text} blessed model of {of}.", is_soft=True))
    banner: Banner = "refused"
    if admitted and is_trained and decision.blessed:
        banner = "blessed"
    return Section("decision", title, tuple(parts), banner, "Decision")


def _verdict(report: Report, num_failed: int) -> str:
    if not report.is_trained:
        return "✗ Nothing was trained"
    if report.decision.blessed and num_failed:
        gates = formats.verb(num_failed, "gate", "gates")
        return f"⚑ Blessed, {num_failed} {gates} waived"
    if report.decision.blessed:
        return "✓ Blessed"
    return "✗ Not blessed" if report.decision.gates else "Measured, not judged"


def _meaning(report: Report) -> str:
    stays = "Whatever is in service stays in service."
    if not report.is_trained:
        cohort = report.cohort
        if not cohort.refusal:
            return f"There is no new model. {stays}"
        return (
            f"There is no new model. {stays} {formats.count(len(cohort.admitted))} of "
            f"{formats.count(len(cohort.members))} silos were admitted; the quorum is "
            f"{formats.count(cohort.quorum)}."
        )
    if report.decision.blessed:
        return "The model of this run may go into service."
    return f"The model of this run does not go into service. {stays}"


def _kept(bounds: Sequence[Bound]) -> str:
    known = [bound for bound in bounds if bound.slack]
    if not known:
        return "The gates judged this silo."
    missed = sum(not bound.is_met for bound in known)
    return (
        f"The gates judged this silo. Of {len(known)} "
        f"{formats.verb(len(known), 'bound', 'bounds')} that a single silo can keep "
        f"or miss, it misses {missed or 'none'}."
    )


def _bounds(page: SiloPage) -> Section:
    def verdict(bound: Bound) -> Cell:
        if not bound.slack:
            return Cell("no figure")
        sure = "" if bound.is_sure else ", but not surely"
        if bound.is_met:
            return Cell(f"kept{sure}", mood="good")
        return Cell(f"missed{sure}", mood="bad")

    ask = "ask" if page.judgement.is_judged else "would ask"
    columns = (
        Column[Bound]("Gate", lambda it: _sentence(GATES.get(it.gate, it.gate))),
        Column[Bound]("What is compared", lambda it: _sentence(it.what)),
        Column[Bound]("Asked for", lambda it: it.demanded),
        Column[Bound]("Yours", lambda it: _with_interval(it.found, it.signed), NUMBER),
        Column[Bound]("Bound", verdict),
        Column[Bound]("Refuses", lambda it: REFUSES.get(it.refuse_if, it.refuse_if)),
    )
    caption = (
        "A gate that looks at many silos widens the intervals first, so it refuses "
        "more rarely than this table may suggest."
    )
    return Section(
        "bounds",
        f"What the gates {ask} of a silo, and what yours reaches",
        (table("Bounds of the gates", page.bounds, columns, caption),),
        label="Gates",
    )


def _findings(report: Report, page: SiloPage) -> Section:
    def keeps_out(item: tuple[bool, Group]) -> Cell:
        if item[0]:
            return Cell("This keeps you out", mood="bad")
        return Cell("This does not keep you out")

    def found(item: tuple[bool, Group]) -> Cell:
        sentences = item[1].sentences[:MAX_SENTENCES]
        if more := len(item[1].sentences) - len(sentences):
            sentences = (*sentences, f"and {more} more of this kind")
        return Cell("", findings=(Group(item[1].hint, sentences),))

    columns = (
        Column("Admission", keeps_out),
        Column("What was found, and what to do", found, SENTENCE),
    )
    check = f"fairsilo silo check {shlex.quote(report.about.use_case)}"
    last = (
        f"After a change, ask the operator to run `{check}`: it checks your files as "
        "they lie there, and trains nothing."
        if page.findings
        else "Nothing was found in your data."
    )
    return Section(
        "findings",
        "Your data: what was found, and how to mend it",
        (table("Findings", page.findings, columns), Text(last)),
        label="Your data",
    )


def _figures(own: OwnFigures, has_baseline: bool) -> Section:
    text = (
        "How the model of this run does on rows of yours that it has not learned "
        "from. The interval in brackets says how much chance is in a figure: with "
        "other rows of the same kind it would lie there in 95 of 100 cases."
    )
    if has_baseline:
        text += " A change is against the baseline, on the same rows."
    parts: list[Part] = [Text(text)]
    base_rate = own.get("base_rate")
    if base_rate and base_rate.is_number:
        parts.append(
            Text(
                f"{formats.count(base_rate.rows)} rows were used; "
                f"{formats.share(base_rate.number)} of them have the outcome."
            )
        )
    caption = (
        "How the others fare is not shown: your silo has no figure of its own to "
        "place among theirs."
    )
    if own.charts:
        caption = "Other silos are alike when they lie in the same range of 0.05."
    elif own.has_own:
        caption = (
            "How the others fare would tell too much: fewer than "
            f"{MIN_OTHERS} of them have such a figure."
        )
    metrics = _line_columns(own.lines, has_baseline)
    parts.append(table("Metrics of all your rows", own.lines, metrics, caption))
    parts.append(
        table(
            "When a score above a threshold counts as yes",
            own.rates,
            _line_columns(own.rates, has_baseline),
            "The false negative rate is what is missing to 1 in the true positive "
            "rate.",
        )
    )
    if own.own_threshold:
        parts.append(
            Text(
                f"With a threshold of your own, {formats.cell(own.own_threshold)}, "
                "the model would find as many of your rows with the outcome as it "
                f"does elsewhere{_known(own.own_rates)}. It is measured, never imposed."
            )
        )
    if own.following:
        after = "On the span after, whose outcomes are known by now"
        parts.append(Text(f"{after}{_known(own.following)}."))
    return Section("figures", "Your figures", tuple(parts))


def _line_columns(lines: Sequence[Line], has_baseline: bool) -> list[Column[Line]]:
    """Return columns for metrics; each metric is explained once."""

    def name(line: Line) -> Cell:
        at = "" if line.threshold is None else f" at {line.threshold:g}"
        is_first = line.threshold == lines[0].threshold
        meaning = (Group("", (line.measure.meaning,)),) if is_first else ()
        return Cell(_sentence(line.measure.label) + at, findings=meaning)

    def alike(line: Line) -> str:
        if line.others is None:
            return formats.NONE
        lower, same, higher = map(formats.count, line.others.counts)
        return f"{lower} lower, {same} alike, {higher} higher"

    compared: list[Column[Line]] = [
        Column("Baseline", lambda it: it.before, NUMBER),
        Column("Change", lambda it: _with_interval(it.change, True), NUMBER),
    ]
    return [
        Column("What", name),
        Column("Yours", lambda it: _with_interval(it.found), NUMBER),
        *(compared if has_baseline else ()),
        Column("Other silos", alike),
    ]


def _known(figures: Sequence[tuple[Measure, Figure]]) -> str:
    """Return figures after a sentence: `: AUC 0.712 (0.700 to 0.724); …`."""
    texts = [f"{it.label} {_with_interval(found)}" for it, found in figures]
    return f": {'; '.join(texts)}" if texts else ""


def _with_interval(found: Figure | None, signed: bool = False) -> str:
    """Return a figure and its 95 % interval: `0.712 (0.700 to 0.724)`.

    Args:
        found: The figure; its note or a dash stands where it is no number.
        signed: Whether it is a change, with its sign: `-0.018 (-0.044 to -0.018)`.
    """
    if found is None or not found.is_number:
        return formats.cell(found)
    write = formats.signed if signed else formats.metric
    text = write(found.number)
    if found.low is None or found.high is None:
        return text
    return f"{text} ({write(found.low)} to {write(found.high)})"


def _others(lines: Sequence[Line]) -> Section:
    text = (
        "How many other judged silos lie in each range of 0.05; ▼ marks yours. Exact "
        "figures and names stay with their owners, and with fewer than "
        f"{MIN_OTHERS} others nothing is shown."
    )
    drawn = (_histogram(line, line.others) for line in lines if line.others)
    return Section("others", "Among the others", (Text(text), *drawn))


def _histogram(line: Line, others: Distribution) -> Drawing:
    name, width = _sentence(line.measure.label), training.WIDTH / len(others.bins)
    shapes, labels = [("axis", f"M0,90H{training.WIDTH}")], []
    for place, each in enumerate(others.bins):
        middle, height = (place + 0.5) * width, 70 * each.count / max(others.most, 1)
        if each.count:
            left, right = (place + 0.06) * width, 0.88 * width
            outline = f"M{left:.1f},90v-{height:.1f}h{right:.1f}V90z"
            shapes.append(("own" if each.own else "bar", outline))
            labels.append(Label(middle, 86 - height, formats.count(each.count)))
        if each.own:
            labels.append(Label(middle, 70 - height, "▼"))
        if place % ((len(others.bins) + 5) // 6) == 0:
            labels.append(Label(place * width, 105, f"{each.low:.2f}"))
    lower, alike, higher = map(formats.count, others.counts)
    return Drawing(
        f"{name}, yours {formats.cell(line.found)}",
        f"{name} of {formats.count(others.num_others)} other silos: {lower} in lower "
        f"ranges than yours, {alike} in yours, {higher} in higher ones.",
        126,
        tuple(shapes),
        tuple(labels),
        tuple(
            (_range(each), formats.count(each.count))
            for each in others.bins
            if each.count or each.own
        ),
    )


def _range(each: Bin) -> str:
    end = "or more" if each.high is None else f"to {each.high:.2f}"
    return f"{each.low:.2f} {end}" + (" (yours)" if each.own else "")


def _groups(own: OwnFigures, has_baseline: bool) -> Section:
    text = "Groups inside your silo, the lowest AUC first"
    if own.threshold is not None:
        text += f"; rates are taken at {own.threshold:g}"
    parts: list[Part] = [Text(f"{text}. Too few rows have no figure.")]
    for one in own.groups:
        title = f"By {one.column}"
        caption = ""
        if len(one.groups) < one.num_groups:
            caption = f"{len(one.groups)} of {formats.count(one.num_groups)} groups."
        columns = _group_columns(own, one, has_baseline)
        parts.append(table(title, one.groups, columns, caption))
        gaps = tuple(
            f"{_sentence(measure.label)}, {measure.meaning}: {_with_interval(found)}"
            + (f", {found.about}" if found.about else "")
            for measure, found in one.gaps
        )
        if gaps:
            parts.append(Bullets(gaps, "" if one.groups else title))
    return Section("groups", "Your groups", tuple(parts))


def _group_columns(
    own: OwnFigures, of: GroupTable, has_baseline: bool
) -> list[Column[str]]:
    def name(group: str) -> str:
        if group == TOO_FEW:
            return "small groups together"
        return group if len(group) <= MAX_NAME else f"{group[: MAX_NAME - 1]}…"

    def get(metric: str, group: str, **key: Any) -> Figure | None:  # noqa: ANN401
        return own.get(metric, of.column, group, **key)

    def rows(group: str) -> int:
        found = get("rows", group)
        return found.rows if found else 0

    def number(metric: str, at: float | None, group: str) -> str:
        found = get(metric, group, threshold=at)
        return formats.metric(found.number if found and found.is_number else None)

    def change(group: str) -> str:
        return _with_interval(get("auc", group, model=CHANGE), True)

    columns: list[Column[str]] = [
        Column("Group", name),
        Column("Rows", rows, NUMBER),
        Column("AUC", lambda it: _with_interval(get("auc", it)), NUMBER),
    ]
    if has_baseline:
        columns.append(Column("Change", change, NUMBER))
    shown: list[tuple[str, str, float | None]] = [
        ("calibration_error", "calibration error", None)
    ]
    if own.threshold is not None:
        shown += [(it.metric, it.label, own.threshold) for it in RATES]
    for metric, label, at in shown:
        value = functools.partial(number, metric, at)
        columns.append(Column(_sentence(label), value, NUMBER))
    return columns


def _training(page: SiloPage) -> Section:
    part, parts = page.part, list[Part]()
    figures = [
        KeyFigure(ROWS.get(name, f"Rows {name}"), formats.count(rows))
        for name, rows in page.member.rows.items()
    ]
    if figures and page.share is not None:
        share = formats.share(page.share)
        figures.append(KeyFigure("Share of all rows to learn from", share))
    parts.append(
        KeyFigures(tuple(figures)) if figures else Text("No rows could be read.")
    )
    if part.left_out:
        parts.append(Note("Your silo did not train:", (part.left_out,)))
    text = "There was no round to take part in."
    if part.num_rounds:
        taken = formats.count(len(part.records))
        text = f"You took part in {taken} of {formats.count(part.num_rounds)} rounds."
        if not page.member.admitted:
            text += " Silos that are not admitted do not train."
    parts.append(Text(text))
    if part.missed:
        missed = [
            f"Dropped out of {formats.verb(len(rounds), 'round', 'rounds')} "
            f"{training.ranges(rounds)}: {reason}"
            for reason, rounds in part.missed[:MAX_REASONS]
        ]
        if more := len(part.missed) - len(missed):
            missed.append(f"{more} more reasons are in the log of the run.")
        parts.append(Bullets(tuple(missed)))
    if part.records:
        parts.append(
            Text(
                "The norm says how far your rows would move the model in a round; the "
                "cosine whether that is the way of all together: 1 is the same way, 0 "
                "is across, below 0 is against it."
            )
        )
        parts += training.curves(part.records)
    parts.append(_rounds(part))
    return Section("part", "What you put in", tuple(parts))


def _rounds(part: training.Part) -> Part:
    columns: list[Column[tuple[int, SiloRecord]]] = [
        Column("Round", lambda it: str(it[0])),
        Column("Rows", lambda it: it[1].examples, NUMBER),
        Column("Loss before", lambda it: formats.metric(it[1].loss_before), NUMBER),
        Column("Loss after", lambda it: formats.metric(it[1].loss_after), NUMBER),
        Column("Norm", lambda it: formats.metric(it[1].update_norm), NUMBER),
        Column("Cosine", lambda it: formats.metric(it[1].cosine), NUMBER),
    ]
    is_cut = len(part.latest) < len(part.records)
    caption = f"The last {len(part.latest)}." if is_cut else ""
    return table("Round by round", part.latest, columns, caption)


def _left(left: Sequence[EgressItem]) -> Section:
    columns = (
        Column[EgressItem]("Kind", lambda it: _sentence(it.kind)),
        Column[EgressItem]("What it is", lambda it: MEANINGS[it.kind], SENTENCE),
        Column[EgressItem]("How many", lambda it: it.count, NUMBER),
        Column[EgressItem]("Size", lambda it: formats.size(it.bytes), NUMBER),
    )
    parts: list[Part] = [
        Text(
            "Nothing but these kinds may leave a silo: never a row, and never a score "
            "with a row's name."
        ),
        table("Kinds of what left you", left, columns),
    ]
    if not left:
        parts.append(Text("In this run nothing left your silo."))
    return Section("left", "What left you", tuple(parts))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
