"""The sections of a silo's page: what its owner reads, of the run page's own parts.

They are made from a report that holds nothing of another silo (`own.py`), and from
histograms of the others (`others.py`).
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence

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
from components.dashboard.sections import account, data, decision, groups, training
from components.dashboard.sections.silos import METRICS, own_thresholds
from components.dashboard.silo import bounds, contribution, gain, privacy
from components.dashboard.silo.bounds import Bound
from components.dashboard.silo.others import (
    MIN_OTHERS,
    WIDTH,
    Distribution,
    Others,
    draw,
)
from components.payloads.manifest import EVAL, NEXT
from components.payloads.model_run import RoundRecord, SiloRecord
from components.payloads.table import (
    BASELINE,
    CANDIDATE,
    CHANGE,
    TOO_FEW,
    Figure,
    MetricKey,
    Slice,
)

MAX_GROUPS = 30  # on a page, over all columns; each costs about 500 bytes
MAX_NAME = 80  # of a group, unit: characters
MAX_ROUNDS = 20  # in the table, the last ones
MAX_POINTS = 100  # of a curve, evenly over the rounds
HEIGHT = 60  # of a drawing, unit: SVG's own
REFUSES = {
    "surely": "when the whole interval misses it",
    "value": "when the figure misses it",
    "possibly": "unless the whole interval keeps it",
}
MEANINGS = {
    "auc": "how well it ranks: the chance that a row with the outcome is scored above "
    "one without it; 0.5 is a coin, 1 is perfect",
    "pr_auc": "how pure the top of the ranking is; a coin reaches the base rate",
    "log_loss": "how far scores are from what happened, with sure mistakes counted "
    "most; lower is better",
    "brier": "mean squared distance between score and outcome; lower is better",
    "calibration_error": "how far scores lie from the shares that came about; 0 is "
    "perfect",
    "tpr": "of the rows with the outcome, the share scored above the threshold; what "
    "is missing to 1 is the false negative rate",
    "fpr": "of the rows without the outcome, the share scored above it",
    "positive_rate": "of all rows, the share above it",
    "precision": "of the rows above it, the share with the outcome",
}
RATES = ("tpr", "fpr", "positive_rate", "precision")
# What leaves a silo, by the kinds of `payloads/egress.py`.
KINDS = {
    "statistics": "Counts, means and histograms of your columns, of the rows to train "
    "on; the outcome's say how many of these rows have it. Values that few rows have "
    "are not in them, and rows that are too few to tell together wait for the next "
    "ones.",
    "row sketches": "Digests of a part of your training rows, under a key that the "
    "silos share and the operator does not need. They tell how many of your rows "
    "differ from one another, and how many another silo holds too; whoever has the key "
    "can also test whether a row they guess is among them.",
    "findings": "What was found in your data, in sentences without values of rows but "
    "with shares of them; and why something could not be done with your data.",
    "model updates": "How your training rows would move the model's weights, once a "
    "round. No row is in them.",
    "training metrics": "How large your losses were before and after your training, on "
    "how many rows, once a round; or, where rows are protected, noisy sums of made-up "
    "gradients. How large your update is, the operator computes from the update.",
    "benefit figures": "How the federation's model and your own ones do on rows of "
    "yours that they have not learned from, which of them serves you and why; with "
    "the algorithm `loss_gap`, the loss of your own model on your training rows. The "
    "weights of your own models stay with you.",
    "contribution figures": "How the federation's model does on a part of your "
    "evaluation rows without one silo's updates or another's: the sums of the losses, "
    "from which it is told who helps whom. No row and no score is in them.",
    "score sketches": "The finished figures of your evaluation rows and of each group "
    "in them, with the sums that their intervals need. And for totals over silos, how "
    "many rows fall into ranges of scores, by outcome and group: a range holds at "
    "least `rows_per_bin` rows and discloses no row's score or other column. Totals "
    "are added up before anything is written; the operator's process that does so "
    "holds your part while it runs. Of groups with few rows one row count for all "
    "leaves under your name, and of a silo with few rows its row count alone (fewer "
    "than `min_slice_rows` in the operator's settings). They go score by score into "
    "totals, which leave only with those of at least two more silos.",
    "counts and digests": "How many rows and files you have, and checksums that tell "
    "whether they changed. No row can be read from a checksum.",
}


def sections(report: Report, others: Others, shows_share: bool) -> tuple[Section, ...]:
    """Return all sections of a silo's page.

    Args:
        report: The run, cut down to the silo (`own.reports`).
        others: Histograms of the judged silos.
        shows_share: Whether its share of all rows would not reveal those of few others.
    """
    found = [_decision(report), _gates(report), _findings(report)]
    if report.scores.silos:
        keys = _keys(report)
        figures = {key: report.scores.get(key) for key in keys}
        known = {key: it for key in keys if (it := others.of(figures[key]))}
        found.append(_figures(report, known))
        drawn = [
            draw(figures[key], it) for key, it in known.items() if key.threshold is None
        ]
        if drawn:
            text = (
                "How many other judged silos lie in each range of 0.05; ▼ marks yours. "
                "Exact figures and names stay with their owners, and with fewer than "
                f"{MIN_OTHERS} others nothing is shown."
            )
            found.append(Section("others", "Among the others", (Text(text), *drawn)))
        if report.scores.columns:
            found.append(_groups(report))
    if "benefit" in report.parts:
        found.append(gain.section(report, others))
    if "contribution" in report.parts:
        found.append(contribution.section(report, _silo(report)))
    if report.privacy.mode != "none":
        found.append(privacy.section(report, _silo(report)))
    if "inference_result" in report.parts:
        found.append(account.predictions(report))
    return (*found, _training(report, shows_share), _left(report))


def _silo(report: Report) -> str:
    return report.silos[0].member.silo


def _decision(report: Report) -> Section:
    """Return the run's decision, led by what it means for this silo."""
    made, (line,) = decision.decision(report), report.silos
    if not line.member.admitted:
        out = (
            "The model of this run did not learn from your rows, and no gate judged it "
            "on them."
            if report.is_trained
            else "Your rows took no part in this run."
        )
        change = (
            "Mend what is named under the findings; it is judged again from the next "
            "run that admits it."
        )
        parts: tuple[Part, ...] = (
            Text(out),
            Note("What would change that:", (change,)),
            Text(f"The model: {made.title}"),
            *made.parts,
        )
        title = "✗ Your silo was not admitted"
        return dataclasses.replace(made, title=title, banner="refused", parts=parts)
    if line.is_judged and report.decision.gates:
        known = [it for it in bounds.of_silo(report, line.member.silo) if it.slack]
        missed = sum(not bound.is_met for bound in known)
        text = "The gates judged this silo."
        if known:
            text += (
                f" Of the bounds that a single silo can keep or miss, {len(known)}, it "
                f"misses {missed or 'none'}."
            )
        return dataclasses.replace(made, parts=(*made.parts, Text(text)))
    if not report.is_trained or not report.decision.gates:
        return made
    text = f"No gate judged this silo: {line.not_evaluated}."
    more = "Evaluation rows are held out of the labelled rows that you export."
    return dataclasses.replace(made, parts=(*made.parts, Text(text), Text(more)))


