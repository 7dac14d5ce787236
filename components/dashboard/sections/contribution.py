"""Who contributes, who rides free, and what can't be told: the run's audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from components.dashboard import formats
from components.dashboard.report import Report
from components.dashboard.section import (
    NUMBER,
    SENTENCE,
    Cell,
    Chart,
    Column,
    KeyFigure,
    KeyFigures,
    Mood,
    Note,
    Part,
    Section,
    Text,
    table,
)
from components.payloads import contribution as audit
from components.payloads.contribution import ContributionReport, SiloContribution
from components.payloads.findings import grouped

VERDICTS = (
    "A silo rides free only where it surely gains, and this audit and one of an "
    "earlier span found the same hard sign in its rows or updates. It contributes "
    "where it surely helps others. Else the audit can't tell, and says what would. "
    "Harm alone is no sign, and no verdict excludes anybody."
)
UNIT = (
    "Contributions are in thousandths of a nat: by how much the silo's updates let the "
    "log loss of the other silos' rows fall, with 95 % intervals."
)
MOODS: dict[str, Mood] = {audit.CONTRIBUTES: "good", audit.RIDES: "bad"}
MARKS = tuple(zip(("better", "worse", "unsure"), audit.NAMES.values(), strict=True))
MAPPED = 60  # most silos in the map of who helps whom


def section(report: Report) -> Section:
    """Return the verdicts, with what they rest on."""
    parts = tuple(_parts(report.contribution))
    return Section("contribution", "Who contributes", parts)


def _parts(found: ContributionReport) -> Iterator[Part]:
    if not found.silos:
        yield Text(f"No audit was made: {found.refusal}.")
        return
    yield Text(VERDICTS)
    counts = found.counts.items()
    yield KeyFigures(
        tuple(KeyFigure(audit.NAMES[it].capitalize(), f"{n:,}") for it, n in counts)
    )
    if any(one.contribution and one.gain for one in found.silos):
        note = "Right of the line a silo helps the others, above it the others help it."
        yield Chart("contributions", "Contribution against benefit", note, MARKS)
    if any(one.helps for one in found.silos):
        note = (
            "Blue: leaving the silo of the row out would let the loss of the column's "
            "silo rise, so it helps; orange: it hurts. + and \N{MINUS SIGN} are sure, "
            "for the whole map; the rest may be chance. Silos that help and are helped "
            f"alike stand together. Of more than {MAPPED} silos the map has those that "
            "contribute most."
        )
        yield Chart("helps", "Who helps whom", note)
    yield from tables(found)


def tables(found: ContributionReport) -> Iterator[Part]:
    """Yield verdicts, signals and shares with how they were found, the worst first."""
    numbers = ", ".join(map(str, found.rounds)) or "none"
    by = f"; contributions by `{found.method}`" if found.method else ""
    yield Text(f"Audited rounds: {numbers}{by}. {UNIT}")
    if found.unavailable:
        lacks = (
            f"{name.capitalize()}: {why}" for name, why in found.unavailable.items()
        )
        yield Note("Signals that this audit lacks", tuple(lacks))
    ranked = found.worst_first
    yield table("Verdicts", ranked, COLUMNS)
    caption = (
        "Distinct and shared are shares of its rows: those that differ from one "
        "another, and those that one other silo holds too. Rank z: how surely the best "
        "model known ranks its labels; below 2 it may be chance. Echo and repeat: "
        "cosine of its updates to what it was sent, and to its own of the round "
        "before. Rank: by contribution, the best and the worst that may be true."
    )
    yield table("Signals", ranked, SIGNALS, caption)
    caption = (
        "Shares of votes, cost or credit in proportion to contributions above 0, by "
        "whose loss counts: all rows' mean, the worst tenth of the silos, or how far "
        "that tenth lies above the mean. They are to talk about: nothing uses them."
    )
    sharing = [one for one in ranked if any(one.shares.values())]
    yield table("How the benefit could be shared", sharing, SHARES, caption)


def _numbers(
    heading: str, attribute: str, form: Callable[[Any], str], key: str = ""
) -> Column:
    """Return a column of numbers as `form` writes them, last in any order if none."""

    def cell(one: SiloContribution) -> Cell:
        found = getattr(one, attribute)
        found = found.get(key) if key else found
        if found is None:
            return Cell(formats.NONE, "")
        number = found[0] if isinstance(found, tuple) else found
        return Cell(form(found), float(f"{number:.4g}"))

    return Column(heading, cell, NUMBER)


def _verdict(one: SiloContribution) -> Cell:
    return Cell(audit.NAMES[one.verdict], mood=MOODS.get(one.verdict, ""))


def _why(one: SiloContribution) -> Cell:
    return Cell("", findings=grouped(one.evidence))


def _places(ranks: tuple[int, int]) -> str:
    """Return the ranks that may be true: `3 to 9`."""
    return " to ".join(map(str, dict.fromkeys(ranks)))


SILO, ROWS = Column("Silo", "silo"), Column("Rows", "rows", NUMBER)
COLUMNS = (
    SILO,
    Column("Verdict", _verdict),
    _numbers("Contribution", "contribution", formats.effect),
    _numbers("Gain (AUC)", "gain", formats.effect),
    Column("What it rests on, and what to do", _why, SENTENCE),
)
SIGNALS = (
    SILO,
    ROWS,
    _numbers("Distinct", "measures", formats.share, "distinct"),
    _numbers("Shared", "measures", formats.share, "shared"),
    _numbers("Rank z", "measures", "{:.1f}".format, "rank_z"),
    _numbers("Echo", "measures", "{:.2f}".format, "echo"),
    _numbers("Repeat", "measures", "{:.2f}".format, "repeat"),
    _numbers("Per 1,000 rows", "per_thousand", formats.effect),
    _numbers("Rank", "ranks", _places),
)
SHARES = (
    SILO,
    ROWS,
    _numbers("By the mean", "shares", formats.share, audit.MEAN),
    _numbers("By the worst tenth", "shares", formats.share, audit.WORST_TENTH),
    _numbers("By the gap", "shares", formats.share, audit.GAP),
)
