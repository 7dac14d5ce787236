"""The site's index: runs newest first, trends, cohort, and which runs are compared."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from components.dashboard import formats, page
from components.dashboard.page import Page
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Banner,
    Bullets,
    Cell,
    Column,
    Part,
    Section,
    Text,
    interval,
    table,
)
from components.payloads import findings
from components.payloads.contribution import NAMES
from components.payloads.table import Figure
from pipelines import summary
from pipelines.runs.charts import Axes
from pipelines.summary import Summary

DRAWN = 60  # runs in the trends: more could not be distinguished
NAMED = 6  # silos named in a cell; more are counted

# How a finding of drift reads (`components/silo_validator/tfdv_checks.py`).
DRIFT = "between these training rows and those of span "
# How the id of a run of this machine begins (`pipelines/runners/local.py`).
STARTED = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:-|$)")
VERDICTS = {  # status: sign and words
    summary.BLESSED: ("✓", "Blessed"),
    summary.INCOMPLETE: ("⚠", "Blessed, incomplete"),
    summary.NOT_BLESSED: ("✗", "Not blessed"),
    summary.BELOW_QUORUM: ("✗", "Nothing was trained"),
    summary.FAILED: ("✗", "Failed"),
    summary.STOPPED: ("✗", "Stopped"),
    summary.RUNNING: ("…", "Running"),
}


@dataclasses.dataclass(frozen=True)
class Cohort:
    """The silos of a run, and what became of them since the run before."""

    silos: int
    admitted: int
    drifted: int  # with a finding of drift
    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()  # trained in the run before and not in this one
    released: tuple[str, ...] = ()  # train again


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run in the index."""

    run: Summary
    label: str  # tells it from all others
    cohort: Cohort | None  # None where the run named no silo
    auc: Figure | None = None  # over all rows
    href: str = ""  # its page, from the index; empty where there is none
    before: str = ""  # its comparison with the run before

    @property
    def sign(self) -> str:
        """A sign of the decision that needs no colour."""
        return "⚑" if self.run.waivers else VERDICTS[self.run.status][0]

    @property
    def verdict(self) -> str:
        """The decision in words, with who let it pass."""
        words = VERDICTS[self.run.status][1]
        return ", ".join(filter(None, [words, self.run.waivers]))

    @property
    def cell(self) -> Cell:
        """The decision in a table."""
        if self.run.waivers:
            return Cell(self.verdict, mood="waived")
        if self.sign in "✓✗":
            return Cell(self.verdict, mood="good" if self.sign == "✓" else "bad")
        return Cell(f"{self.sign} {self.verdict}", self.verdict)


def entries(summaries: Sequence[Summary]) -> list[Entry]:
    """Return an entry for each run, in the same order: oldest first."""
    many = collections.Counter(run.span for run in summaries)
    seen: collections.Counter[str] = collections.Counter()
    before: dict[str, bool] | None = None
    made = []
    for run in summaries:
        now = {silo.silo: silo.admitted for silo in run.silos}
        seen[run.span] += 1
        label, started = run.span or run.run_id, STARTED.match(run.run_id)
        if run.span and many[run.span] > 1:
            label = f"{run.span}, run {seen[run.span]}"
        elif started and not run.span:
            parts = started.groups()
            label = f"{'-'.join(parts[:3])} {':'.join(parts[3:])}"
        made.append(Entry(run, label, _cohort(run, now, before) if now else None))
        before = now or before  # a run that failed early named no silo
    return made


Pair: TypeAlias = tuple[str, str, str]
"""Two runs that are compared: the later, the earlier, and the comparison's page."""


def render(use_case: str, entries: Sequence[Entry], pairs: Sequence[Pair]) -> str:
    """Return the index of all runs, oldest first, as HTML."""
    sections = _sections(entries[::-1], pairs) if entries else [_none_yet(use_case)]
    many = formats.verb(len(entries), "run", "runs")
    heading = f"{use_case}: {len(entries) or 'no'} {many}"
    return page.render(Page(f"Runs: {use_case}", heading, tuple(sections)))