def _gates(report: Report) -> Section:
    """Return which gates refused, and those that ask something of a single silo."""

    def verdict(bound: Bound) -> Cell:
        if not bound.slack:
            return Cell("no figure")
        sure = "" if bound.is_sure else ", but not surely"
        if bound.is_met:
            return Cell(f"kept{sure}", mood="good")
        return Cell(f"missed{sure}", mood="bad")

    def yours(bound: Bound) -> str:
        return formats.with_interval(bound.found, bound.gate in bounds.CHANGES)

    columns = (
        Column("Gate", lambda it: f"`{it.gate}`"),
        Column("What is compared", "what"),
        Column("Asked for", "demanded"),
        Column("Yours", yours, NUMBER),
        Column("Bound", verdict),
        Column("Refuses", lambda it: REFUSES.get(it.refuse_if, it.refuse_if)),
    )
    asked = table(
        "What the gates ask of a silo, and what yours reaches",
        bounds.of_silo(report, _silo(report)),
        columns,
        "A gate that looks at many silos widens the intervals first, so it refuses "
        "more rarely than this table may suggest.",
    )
    text = "The gates look at all silos; only yours is shown here."
    parts = (Text(text), decision.results(report), asked)
    return Section("gates", "Gates", parts)


def _findings(report: Report) -> Section:
    check = f"fairsilo silo check {shlex.quote(report.about.use_case)}"
    found = data.found(report.silos)
    text = (
        f"After a change, ask the operator to run `{check}`: it checks your files as "
        "they lie there, and trains nothing."
        if found.rows
        else "Nothing was found in your data."
    )
    title = "Your data: what was found, and how to mend it"
    return Section("findings", title, (found, Text(text)), label="Your data")


