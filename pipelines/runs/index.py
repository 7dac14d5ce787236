"""The site's index: runs newest first, trends, cohort."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence

from components.payloads import findings
from pipelines import summary
from pipelines.runs import pages
from pipelines.runs.charts import Axes, Chart
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
    """The silos of a run, and what became of them since the run before.

    Attributes:
        silos: How many there are.
        admitted: How many of them train.
        drifted: How many have a finding of drift.
        came: Silos that the run before did not have; empty for the first run.
        left: Silos that this run has no more.
        quarantined: Silos that trained in the run before and don't in this one.
        released: Silos that train again.
    """

    silos: int
    admitted: int
    drifted: int
    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    quarantined: tuple[str, ...] = ()
    released: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Entry:
    """One run in the index.

    Attributes:
        run: Its summary.
        label: What tells it from all others, in up to two parts: its span, with its
            number where others have that span too; without a span when it started, or
            its id.
        cohort: Its silos; None when the run named none.
        auc_low: Lower end of the 95 % interval of its AUC.
        auc_high: Upper end.
        href: Its page, from the index; empty where there is none.
        before: The comparison with the run before; empty where there is none.
    """

    run: Summary
    label: tuple[str, ...]
    cohort: Cohort | None
    auc_low: float | None = None
    auc_high: float | None = None
    href: str = ""
    before: str = ""

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
    def mood(self) -> str:
        """How the decision is marked."""
        blessed = self.run.status == summary.BLESSED
        return ("waived" if self.run.waivers else "good") if blessed else "bad"

    @property
    def name(self) -> str:
        """What tells the run from all others, for a heading."""
        return (", " if self.run.span else " ").join(self.label)


def entries(summaries: Sequence[Summary]) -> list[Entry]:
    """Return an entry for each run, in the same order.

    Args:
        summaries: Of all runs, oldest first.
    """
    many = collections.Counter(run.span for run in summaries)
    seen: collections.Counter[str] = collections.Counter()
    before: dict[str, bool] | None = None
    made = []
    for run in summaries:
        now = {silo.silo: silo.admitted for silo in run.silos}
        seen[run.span] += 1
        label = _label(run)
        if run.span and many[run.span] > 1:
            label = (run.span, f"run {seen[run.span]}")
        made.append(Entry(run, label, _cohort(run, now, before) if now else None))
        before = now or before  # a run that failed early named no silo
    return made


def render(use_case: str, entries: Sequence[Entry], num_compared: int) -> str:
    """Return the index as HTML.

    Args:
        use_case: Name of the use case.
        entries: All runs, oldest first.
        num_compared: Runs that are compared with each other.
    """
    if not entries:
        return pages.render("empty.html.j2", use_case=use_case)
    return pages.render(
        "index.html.j2",
        use_case=use_case,
        entries=entries[::-1],
        trends=trends(entries[-DRAWN:]),
        drawn=DRAWN,
        named=NAMED,
        has_spans=any(entry.run.span for entry in entries),
        num_compared=num_compared,
    )


def trends(entries: Sequence[Entry]) -> list[Chart | str]:
    """Return the charts of the runs, oldest first; a sentence for an empty one."""
    labels = [entry.label for entry in entries]
    titles = [f"{entry.run.run_id}: {entry.verdict}" for entry in entries]
    zeros = [0.0] * len(entries)

    def axes(height: int, *values: Sequence[float | None]) -> Axes:
        return Axes(labels, [v for each in values for v in each], titles, height)

    auc = [entry.run.metrics.auc for entry in entries]
    worst = [e.run.worst_silo.auc if e.run.worst_silo else None for e in entries]
    low, high = [e.auc_low for e in entries], [e.auc_high for e in entries]
    of_auc = axes(190, auc, worst, low, high)
    gap = [entry.run.gap for entry in entries]
    of_gap = axes(150, [0.0], gap)
    cohorts = [entry.cohort or Cohort(0, 0, 0) for entry in entries]
    drifted = [cohort.drifted for cohort in cohorts]
    of_drift = axes(130, [0.0], drifted)
    up = [len(c.came) + len(c.released) for c in cohorts]
    down = [-len(c.left) - len(c.quarantined) for c in cohorts]
    of_cohort = axes(150, up, down)
    return [
        _decisions(entries, axes),
        of_auc.chart(
            "AUC overall with its 95 % interval, and of the worst silo (dashed)",
            [
                *of_auc.bars(low, high, "interval"),
                *of_auc.dots(worst, "hollow"),
                *of_auc.dots(auc, "mark"),
            ],
            of_auc.line(worst, "bad"),
            of_auc.line(auc, "mark"),
        )
        if any(value is not None for value in (*auc, *worst))
        else "No run has an AUC yet.",
        of_gap.chart(
            "Gap between the best and the worst judged silo, in AUC",
            of_gap.dots(gap, "mark"),
            of_gap.line(gap, "mark"),
        )
        if any(value is not None for value in gap)
        else "No run has judged two silos yet.",
        of_drift.chart(
            "Silos with findings of drift", of_drift.bars(zeros, drifted, "bar")
        )
        if any(drifted)
        else "No silo has drifted in any run.",
        of_cohort.chart(
            "Silos that came or trained again (up), left or were quarantined (down)",
            of_cohort.bars(zeros, up, "bar") + of_cohort.bars(down, zeros, "bar bad"),
        )
        if any(up) or any(down)
        else "No silo has come, left or been quarantined in any run.",
    ]


def _decisions(entries: Sequence[Entry], axes: Callable[..., Axes]) -> Chart:
    """Return the chart of the decisions, a row a verdict."""
    waived = "Blessed, waived"
    names = [waived if e.run.waivers else VERDICTS[e.run.status][1] for e in entries]
    order = [*(words for _, words in VERDICTS.values()), waived]
    present = [name for name in order if name in names]
    heights = {name: 18.0 + 24 * place for place, name in enumerate(present)}
    frame = axes(60 + 24 * len(present))
    marks = [
        dataclasses.replace(mark, y=y, y2=y, kind=entry.mood, sign=entry.sign)
        for mark, entry, y in zip(
            frame.dots([0.0] * len(entries), ""),
            entries,
            map(heights.__getitem__, names),
            strict=True,
        )
    ]
    rows = tuple((height, name) for name, height in heights.items())
    return dataclasses.replace(frame.chart("Decisions", marks), y_labels=rows)


def _label(run: Summary) -> tuple[str, ...]:
    """Return a run's label where no other has its span."""
    started = STARTED.match(run.run_id)
    if run.span or not started:
        return (run.span or run.run_id,)
    parts = started.groups()
    return "-".join(parts[:3]), ":".join(parts[3:])


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
