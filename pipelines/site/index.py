"""The site's index: runs newest first, trends, cohort."""

from __future__ import annotations

import dataclasses
import itertools
import urllib.parse
from collections.abc import Mapping, Sequence

from pipelines import summary
from pipelines.run_store import RUNNING
from pipelines.site import pages
from pipelines.site.trends import Entry

FILE_NAME = "index.html"
DIFF_FILE_NAME = "diff.html"
NO_PAGE = "its page is gone or never was"
DRAWN = 60  # runs in the trends: more would not be told apart
NAMED = 6  # silos named in a cell; more are counted


@dataclasses.dataclass(frozen=True)
class Word:
    """A decision in words, with a sign that needs no colour."""

    sign: str
    text: str


WAIVED = "Blessed with waivers"  # as the trends have it; words tell of whom
WORDS = {
    summary.BLESSED: Word("✓", "Blessed"),
    summary.INCOMPLETE: Word("⚠", "Blessed, incomplete"),
    summary.NOT_BLESSED: Word("✗", "Not blessed"),
    summary.BELOW_QUORUM: Word("✗", "Nothing was trained"),
    summary.FAILED: Word("✗", "Failed"),
    summary.STOPPED: Word("✗", "Stopped"),
    RUNNING: Word("…", "Running"),
}


def word(entry: Entry) -> Word:
    """Return a run's decision in words, with who let it pass."""
    if entry.waivers:
        return Word("⚑", f"{WORDS[entry.status].text}, {entry.waivers}")
    return WORDS[entry.status]


@dataclasses.dataclass(frozen=True)
class Line:
    """A run in the index.

    Attributes:
        entry: What is told of it.
        href: Its page, from the index; empty where there is none.
        before: The comparison with the run before; empty where there is none.
    """

    entry: Entry
    href: str
    before: str

    @property
    def word(self) -> Word:
        """The decision in words."""
        return word(self.entry)

    @property
    def mood(self) -> str:
        """How the decision is marked."""
        if self.entry.waivers and self.entry.status == summary.BLESSED:
            return "waived"
        return "good" if self.entry.status == summary.BLESSED else "bad"

    @property
    def name(self) -> str:
        """What tells the run from all others, for a heading."""
        joint = ", " if self.entry.span else " "
        return joint.join(self.entry.label)

    @property
    def lacks(self) -> str:
        """Why there is no page, in a few words."""
        return "runs" if self.entry.status == RUNNING else NO_PAGE


def render(
    use_case: str,
    entries: Sequence[Entry],
    hrefs: Mapping[str, str],
    comparable: Sequence[str],
) -> str:
    """Return the index as HTML.

    Args:
        use_case: Name of the use case.
        entries: All runs, oldest first.
        hrefs: The pages of the runs that have one, from the index.
        comparable: Runs that the comparison holds, newest first.
    """
    if not entries:
        return pages.render("empty.html.j2", use_case=use_case)
    earlier = dict(itertools.pairwise(comparable))
    lines = [
        Line(
            entry,
            hrefs.get(entry.run_id, ""),
            diff_link(earlier[entry.run_id], entry.run_id)
            if entry.run_id in earlier
            else "",
        )
        for entry in reversed(entries)
    ]
    return pages.render(
        "index.html.j2",
        scripts=pages.interactive("index.js"),
        data=[_point(line) for line in lines[:DRAWN][::-1]],
        use_case=use_case,
        lines=lines,
        drawn=DRAWN,
        named=NAMED,
        has_spans=any(entry.span for entry in entries),
        comparable=len(comparable),
    )


def diff_link(before: str, after: str) -> str:
    """Return the address of a comparison, from the index."""
    fragment = urllib.parse.urlencode({"a": before, "b": after})
    return f"{DIFF_FILE_NAME}#{fragment}"


def _point(line: Line) -> dict[str, object]:
    """Return what the trends draw of a run."""
    entry, cohort = line.entry, line.entry.cohort
    return {
        "id": entry.run_id,
        "label": entry.label,
        "name": line.name,
        "word": line.word.text,
        "decision": WAIVED if entry.waivers else line.word.text,
        "auc": entry.auc,
        "low": entry.auc_low,
        "high": entry.auc_high,
        "worst": entry.worst_auc,
        "worstSilo": entry.worst_silo,
        "gap": entry.gap,
        "silos": cohort and cohort.silos,
        "drifted": cohort and cohort.drifted,
        "came": cohort and len(cohort.came),
        "left": cohort and len(cohort.left),
        "quarantined": cohort and len(cohort.quarantined),
        "released": cohort and len(cohort.released),
    }