def _keys(report: Report) -> list[MetricKey]:
    """Return the metrics of all rows, then the rates at each threshold."""
    rates = [(metric, at) for at in report.scores.thresholds("tpr") for metric in RATES]
    plain = [(metric, None) for metric in METRICS if metric not in RATES]
    of = Slice(_silo(report))
    keys = (MetricKey(metric, of, threshold=at) for metric, at in (*plain, *rates))
    return [key for key in keys if report.scores.get(key)]


def _figures(report: Report, others: Mapping[MetricKey, Distribution]) -> Section:
    get, of = report.scores.get, Slice(_silo(report))
    text = (
        "How the model of this run does on rows of yours that it has not learned "
        "from. The interval in brackets says how much chance is in a figure: with "
        "other rows of the same kind it would lie there in 95 of 100 cases. A change "
        "is against the baseline, on the same rows."
    )
    parts: list[Part] = [Text(text)]
    base_rate = get(MetricKey("base_rate", of))
    if base_rate and base_rate.is_number:
        rows, share = formats.count(base_rate.rows), formats.share(base_rate.number)
        parts.append(Text(f"{rows} rows were used; {share} of them have the outcome."))
    keys = _keys(report)
    if others:
        caption = "Other silos are alike when they lie in the same range of 0.05."
    elif any((found := get(key)) and found.is_number for key in keys):
        caption = (
            "How the others fare would tell too much: fewer than "
            f"{MIN_OTHERS} of them have such a figure."
        )
    else:
        caption = (
            "How the others fare is not shown: your silo has no figure of its own to "
            "place among theirs."
        )

    def name(key: MetricKey) -> Cell:
        at = "" if key.threshold is None else f" at {key.threshold:g}"
        is_first = key.threshold in {None, *report.scores.thresholds("tpr")[:1]}
        meaning = sentences([MEANINGS[key.metric]] * is_first)
        return Cell(METRICS[key.metric] + at, findings=meaning)

    def alike(key: MetricKey) -> str:
        if key not in others:
            return formats.NONE
        lower, same, higher = map(formats.count, others[key].sides)
        return f"{lower} lower, {same} alike, {higher} higher"

    def value(model: str, split: str, key: MetricKey) -> str:
        found = get(dataclasses.replace(key, model=model, split=split))
        return formats.with_interval(found, model == CHANGE)

    values = {"Yours": (CANDIDATE, EVAL)}
    if report.scores.has_baseline:
        values |= {"Baseline": (BASELINE, EVAL), "Change": (CHANGE, EVAL)}
    if any(it.split == NEXT for it in report.scores):
        values["Following span"] = (CANDIDATE, NEXT)
    columns = (
        Column("What", name),
        *(
            Column(heading, functools.partial(value, *which), NUMBER)
            for heading, which in values.items()
        ),
        Column("Other silos", alike),
    )
    parts.append(table("Metrics of all your rows", keys, columns, caption))
    if others:  # with few the rate that it is made for would reveal theirs
        parts.append(own_thresholds(report.scores))
    return Section("figures", "Your figures", tuple(parts))


