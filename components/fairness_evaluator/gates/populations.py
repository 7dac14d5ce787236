"""Finds whom a gate judges: the federation, silos or groups, with their figures.

A population is a function that takes the evidence and a query, and raises
`CannotJudge` where somebody has no figure. Only silos and groups with the minimum of
data are judged: of few rows nobody can say how well they are served.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from components.fairness_evaluator.gates import wording
from components.payloads.decision import Baseline, NotEvaluated
from components.payloads.manifest import EVAL
from components.payloads.minimum_data import MinimumData
from components.payloads.table import (
    BASELINE,
    CANDIDATE,
    CHANGE,
    OVERALL,
    ROWS,
    Figure,
    Slice,
    Table,
)
from components.scoring.intervals import Interval

EARLIER = "the earlier blessed model"
MORE_ROWS = (
    "see under the silos why; give them more labelled rows, or lower "
    "`gates.minimum_data`"
)
NO_VALUE = (
    "has no value",
    "see why under FairnessEvaluator on the run's page; add the rows or labels that "
    "are missing, choose another metric or threshold, leave that slice out of the "
    "gate's `slices`, or raise `gates.minimum_data` until such silos and groups have "
    "too few rows",
)
NO_INTERVAL = (
    "has no interval to judge by",
    "set `refuse_if: value` for this gate: it then judges the figure alone",
)


class CannotJudge(Exception):  # noqa: N818  no fault: the gate refuses with its words
    """The gate has nothing to judge by, and so refuses.

    Args:
        reason: What is missing, as the rest of a sentence.
        hint: What a person can do.
    """

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason, hint)
        self.reason = reason
        self.hint = hint


@dataclasses.dataclass(frozen=True)
class Query:
    """The figure that a gate judges.

    Attributes:
        metric: The metric.
        threshold: Its threshold, where it is a rate.
        models: The models whose figures are needed; the last one's is judged.
        slices: The slices whose groups are judged; all of them when empty.
        by_interval: Whether the interval is judged, and not the figure alone.
    """

    metric: str
    threshold: float | None = None
    models: tuple[str, ...] = (CANDIDATE,)
    slices: tuple[str, ...] = ()
    by_interval: bool = True

    @property
    def name(self) -> str:
        """The metric as people call it."""
        return wording.metric(self.metric, self.threshold)


class Member(NamedTuple):
    """One silo, group or federation that a gate judges."""

    name: str
    where: str  # of groups: `over all silos` or `in silo F9`
    figures: tuple[Figure, ...]  # of each of the query's models

    @property
    def figure(self) -> Figure:
        """The figure that is judged."""
        return self.figures[-1]

    @property
    def interval(self) -> Interval:
        """The figure with its 95 % interval; one without width where it has none."""
        value, low, high = self.figure.number, self.figure.low, self.figure.high
        if low is None or high is None:
            return Interval(value, value, value)
        return Interval(value, low, high)

    def __str__(self) -> str:
        """Return the name, and for groups where they are."""
        return f"{self.name} {self.where}".rstrip()


class Population(NamedTuple):
    """The members that a gate judges."""

    places: list[list[Member]]  # a list for those that may be compared with each other
    noun: str = ""  # what they are, where they are many
    note: str = ""  # who is left out, as sentences that follow others


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What all gates judge by.

    Attributes:
        figures: The tidy table.
        judged: Ids of the silos to judge, sorted.
        not_judged: The other silos, with reasons.
        minimum_data: From when on a silo or a group is judged.
        earlier: The earlier blessed model; None where there is none.
        earlier_is_gone: Whether its folder is missing, so that nothing was compared.
    """

    figures: Table
    judged: tuple[str, ...]
    not_judged: tuple[NotEvaluated, ...]
    minimum_data: MinimumData
    earlier: Baseline | None = None
    earlier_is_gone: bool = False

    @property
    def earlier_name(self) -> str:
        """The earlier blessed model for people; it need not be the one in service."""
        span = self.earlier.span if self.earlier else ""
        return f"the model of {span}" if span else EARLIER

    @property
    def num_silos(self) -> int:
        """How many silos there are, judged or not."""
        return len(self.judged) + len(self.not_judged)

    @property
    def note(self) -> str:
        """How many silos are judged, as a sentence; empty where all are."""
        if not self.not_judged:
            return ""
        return (
            f" Judged: {len(self.judged):,} of {self.num_silos:,} silos; the others "
            "have too few rows or are left out."
        )

    def members(self, slices: Iterable[Slice], query: Query) -> list[Member]:
        """Return the federation, silos or groups that slices are, with their figures.

        Raises:
            CannotJudge: One has no figure of a model, or no interval to judge by; or
                the earlier model's folder is gone.
        """
        gone = self.earlier if self.earlier_is_gone else None
        if gone and BASELINE in query.models:
            raise CannotJudge(
                f"the folder of {self.earlier_name} (digest {gone.digest[:12]}) is "
                f"gone, looked for at {gone.uri}, so nothing could be compared with it",
                "put that folder back, from a backup or from where it was moved to, "
                "and run again: the next evaluation compares with it",
            )
        found: list[Member] = []
        lacks: dict[tuple[str, tuple[str, str]], list[str]] = {}
        for of in slices:
            figures = [
                self._figure(of, query.metric, query.threshold, model)
                for model in query.models
            ]
            member = Member(*_names(of), tuple(filter(None, figures)))
            found.append(member)
            for model, figure in zip(query.models, figures, strict=True):
                is_judged = query.by_interval and model == query.models[-1]
                if figure is None or not figure.is_number:
                    note = f" ({figure.note})" if figure and figure.note else ""
                    lacks.setdefault((model, NO_VALUE), []).append(f"{member}{note}")
                elif is_judged and None in (figure.low, figure.high):
                    lacks.setdefault((model, NO_INTERVAL), []).append(str(member))
        if lacks:
            (model, (what, hint)), whom = next(iter(lacks.items()))
            name = {
                BASELINE: f"{query.name} of {self.earlier_name}",
                CHANGE: f"the change of {query.name} against {self.earlier_name}",
            }.get(model, query.name)
            raise CannotJudge(f"{name} {what} for {wording.listed(whom)}", hint)
        return found

    def groups(
        self, query: Query, *, inside: bool
    ) -> tuple[dict[tuple[str, str], list[Slice]], int]:
        """Return the groups with enough data by silo (empty: all) and slice, sorted.

        Args:
            query: Which slices are asked for.
            inside: Whether the groups inside judged silos are returned too.

        Returns:
            The groups, and how many others have too few rows.
        """
        silos = {"", *(self.judged if inside else ())}
        found: dict[tuple[str, str], list[Slice]] = {}
        few = 0
        for of in sorted(self.figures.slices, key=dataclasses.astuple):
            is_asked = not query.slices or of.column in query.slices
            if of.group and of.silo in silos and is_asked:
                if too_little(self._figure(of, ROWS), self.minimum_data):
                    few += 1
                else:
                    found.setdefault((of.silo, of.column), []).append(of)
        return found, few

    def _figure(
        self,
        of: Slice,
        metric: str,
        threshold: float | None = None,
        model: str = CANDIDATE,
    ) -> Figure | None:
        return self.figures.metric(
            metric,
            silo=of.silo,
            slice=of.column,
            group=of.group,
            threshold=threshold,
            model=model,
        )


