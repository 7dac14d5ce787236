"""What is promised to the people behind the rows, what it cost, and what is left."""

from __future__ import annotations

import operator
from collections.abc import Iterator

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
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
    sentences,
    table,
)
from components.payloads.privacy import PrivacyReport, SiloPrivacy

PROMISES = {
    "example": "Protected: {}. Whoever sees updates or the model, the operator and "
    "other silos included, concludes nearly the same with it as without. Each "
    "silo cuts gradients and adds noise itself, before anything leaves it. How many {} "
    "it has is known.",
    "silo": "Protected: each silo as a whole. Whoever sees the model concludes "
    "nearly the same with a silo's rows as without them. The coordinator adds the "
    "noise, so the operator sees each update as it is.",
}
EPSILON = (
    "Epsilon says how nearly: nothing becomes likelier by more than the factor e to "
    "the epsilon, but for a chance of delta. Smaller protects better."
)
NOT_COVERED = (
    "Not covered: statistics of columns, row sketches, counts of rows, digests of "
    "files, score sketches, and the benefit and contribution figures of evaluation "
    "rows{}. `docs/privacy.md` lists each release."
)
ROUNDS = "; nor losses and lengths of updates by silo and round"
HELD = (
    "After this training. Reserved is what trainings hold that run or broke off; the "
    "two together cost less than their sum."
)
CLAIMED = (
    "Claimed by privacy loss distributions; Rényi accounting bounds the same from "
    "above. Noise is of a step, in units of the clip norm."
)
ATTACKED = (
    " The attack guesses, from what a silo sent, which made-up gradients it "
    "learned: a lower bound at 95 %. Below the claim is as it should be, and no proof; "
    "above it, by chance, is at most one training of a silo in 20."
)
LEDGER = "The ledger ends with `{}`: `fairsilo ledger verify {} --head HASH`."
MAX_BARS = 16  # the silos left out, and those with the least left
ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"  # of right to left
MAX_NAME = 26  # beside a bar, unit: characters
WIDTH, STEP = 320, 36  # of a drawing, and of a bar with its name, unit: SVG's own


def most(found: PrivacyReport, attribute: str) -> tuple[float | None, str]:
    """Return the largest of the silos' numbers and whose it is; None if none has it."""
    known = ((getattr(one, attribute), one.silo) for one in found.silos)
    return max((it for it in known if it[0] is not None), default=(None, ""))


def section(report: Report) -> Section:
    """Return the promise, claimed and attacked epsilons, and all budgets."""

    def figure(label: str, attribute: str) -> KeyFigure:
        value, silo = most(report.privacy, attribute)
        return KeyFigure(label, formats.metric(value), silo=silo)

    silos = report.privacy.silos
    out = sum(bool(one.refusal) for one in silos)
    figures = (
        figure("Largest epsilon claimed", "epsilon"),
        figure("Most that the attack showed", "attacked"),
        KeyFigure(
            "Silos left out",
            f"{out:,} of {len(silos):,}",
            "why is in the table below" * bool(out),
        ),
    )
    promise, *others = parts(report)
    return Section("privacy", "Privacy", (promise, KeyFigures(figures), *others))


def parts(report: Report) -> Iterator[Part]:
    """Yield the promise, where it did not hold, budgets and costs, refusals first."""
    found, units = report.privacy, ("each row", "rows")
    if found.unit != "row":
        units = (f"all rows of one `{found.unit}` together", "people")
    yield Text(f"{PROMISES[found.mode].format(*units)} {EPSILON}")
    yield Text(NOT_COVERED.format(ROUNDS * (found.mode == "silo")))
    broken = tuple(
        f"`{one.silo}`: at least {one.attacked:.3f}, claimed is {one.epsilon:.3f}."
        for one in found.silos
        if (one.attacked or 0.0) > (one.epsilon or 0.0)
    )
    if broken:
        yield Note("The attack showed more than is claimed", broken)
    if found.ledger_head:
        yield Text(LEDGER.format(found.ledger_head, report.about.use_case))
    silos = sorted(found.silos, key=lambda it: (not it.refusal, it.balance.left))
    if silos:
        yield _bars(found, silos[:MAX_BARS])
    yield table("Budgets", silos, BUDGETS, HELD)
    yield Text(CLAIMED + ATTACKED * bool(found.canaries))
    yield table("What this run cost", silos, COSTS)


def _bars(found: PrivacyReport, silos: list[SiloPrivacy]) -> Drawing:
    """Return budgets as bars, each as wide as its frame where all is spent."""
    shapes, labels = list[tuple[str, str]](), list[Label]()
    for place, one in enumerate(silos):
        held, top = one.balance, STEP * place + 2
        ends = (held.spent, max(held.spent, held.reserved))
        spent, reserved = (round(WIDTH * min(1.0, it / held.budget), 1) for it in ends)
        shapes += [
            ("own", f"M0,{top}H{spent}v12H0z"),
            ("bar", f"M{spent},{top + 4}H{reserved}v4H{spent}z"),
            ("axis", f"M0,{top}H{WIDTH}v12H0z"),
        ]
        name = one.silo if len(one.silo) <= MAX_NAME else f"{one.silo[:MAX_NAME]}…"
        left = f"{held.left:.3f} of {held.budget:g} left"
        labels.append(Label(0, top - 6, ISOLATED.format(name), "start"))
        labels.append(Label(WIDTH, top - 6, left, "end"))
    few = f" of the {len(silos)} with the least left" * (len(silos) < len(found.silos))
    window = " to ".join(found.window)
    title = f"Budgets{few}, {window}: spent (high bar) and reserved (low bar)"
    about = f"{title}: {', '.join(label.text for label in labels)}."
    return Drawing(title, about, STEP * len(silos), tuple(shapes), tuple(labels))


def _number(heading: str, attribute: str, form: str = "{:.3f}") -> Column:
    """Return a column of numbers; of a run's numbers, 0 is one that it has not."""
    get = operator.attrgetter(attribute)

    def cell(one: SiloPrivacy) -> Cell:
        value = get(one)
        is_known = value or "." in attribute or attribute == "attacked"
        if value is None or not is_known:
            return Cell(formats.NONE, "")
        return Cell(form.format(value), value)

    return Column(heading, cell, NUMBER)


def _remark(one: SiloPrivacy) -> Cell:
    return Cell("", findings=sentences(filter(None, (one.refusal, one.note))))


BUDGETS = (
    Column("Silo", "silo"),
    _number("Budget", "balance.budget"),
    _number("Spent", "balance.spent"),
    _number("Spent or reserved", "balance.reserved"),
    _number("Left", "balance.left"),
    Column("Full again on", "balance.resets_on"),
)
COSTS = (
    Column("Silo", "silo"),
    _number("Epsilon claimed", "epsilon"),
    _number("By Rényi", "epsilon_rdp"),
    _number("Attacked", "attacked", "at least {:.3f}"),
    _number("Delta", "delta", "{:g}"),
    _number("Rows or people", "units", "{:,}"),
    _number("In a step", "batch", "{:,.0f}"),
    _number("Steps", "steps", "{:,}"),
    _number("Noise", "noise"),
    _number("Noise of the mean", "noise_of_mean", "{:.4f}"),
    Column("What to know", _remark, SENTENCE),
)