def _none_yet(use_case: str) -> Section:
    steps = (
        f"Start a run: `fairsilo run {use_case}`, or `fairsilo kubeflow run "
        f"{use_case}` on a cluster.",
        f"Build this page again: `fairsilo report build {use_case}`.",
        "Runs of a cluster stand in its store: give `--store`, or set "
        "`FAIRSILO_STORE`. Runs that wrote elsewhere: give `--output`.",
    )
    return Section("none", "No runs yet", (Bullets(steps),))


def _sections(newest: Sequence[Entry], pairs: Sequence[Pair]) -> list[Section]:
    last, drawn = newest[0], newest[:DRAWN][::-1]
    verdict = [Text(f"The last run, {last.run.run_id}", href=last.href)]
    verdict += map(Text, last.run.reasons[:1])
    if last.before:
        verdict.append(Text("What changed since the run before", href=last.before))
    title = f"{last.sign} {last.verdict}: {last.label}"
    banner: Banner = "blessed" if last.run.is_blessed else "refused"
    order = f"Runs from the oldest to the newest, {len(drawn):,} of {len(newest):,}."
    linked = "Runs without a link have no page here."
    cohorts = [entry for entry in newest if entry.cohort]
    since = "Against the silos of the run before that named any."
    return [
        Section("last", title, tuple(verdict), banner, "Last run"),
        Section("trends", "Trends", (Text(order), *trends(drawn))),
        Section("runs", "Runs", (table("All runs", newest, RUNS, linked),)),
        Section(
            "cohort", "Cohort and drift", (table("Cohorts", cohorts, COHORTS, since),)
        ),
        Section("comparisons", "Compare two runs", (table("Pairs", pairs, PAIRS),)),
    ]


def _gates(entry: Entry, waived: bool) -> str:
    return ", ".join(g.gate for g in entry.run.refused if g.waived is waived)


def _number(value: float | None) -> Cell:
    return Cell(formats.metric(value), "" if value is None else value)


RUNS: tuple[Column, ...] = (
    Column("Run", lambda entry: Cell(entry.run.run_id, href=entry.href)),
    Column("Span", lambda entry: entry.run.span or formats.NONE),
    Column("Decision", "cell"),
    Column("First reason", lambda entry: "".join(entry.run.reasons[:1]), SENTENCE),
    Column("Gates failed", lambda entry: _gates(entry, False)),
    Column("Gates waived", lambda entry: _gates(entry, True)),
    Column("AUC", lambda entry: _number(entry.run.metrics.auc), NUMBER),
    Column("95 % interval", lambda entry: interval(entry.auc), NUMBER),
    Column("Worst silo", lambda e: e.run.worst_silo.silo if e.run.worst_silo else ""),
    Column("Its AUC", lambda entry: _number(_worst(entry)), NUMBER),
    Column("Gap", lambda entry: _number(entry.run.gap), NUMBER),
    Column("Changes", lambda e: Cell("compare" if e.before else "", href=e.before)),
)
PAIRS: tuple[Column, ...] = (
    Column("Run", lambda pair: pair[0]),
    Column("Compared with", lambda pair: Cell(pair[1], href=pair[2])),
)


def _worst(entry: Entry) -> float | None:
    return entry.run.worst_silo.auc if entry.run.worst_silo else None


def _named(silos: Sequence[str]) -> Cell:
    more = f" and {len(silos) - NAMED:,} more" if len(silos) > NAMED else ""
    return Cell(", ".join(silos[:NAMED]) + more, len(silos))


COHORTS: tuple[Column, ...] = (
    Column("Run", "run.run_id"),
    Column("Span", lambda entry: entry.run.span or formats.NONE),
    Column("Silos", "cohort.silos", NUMBER),
    Column("Admitted", "cohort.admitted", NUMBER),
    Column("With drift", "cohort.drifted", NUMBER),
    Column("Came", lambda entry: _named(entry.cohort.came)),
    Column("Left", lambda entry: _named(entry.cohort.left)),
    Column("Quarantined", lambda entry: _named(entry.cohort.quarantined)),
    Column("Train again", lambda entry: _named(entry.cohort.released)),
)