def _names(of: Slice) -> tuple[str, str]:
    """Return the name of a slice and, for a group, where it is."""
    silo = f"silo {wording.name(of.silo)}"
    if of.group:
        where = f"in {silo}" if of.silo else "over all silos"
        return f"{of.column} {wording.name(of.group)}", where
    return (silo if of.silo else "the federation"), ""


def federation(evidence: Evidence, query: Query) -> Population:
    """Return the federation: all rows of all admitted silos.

    Raises:
        CannotJudge: A figure is missing, or two models scored different rows.
    """
    [whole] = evidence.members([OVERALL], query)
    now, *others = whole.figures
    if others and others[0].rows != now.rows:
        raise CannotJudge(
            f"{evidence.earlier_name} could score {others[0].rows:,} rows and the "
            f"candidate {now.rows:,}, so they can't be compared",
            "see under the silos of FairnessEvaluator which could not be scored",
        )
    return Population([[whole]])


def silos(evidence: Evidence, query: Query) -> Population:
    """Return each judged silo.

    Raises:
        CannotJudge: Nobody is judged, or a judged silo has no such figure.
    """
    if not evidence.judged:
        raise CannotJudge(
            f"0 of {evidence.num_silos:,} silos could be judged", MORE_ROWS
        )
    members = evidence.members(map(Slice, evidence.judged), query)
    return Population([members], "silos", evidence.note)


