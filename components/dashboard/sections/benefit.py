"""What each silo gains by the federation, what serves it, and who gets the gain."""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Iterator, Sequence

from components.dashboard import formats, gains
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Cell,
    Chart,
    Column,
    KeyFigure,
    KeyFigures,
    Part,
    Section,
    Table,
    Text,
    table,
)
from components.payloads.benefit import (
    ALONE,
    BASE,
    PERSONAL,
    POOLED,
    SERVED,
    SiloBenefit,
)
from components.payloads.manifest import TRAIN
from components.payloads.table import Figure

MEANING = (
    "The model `base` is the federation's, `personal` was trained from it on the "
    "silo's own rows, `alone` on these rows only. What serves a silo was chosen on "
    "rows that no model has learned from; the figures are of its evaluation rows, "
    "which took no part in the choice."
)
NAMES = {
    BASE: "Federated (base)",
    PERSONAL: "Federated, then personalised",
    ALONE: "Alone",
    POOLED: "Pooled rows",
    SERVED: "What serves each silo",
}
MARKS = (
    ("better", "surely gains"),
    ("worse", "surely loses"),
    ("unsure", "may be chance"),
)
# Charts of `charts.js`: what is drawn, and how to read it.
CHARTS = {
    "gains": (
        "Gain over going alone, by silo",
        "AUC less that of the model alone, on the same rows, with 95 % intervals; "
        "silos that no gate judged are in the table alone.",
    ),
    "ownmodels": (
        "Each silo's models side by side",
        "AUC on the silo's evaluation rows, with 95 % intervals.",
    ),
    "gainsizes": (
        "Do small silos gain more, or large ones?",
        "Gain against the silo's rows to train.",
    ),
}


def section(report: Report) -> Section:
    """Return figures, charts and tables of the silos' gains."""
    why = report.benefit.refusal or "no silo was admitted"
    none = (Text(f"Nothing was compared: {why}."),)
    parts = tuple(_parts(report)) if report.benefit.silos else none
    return Section("benefit", "What each silo gains", parts)


def models(silos: Iterable[SiloBenefit]) -> list[str]:
    """Return the models that some of the silos have, in the pages' order."""
    known = {model for one in silos for model in one.figures}
    return [model for model in NAMES if model in known]


def _parts(report: Report) -> Iterator[Part]:
    silos = report.benefit.silos
    judged = {line.member.silo for line in report.judged}
    counted = [one for one in silos if one.silo in judged] or silos
    yield Text(MEANING)
    if report.benefit.pooled:
        yield Text(f"Pooled rows: {report.benefit.pooled}.")
    yield _key_figures(counted)
    without = {line.member.silo for line in report.admitted} - {it.silo for it in silos}
    if without:
        names = ", ".join(f"`{silo}`" for silo in sorted(without))
        yield Text(f"Served by `base`, without models of their own: {names}.")
    for name, texts in CHARTS.items() if report.scores.silos else ():
        own = tuple((model, model) for model in models(silos))
        yield Chart(name, *texts, own if name == "ownmodels" else MARKS)
    yield _ways(counted)
    yield _by_size(counted)
    yield _each(silos, judged)


def _key_figures(silos: Sequence[SiloBenefit]) -> KeyFigures:
    found = gains.of(silos)
    mean = gains.average(gains.figure(one, SERVED, gains.GAIN) for one in silos)
    base, personal, alone = found.served.values()
    figures = {
        "Silos that surely gain": (
            f"{found.surely_better:,} of {found.compared:,}",
            "the interval of their gain in AUC lies above 0",
        ),
        "Silos surely worse than alone": (
            f"{found.surely_worse:,} of {found.compared:,}",
            f"whose interval reaches below 0: {found.possibly_worse:,}; whose gain "
            f"itself is below 0: {found.lower:,}",
        ),
        "Mean gain (AUC)": (
            formats.signed(mean.number) if mean else formats.NONE,
            f"95 % interval: {formats.interval(mean, True)}" if mean else "",
        ),
        "Silos served by base": (
            f"{base:,} of {len(silos):,}",
            f"by personal: {personal:,}; by alone: {alone:,}",
        ),
    }
    return KeyFigures(tuple(KeyFigure(name, *it) for name, it in figures.items()))