def _groups(report: Report) -> Section:
    thresholds = report.scores.thresholds("tpr")
    at = thresholds[len(thresholds) // 2] if thresholds else None
    text = "Groups inside your silo, the surely lowest AUC first"
    if at is not None:
        text += f"; rates are taken at {at:g}"

    def name(of: Slice) -> str:
        if of.group == TOO_FEW:
            return "small groups together"
        is_short = len(of.group) <= MAX_NAME
        return of.group if is_short else f"{of.group[: MAX_NAME - 1]}…"

    def get(of: Slice, metric: str, model: str = CANDIDATE) -> Figure | None:
        threshold = at if metric in RATES else None
        return report.scores.get(MetricKey(metric, of, model, threshold=threshold))

    def rows(of: Slice) -> int:
        found = get(of, "rows")
        return found.rows if found else 0

    def number(metric: str, of: Slice) -> str:
        found = get(of, metric)
        return formats.metric(found.number if found and found.is_number else None)

    def auc(model: str, of: Slice) -> str:
        return formats.with_interval(get(of, "auc", model), model == CHANGE)

    columns = [
        Column("Group", name),
        Column("Of", "column"),
        Column("Rows", rows, NUMBER),
        Column("AUC", functools.partial(auc, CANDIDATE), NUMBER),
    ]
    if report.scores.has_baseline:
        columns.append(Column("Change", functools.partial(auc, CHANGE), NUMBER))
    for metric in ("calibration_error", *(RATES if at is not None else ())):
        value = functools.partial(number, metric)
        columns.append(Column(METRICS[metric], value, NUMBER))
    own = [of for of in report.scores.slices if of.column]
    caption = ""
    if len(own) > MAX_GROUPS:
        caption = f"{MAX_GROUPS} of {formats.count(len(own))} groups."
    gaps = groups.gaps_inside(report.scores, _silo(report), at)
    parts: tuple[Part, ...] = (
        Text(f"{text}. Too few rows have no figure."),
        table("Each group", _shown(own), columns, caption),
        gaps,
        *([groups.questions()] if gaps.rows else []),
    )
    return Section("groups", "Your groups", parts)


def _shown(groups: Sequence[Slice]) -> list[Slice]:
    """Return at most `MAX_GROUPS`, of each column some."""
    number = collections.Counter(of.column for of in groups)
    left, shares = MAX_GROUPS, {}
    for index, (column, size) in enumerate(reversed(number.most_common())):
        shares[column] = min(size, left // (len(number) - index))
        left -= shares[column]
    shown = []
    for of in groups:
        if shares[of.column]:
            shares[of.column] -= 1
            shown.append(of)
    return shown


def _training(report: Report, shows_share: bool) -> Section:
    (line,) = report.silos
    figures = data.rows_of(line.member.rows)
    if figures and shows_share:
        share = formats.share(line.member.share)
        figures.append(KeyFigure("Share of all rows to train", share))
    taken = [it for it in report.run.rounds if it.silos]
    text = "There was no round to take part in."
    if report.run.rounds:
        number, all_ = map(formats.count, (len(taken), len(report.run.rounds)))
        text = f"You took part in {number} of {all_} rounds."
    parts: list[Part] = [
        KeyFigures(tuple(figures)) if figures else Text("No rows could be read."),
        Text(text),
        training.dropped(report.run),
    ]
    if taken:
        about = (
            "The length of your update says how far your rows would move the model in "
            "a round; the agreement whether that is the way of all together: 1 is the "
            "same way, 0 is across, below 0 is against it."
        )
        parts.append(Text(about))
    if len(taken) > 1:
        parts += [
            _curve("Length of your update", taken, lambda it: it.update_norm),
            _curve("Agreement with the merged update", taken, lambda it: it.cosine),
        ]
    latest = taken[-MAX_ROUNDS:]
    caption = f"The last {len(latest)}." if len(latest) < len(taken) else ""
    columns = (
        Column("Round", lambda it: str(it.round)),
        *training.record_columns(lambda it: it.silos[0]),
    )
    parts.append(table("Round by round", latest, columns, caption))
    return Section("part", "What you put in", tuple(parts))


def _curve(
    label: str, rounds: Sequence[RoundRecord], value: Callable[[SiloRecord], float]
) -> Drawing:
    """Return a silo's figure over the rounds that it took part in, at least two."""
    values = {it.round: value(it.silos[0]) for it in rounds}
    first, last = rounds[0].round, rounds[-1].round
    low, high = min(values.values()), max(values.values())
    step = math.ceil(len(values) / MAX_POINTS)
    shown = dict.fromkeys((*[*values][::step], last))
    places: Iterable[tuple[float, float]] = (
        (
            round(WIDTH * (number - first) / (last - first), 1),
            round(HEIGHT * (high - values[number]) / ((high - low) or 1.0), 1),
        )
        for number in shown
    )
    path = "M" + " ".join(f"{x:g},{y:g}" for x, y in places)
    ends = [formats.metric(end) for end in (values[first], values[last], low, high)]
    return Drawing(
        f"{label}, by round",
        f"{label}: {ends[0]} in your first round, {ends[1]} in your last; between "
        f"{ends[2]} and {ends[3]}.",
        100,
        (("axis", f"M0,{HEIGHT}H{WIDTH}"), ("curve", path)),
        (
            Label(0, -5, f"highest {ends[3]}", "start"),
            Label(0, HEIGHT + 16, f"lowest {ends[2]}", "start"),
            Label(WIDTH, HEIGHT + 16, f"last {ends[1]}", "end"),
        ),
    )


def _left(report: Report) -> Section:
    left = report.silos[0].left
    columns = (
        Column("Kind", lambda it: it.kind.capitalize()),
        Column("What it is", lambda it: KINDS[it.kind], SENTENCE),
        Column("How many", "count", NUMBER),
        Column("Size", lambda it: formats.size(it.bytes), NUMBER),
    )
    parts: list[Part] = [
        Text(account.NOTHING_ELSE),
        table("Kinds of what left you", left, columns),
    ]
    if not left:
        parts.append(Text("In this run nothing left your silo."))
    return Section("left", "What left you", tuple(parts))