def federation_silos_and_groups(evidence: Evidence, query: Query) -> Population:
    """Return the federation, each judged silo, and each group over all silos.

    Raises:
        CannotJudge: One of them has no such figure.
    """
    [whole], *_ = federation(evidence, query)
    [single], _, note = silos(evidence, query)
    found, few = evidence.groups(query, inside=False)
    groups = evidence.members(itertools.chain(*found.values()), query)
    return Population([[*whole, *single, *groups]], "figures", _few(few) + note)


def groups_over_all_silos(evidence: Evidence, query: Query) -> Population:
    """Return the groups of each slice over all silos.

    Raises:
        CannotJudge: A slice asked for, or else every slice, has no two groups with
            enough data; or one of several groups has no such figure.
    """
    return _groups(evidence, query, inside=False)


def groups_everywhere(evidence: Evidence, query: Query) -> Population:
    """Return the groups of each slice, over all silos and inside each judged one.

    Raises:
        CannotJudge: See `groups_over_all_silos`.
    """
    places, noun, note = _groups(evidence, query, inside=True)
    inside = len({place[0].figure.silo for place in places} - {""})
    where = f"inside {inside:,} of {len(evidence.judged):,} judged silos"
    note = f" Compared over all silos and {where}.{note}{evidence.note}"
    return Population(places, noun, note)


def _groups(evidence: Evidence, query: Query, *, inside: bool) -> Population:
    """Return the groups of each place that has two to compare."""
    found, few = evidence.groups(query, inside=inside)
    several = {place: groups for place, groups in found.items() if len(groups) > 1}
    asked = query.slices or evidence.figures.columns
    without = [column for column in asked if ("", column) not in several]
    if (without and query.slices) or len(without) == len(asked):
        raise CannotJudge(
            f"no two groups of {', '.join(without) or 'any slice'} have enough rows "
            "over all silos",
            "name sensitive columns in `evaluation.slices`, leave that slice out of "
            "the gate's `slices`, or lower `gates.minimum_data`",
        )
    members = evidence.members(itertools.chain(*several.values()), query)
    places = itertools.groupby(members, lambda one: (one.figure.silo, one.figure.slice))
    note = (
        f" Fewer than two groups to compare: {', '.join(without)}." if without else ""
    )
    return Population([[*each] for _, each in places], "groups", _few(few) + note)


def _few(groups: int) -> str:
    return f" Groups with too few rows: {groups:,}." if groups else ""


def number_of_silos(evidence: Evidence, _: Query) -> Population:
    """Return one member whose figure is the number of judged silos."""
    number = len(evidence.judged)
    figure = Figure(
        *(CANDIDATE, EVAL, "", "", "", ROWS), value=number, low=number, high=number
    )
    name = f"{number:,} of {evidence.num_silos:,} silos"
    return Population([[Member(name, "", (figure,))]])


def not_judged(
    figures: Table,
    silos: Iterable[str],
    left_out: Mapping[str, str],
    minimum_data: MinimumData,
) -> list[NotEvaluated]:
    """Return the silos that are not judged, with reasons, sorted.

    Args:
        figures: The table.
        silos: Ids of all silos.
        left_out: Reason by silo that is quarantined or could not be evaluated.
        minimum_data: From when on a silo is judged.
    """
    rows = {figure.silo: figure for figure in figures.by_silo(ROWS)}
    reasons = {
        silo: left_out.get(silo) or too_little(rows.get(silo), minimum_data)
        for silo in sorted(silos)
    }
    return [NotEvaluated(silo, reason) for silo, reason in reasons.items() if reason]


def too_little(rows: Figure | None, minimum_data: MinimumData) -> str:
    """Return why a silo or a group can't be judged; empty when it can."""
    if rows is None:
        return "it has no labelled evaluation rows"
    return minimum_data.missing(rows.rows, rows.positives)