def _ways(silos: Sequence[SiloBenefit]) -> Table:
    """Return the ways of training side by side, over the same silos."""
    shown = models(silos)
    same = [one for one in silos if all(gains.figure(one, each) for each in shown)]

    def figures(model: str, metric: str = "auc") -> list[Figure | None]:
        return [gains.figure(one, model, metric) for one in same]

    def gained(model: str) -> str:
        return formats.with_interval(gains.average(figures(model, gains.GAIN)), True)

    def surely(which: str, model: str) -> int | None:
        found = gains.of(same, model)
        return getattr(found, which) if found.compared else None

    columns = (
        Column("Training", lambda model: NAMES[model]),
        Column(
            "Mean AUC",
            lambda model: formats.with_interval(gains.average(figures(model))),
            NUMBER,
        ),
        Column("Worst tenth", lambda it: gains.worst_tenth(figures(it)), NUMBER),
        Column("Log loss", lambda it: gains.average(figures(it, "log_loss")), NUMBER),
        Column("Mean gain over alone", gained, NUMBER),
        Column("Surely better", functools.partial(surely, "surely_better"), NUMBER),
        Column("Surely worse", functools.partial(surely, "surely_worse"), NUMBER),
    )
    number = f"{formats.count(len(same))} of {formats.count(len(silos))}"
    return table(
        "Federated learning or personalised transfer learning?",
        [*shown, SERVED] if same else (),
        columns,
        f"Means over the {number} silos that have all of these models, each silo "
        "counted once; surely better and worse than alone are numbers of silos, each "
        "by its own 95 % interval. The base model serves a silo until another is "
        "surely better on its own rows, so what serves may lie between the two.",
    )


def _by_size(silos: Sequence[SiloBenefit]) -> Table:
    def share(third: gains.Third) -> str:
        return formats.NONE if third.share is None else formats.share(third.share)

    columns = (
        Column("By rows to train", "name"),
        Column("Silos", "silos", NUMBER),
        Column("Rows to train", "rows", NUMBER),
        Column("Sum of gains", lambda third: formats.signed(third.gain), NUMBER),
        Column("Share of the gain", share, NUMBER),
    )
    caption = "A third that loses has a negative share; without a gain, none has any."
    return table("Who gets the gain", gains.thirds(silos), columns, caption)


def _each(silos: Iterable[SiloBenefit], judged: Collection[str]) -> Table:
    """Return the table of all silos: the judged first, by surely lowest gain."""

    def gained(one: SiloBenefit) -> Cell:
        text = formats.with_interval(gains.figure(one, SERVED, gains.GAIN), True)
        return Cell(text, one.gain.value if one.gain else "")

    columns = [
        Column("Silo", "silo"),
        Column("Rows to train", lambda one: one.rows.get(TRAIN, 0), NUMBER),
        Column("Served by", "served"),
        Column("Gain (AUC)", gained, NUMBER),
    ]
    for metric, name in (("auc", "AUC"), ("log_loss", "Log loss")):
        for model in models(silos):
            of = functools.partial(gains.figure, model=model, metric=metric)
            columns.append(Column(f"{name}, {model}", of, NUMBER))
    columns.append(Column("Why it serves", lambda it: "; ".join(why(it)), SENTENCE))
    last = math.inf  # the silos without a gain
    ranked = sorted(
        silos,
        key=lambda it: (
            it.silo not in judged,
            it.gain.high if it.gain else last,
            it.silo,
        ),
    )
    caption = (
        "First the judged silos whose gain is surely low: by its interval's upper end."
    )
    return table("Each silo's models", ranked, columns, caption)


def why(one: SiloBenefit) -> list[str]:
    """Return why a silo is served by its model, in sentences."""
    return [text for text in (one.reason, one.failure) if text]