def trends(entries: Sequence[Entry]) -> list[Part]:
    """Return the charts of the runs, oldest first; a sentence for an empty one."""
    labels = [entry.label for entry in entries]
    zeros = [0.0] * len(entries)
    auc = [entry.run.metrics.auc for entry in entries]
    worst = [_worst(entry) for entry in entries]
    low = [entry.auc.low if entry.auc else None for entry in entries]
    high = [entry.auc.high if entry.auc else None for entry in entries]
    gap = [entry.run.gap for entry in entries]
    cohorts = [entry.cohort or Cohort(0, 0, 0) for entry in entries]
    drifted = [cohort.drifted for cohort in cohorts]
    up = [len(c.came) + len(c.released) for c in cohorts]
    down = [-len(c.left) - len(c.quarantined) for c in cohorts]
    audited = [
        [float(e.run.verdicts[it]) if e.run.verdicts else None for e in entries]
        for it in NAMES
    ]
    of_audit = Axes(labels, [0.0], *audited)
    helping, riding, untold = ((of_audit.line(it), of_audit.dots(it)) for it in audited)
    of_auc, of_gap = Axes(labels, auc, worst, low, high), Axes(labels, [0.0], gap)
    of_drift, of_cohort = Axes(labels, [0.0], drifted), Axes(labels, up, down)
    verdicts = [
        ("Blessed, waived" if e.run.waivers else VERDICTS[e.run.status][1], e.sign)
        for e in entries
    ]
    return [
        of_auc.signs("Decisions", verdicts),
        of_auc.drawing(
            "AUC over all rows with its 95 % interval, and of the worst silo (grey)",
            ("axis", of_auc.line(worst)),
            ("curve", of_auc.line(auc)),
            ("curve", of_auc.bars(low, high, 0)),
            ("bar", of_auc.dots(worst)),
            ("own", of_auc.dots(auc)),
        )
        or Text("No run has an AUC yet."),
        of_gap.drawing(
            "Gap between the best and the worst judged silo, in AUC",
            ("curve", of_gap.line(gap)),
            ("own", of_gap.dots(gap)),
        )
        or Text("No run has judged two silos yet."),
        of_drift.drawing(
            "Silos with findings of drift",
            ("own", of_drift.bars(zeros, drifted, of_drift.bar)),
        )
        or Text("No silo has drifted in any run."),
        of_cohort.drawing(
            "Silos that came or trained again (up), left or were quarantined (down)",
            ("own", of_cohort.bars(zeros, up, of_cohort.bar)),
            ("bar", of_cohort.bars(down, zeros, of_cohort.bar)),
        )
        or Text("No silo has come, left or been quarantined in any run."),
        of_audit.drawing(
            "Silos that contribute (blue), ride free (orange), can't be told (grey)",
            *(("axis", untold[0]), ("bar", untold[1])),
            *(("curve", helping[0]), ("own", helping[1])),
            *(("axis", riding[0]), ("bad", riding[1])),
        )
        or Text("No run has audited who contributes."),
    ]


def _cohort(
    run: Summary, now: Mapping[str, bool], before: Mapping[str, bool] | None
) -> Cohort:
    counts = Cohort(len(now), sum(now.values()), sum(map(_has_drifted, run.silos)))
    if before is None:
        return counts
    both = sorted(now.keys() & before.keys())
    return dataclasses.replace(
        counts,
        came=tuple(sorted(now.keys() - before.keys())),
        left=tuple(sorted(before.keys() - now.keys())),
        quarantined=tuple(s for s in both if before[s] and not now[s]),
        released=tuple(s for s in both if now[s] and not before[s]),
    )


def _has_drifted(silo: summary.Silo) -> bool:
    """Return whether a silo has a finding of drift, be it a reason or a note."""
    return any(DRIFT in s for s in findings.sentences([*silo.reasons, *silo.notes]))
