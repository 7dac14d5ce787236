"""Finds whom a gate judges: the federation, silos or groups, with their figures.

Only silos and groups with the minimum of data are judged: of few rows nobody can say
how well they are served.
"""

from __future__ import annotations

import dataclasses
import itertools
import operator
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from components.fairness_evaluator.gates import wording
from components.payloads.decision import Baseline, NotEvaluated
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL
from components.payloads.minimum_data import MinimumData
from components.payloads.table import (
    BASELINE,
    CANDIDATE,
    CHANGE,
    GAIN,
    OVERALL,
    ROWS,
    Figure,
    Slice,
    Table,
)
from components.scoring.intervals import of_figure

Kind = Literal["federation", "silos", "groups", "groups in silos", "number of silos"]
THE_BASELINE = "the baseline"
BY_PLACE = operator.attrgetter("silo", "column", "group")
NO_VALUE = (
    "has no value",
    "see why under FairnessEvaluator on the run's page; add the rows or labels that "
    "are missing, choose another metric or threshold, leave that slice out of the "
    "gate's `slices`, or raise `gates.minimum_data` until such silos and groups have "
    "too few rows",
)
NO_GAIN = (
    "is not known",
    "set `rows.choose_share`, such as 0.15, so that each silo also trains a model of "
    "its own rows alone; where it is set, see under SiloBenchmark why these silos have "
    "none, or raise `gates.minimum_data` until they have too few rows",
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
    """The figures that a gate judges."""

    population: tuple[Kind, ...]
    metric: str
    threshold: float | None = None  # where the metric is a rate
    models: tuple[str, ...] = (CANDIDATE,)  # the last one's figure is judged
    slices: tuple[str, ...] = ()  # whose groups are judged; all when empty
    by_interval: bool = True  # and not by the figure alone
    in_pairs: bool = False  # two are compared with each other

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
        value = self.figure.number
        return of_figure(self.figure) or Interval(value, value, value)

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
    """What all gates judge by."""

    figures: Table
    judged: tuple[str, ...]  # ids of silos, sorted
    not_judged: tuple[NotEvaluated, ...]
    minimum_data: MinimumData
    baseline: Baseline | None = None
    baseline_is_gone: bool = False  # its folder is, so nothing was compared with it

    def population(self, query: Query) -> Population:
        """Return whom a query asks for, with their figures.

        Raises:
            CannotJudge: Nobody is there to judge, or somebody has no such figure.
        """
        kinds, num_judged = query.population, len(self.judged)
        num_silos = num_judged + len(self.not_judged)
        judged = f"{num_judged:,} of {num_silos:,} silos"
        if "number of silos" in kinds:
            ends = (num_judged,) * 3
            figure = Figure(CANDIDATE, EVAL, "", "", "", ROWS, None, *ends)
            return Population([[Member(judged, "", (figure,))]])
        places: list[list[Slice]] = [[OVERALL]] if "federation" in kinds else []
        note = ""
        if "silos" in kinds:
            if num_judged < 1 + query.in_pairs:
                raise CannotJudge(
                    f"only {judged} could be judged",
                    "see under the silos why; give them more labelled rows, or lower "
                    "`gates.minimum_data`",
                )
            places.append([Slice(silo) for silo in self.judged])
        if "groups" in kinds:
            groups, note = self._groups(query)
            places += groups
        if self.not_judged and {"silos", "groups in silos"} & {*kinds}:
            note += f" Judged: {judged}; the others have too few rows or are left out."
        members = iter(self._members(itertools.chain(*places), query))
        return Population(
            [[*itertools.islice(members, len(place))] for place in places],
            "figures" if "federation" in kinds else kinds[0],
            note,
        )

    def _groups(self, query: Query) -> tuple[list[list[Slice]], str]:
        """Return the groups with enough data by silo and slice, and who is left out."""
        inside = "groups in silos" in query.population
        silos = {"", *(self.judged if inside else ())}
        found: dict[tuple[str, str], list[Slice]] = {}
        note, few = "", 0
        for of in sorted(self.figures.slices, key=BY_PLACE):
            is_asked = not query.slices or of.column in query.slices
            if of.group and of.silo in silos and is_asked:
                if _too_little(self._figure(of, ROWS), self.minimum_data):
                    few += 1
                else:
                    found.setdefault((of.silo, of.column), []).append(of)
        if query.in_pairs:
            found = {place: groups for place, groups in found.items() if groups[1:]}
            asked = query.slices or self.figures.columns
            ungrouped = [column for column in asked if ("", column) not in found]
            if (ungrouped and query.slices) or len(ungrouped) == len(asked):
                raise CannotJudge(
                    f"no two groups of {', '.join(ungrouped) or 'any slice'} have "
                    "enough rows over all silos",
                    "name sensitive columns in `evaluation.slices`, leave that slice "
                    "out of the gate's `slices`, or lower `gates.minimum_data`",
                )
            if ungrouped:
                note = f" Fewer than two groups to compare: {', '.join(ungrouped)}."
        if few:
            note = f" Groups with too few rows: {few:,}.{note}"
        if inside:
            num = len({silo for silo, _ in found if silo})
            of_all = f"{num:,} of {len(self.judged):,} judged silos"
            note = f" Compared over all silos and inside {of_all}.{note}"
        return list(found.values()), note

    def _members(self, slices: Iterable[Slice], query: Query) -> list[Member]:
        """Return the federation, silos or groups that slices are, with their figures.

        Raises:
            CannotJudge: One has no figure of a model, or no interval to judge by; the
                models scored different rows; the baseline's folder is gone.
        """
        gone = self.baseline if self.baseline_is_gone else None
        if gone and BASELINE in query.models:
            raise CannotJudge(
                f"the folder of {self._baseline_name} (digest {gone.digest[:12]}) is "
                f"gone, looked for at {gone.uri}, so nothing could be compared with it",
                "put that folder back, from a backup or from where it was moved to, "
                "and run again: the next evaluation compares with it",
            )
        found: list[Member] = []
        lacks: dict[tuple[str, str, str], list[str]] = {}
        for of in slices:
            figures = [
                self._figure(of, query.metric, query.threshold, model)
                for model in query.models
            ]
            member = Member(*_names(of), tuple(filter(None, figures)))
            found.append(member)
            for model, figure in zip(query.models, figures, strict=True):
                lack, note = _lack(figure, query, model)
                if lack:
                    lacks.setdefault((model, *lack), []).append(f"{member}{note}")
        if lacks:
            (model, what, hint), whom = next(iter(lacks.items()))
            name = {
                BASELINE: f"{query.name} of {self._baseline_name}",
                CHANGE: f"the change of {query.name} against {self._baseline_name}",
            }.get(model, query.name)
            raise CannotJudge(f"{name} {what} for {wording.listed(whom)}", hint)
        for member in found:
            now, *others = member.figures
            if others and others[0].rows != now.rows:
                raise CannotJudge(
                    f"{self._baseline_name} could score {others[0].rows:,} rows of "
                    f"{member} and the candidate {now.rows:,}, so they can't be "
                    "compared",
                    "see under the silos of FairnessEvaluator which could not be "
                    "scored",
                )
        return found

    def _figure(
        self,
        of: Slice,
        metric: str,
        threshold: float | None = None,
        model: str = CANDIDATE,
    ) -> Figure | None:
        where = {"silo": of.silo, "slice": of.column, "group": of.group}
        return self.figures.metric(metric, **where, threshold=threshold, model=model)

    @property
    def _baseline_name(self) -> str:
        # By its span: it need not be the model in service.
        span = self.baseline.span if self.baseline else ""
        return f"the model of {span}" if span else THE_BASELINE


def _lack(
    figure: Figure | None, query: Query, model: str
) -> tuple[tuple[str, str] | None, str]:
    """Return what a figure lacks to be judged with a hint, and the figure's note."""
    if figure is None or not figure.is_number:
        note = f" ({figure.note})" if figure and figure.note else ""
        return NO_GAIN if query.metric == GAIN else NO_VALUE, note
    is_judged = query.by_interval and model == query.models[-1]
    return NO_INTERVAL if is_judged and None in (figure.low, figure.high) else None, ""


def _names(of: Slice) -> tuple[str, str]:
    """Return the name of a slice and, for a group, where it is."""
    silo = f"silo {wording.name(of.silo)}"
    if of.group:
        where = f"in {silo}" if of.silo else "over all silos"
        return f"{of.column} {wording.name(of.group)}", where
    return (silo if of.silo else "the federation"), ""


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
        minimum_data: Data a silo needs to be judged.
    """
    rows = {figure.silo: figure for figure in figures.by_silo(ROWS)}
    reasons = {
        silo: left_out.get(silo) or _too_little(rows.get(silo), minimum_data)
        for silo in sorted(silos)
    }
    return [NotEvaluated(silo, reason) for silo, reason in reasons.items() if reason]


def _too_little(rows: Figure | None, minimum_data: MinimumData) -> str:
    if rows is None:
        return "it has no labelled evaluation rows"
    missing = minimum_data.missing(rows.rows, rows.positives)
    if not missing and rows.positives is None:  # as of the group that joins small ones
        return "the counts of its labels are withheld"
    return missing
