"""Finds the figures that a gate judges: of the federation, of silos, of groups.

A population takes the evidence and a query, and returns the members to judge, or
raises `CannotJudge` where one of them has no figure. Only silos and groups with the
minimum of data are judged: of few rows nobody can say how well they are served.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from components.fairness_evaluator.gates import wording
from components.payloads.decision import Baseline, NotEvaluated
from components.payloads.manifest import EVAL
from components.payloads.minimum_data import MinimumData
from components.payloads.table import BASELINE, CANDIDATE, CHANGE, SILO, Figure, Table

EARLIER = "the earlier blessed model"
SHORT = 12  # characters of a digest
MORE_ROWS = (
    "see under the silos why; give them more labelled rows, or lower "
    "`gates.minimum_data`"
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
        is_change: Whether the change against the earlier blessed model is judged.
        slices: The slices whose groups are judged; all of them when empty.
    """

    metric: str
    threshold: float | None = None
    is_change: bool = False
    slices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The metric as people call it."""
        return wording.metric(self.metric, self.threshold)

    @property
    def models(self) -> tuple[str, ...]:
        """The models whose figures are needed; the last one's is judged."""
        return (CANDIDATE, BASELINE, CHANGE) if self.is_change else (CANDIDATE,)


class Member(NamedTuple):
    """One silo, group or federation that a gate judges.

    Attributes:
        name: Its name for people, such as `silo F9`.
        figures: Its figure of each of the query's models.
        where: Of groups, `over all silos` or `in silo F9`.
    """

    name: str
    figures: tuple[Figure, ...]
    where: str = ""

    @property
    def figure(self) -> Figure:
        """The figure that is judged."""
        return self.figures[-1]


class Population(NamedTuple):
    """The members that a gate judges.

    Attributes:
        places: Members that may be compared with each other, one list a place.
        note: Who is left out, as sentences that follow others; or empty.
    """

    places: list[list[Member]]
    note: str = ""


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
    def note(self) -> str:
        """How many silos are not judged, as a sentence that may follow; or empty."""
        others = len(self.not_judged)
        if not others:
            return ""
        has, is_ = ("has", "is") if others == 1 else ("have", "are")
        return (
            f" Judged: {wording.count(len(self.judged), 'silo')}; {others:,} {has} too "
            f"few rows or {is_} left out."
        )

    def check_earlier(self) -> None:
        """Check that the earlier blessed model could be compared with.

        Raises:
            CannotJudge: Its folder is gone.
        """
        if self.earlier and self.earlier_is_gone:
            raise CannotJudge(
                f"the folder of {self.earlier_name} (digest "
                f"{self.earlier.digest[:SHORT]}) is gone, looked for at "
                f"{self.earlier.uri}, so nothing could be compared with it",
                "put that folder back, from a backup or from where it was moved to, "
                "and run again: the next evaluation compares with it",
            )

    def overall(self, query: Query, model: str) -> Figure:
        """Return a model's figure over all silos.

        Raises:
            CannotJudge: There is none.
        """
        found = self.figures.metric(
            query.metric, threshold=query.threshold, model=model
        )
        if found is None or found.value is None:
            why = f" ({found.note})" if found and found.note else ""
            raise CannotJudge(
                f"{self._name(query, model)} over all silos has no value{why}",
                "see why under FairnessEvaluator on the run's page; add the rows or "
                "labels that are missing",
            )
        return found

    def of_silos(self, query: Query, model: str) -> dict[str, Figure]:
        """Return a model's figure of each judged silo.

        Raises:
            CannotJudge: No silo is judged, or one of them has no such figure.
        """
        if not self.judged:
            several = wording.count(len(self.not_judged), "silo")
            raise CannotJudge(f"not one of {several} could be judged", MORE_ROWS)
        figures = self.figures.by_silo(
            query.metric, threshold=query.threshold, model=model
        )
        found = {each.silo: each for each in figures if each.value is not None}
        missing = [silo for silo in self.judged if silo not in found]
        if missing:
            name = self._name(query, model)
            raise CannotJudge(
                f"{name} has no value in {wording.names(missing, 'silo')}",
                f"see why on the run's page; where {name} can't be had in such silos, "
                "choose another metric or threshold, or raise `gates.minimum_data`",
            )
        return found

    def groups(self, query: Query) -> dict[tuple[str, str], list[Member]]:
        """Return the groups with enough data by silo (empty: all) and slice, sorted.

        A list may hold one group alone, and a figure may lack its value.
        """
        found: dict[tuple[str, str], list[Member]] = {}
        for figure in self._of_groups.get((query.metric, query.threshold), ()):
            if not too_little(figure, self.minimum_data):
                silo = figure.silo
                member = Member(
                    f"{figure.slice} {wording.name(figure.group)}",
                    (figure,),
                    f"in silo {wording.name(silo)}" if silo else "over all silos",
                )
                found.setdefault((silo, figure.slice), []).append(member)
        return dict(sorted(found.items()))

    def group_rows(self) -> list[Figure]:
        """Return the row counts of the groups over all silos and in judged ones."""
        return self._of_groups.get(("rows", None), [])

    @functools.cached_property
    def _of_groups(self) -> dict[tuple[str, float | None], list[Figure]]:
        places = {"", *self.judged}
        found: dict[tuple[str, float | None], list[Figure]] = {}
        for figure in self.figures:
            if (
                (figure.model, figure.split) == (CANDIDATE, EVAL)
                and figure.group
                and figure.slice not in {"", SILO}
                and figure.silo in places
            ):
                key = (figure.metric, figure.threshold)
                found.setdefault(key, []).append(figure)
        return found

    def _name(self, query: Query, model: str) -> str:
        return {
            CANDIDATE: query.name,
            BASELINE: f"{query.name} of {self.earlier_name}",
            CHANGE: f"the change of {query.name} against {self.earlier_name}",
        }[model]


def federation(evidence: Evidence, query: Query) -> Population:
    """Return the federation: all rows of all admitted silos.

    Raises:
        CannotJudge: A figure is missing, or the two models scored different rows.
    """
    figures = tuple(evidence.overall(query, model) for model in query.models)
    if query.is_change and figures[0].rows != figures[1].rows:
        raise CannotJudge(
            f"{evidence.earlier_name} could score {figures[1].rows:,} rows and the "
            f"candidate {figures[0].rows:,}, so they can't be compared",
            "see under the silos of FairnessEvaluator which could not be scored",
        )
    return Population([[Member("the federation", figures)]])


def silos(evidence: Evidence, query: Query) -> Population:
    """Return each judged silo.

    Raises:
        CannotJudge: Nobody is judged, or a judged silo has no such figure.
    """
    by_model = [evidence.of_silos(query, model) for model in query.models]
    members = [
        Member(f"silo {wording.name(silo)}", tuple(found[silo] for found in by_model))
        for silo in evidence.judged
    ]
    return Population([members], evidence.note)


def federation_silos_and_groups(evidence: Evidence, query: Query) -> Population:
    """Return the federation, each judged silo, and each group over all silos.

    Raises:
        CannotJudge: There is no figure of the federation or of a judged silo.
    """
    [whole], _ = federation(evidence, query)
    [single], note = silos(evidence, query)
    groups = evidence.groups(query).items()
    over_all = [each for (silo, _), found in groups if not silo for each in found]
    return Population([[*whole, *single, *over_all]], note)


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
    places, note = _groups(evidence, query, inside=True)
    inside = len({place[0].figure.silo for place in places} - {""})
    judged = wording.count(len(evidence.judged), "judged silo")
    return Population(
        places,
        f" Compared over all silos and inside {inside:,} of {judged}.{note}"
        f"{evidence.note}",
    )


def number_of_silos(evidence: Evidence, _: Query) -> Population:
    """Return one member whose figure is the number of judged silos."""
    number = len(evidence.judged)
    total = wording.count(number + len(evidence.not_judged), "silo")
    figure = Figure(
        *(CANDIDATE, EVAL, "", "", "", "rows"), value=number, low=number, high=number
    )
    return Population([[Member(f"{number:,} of {total}", (figure,))]])


def _groups(evidence: Evidence, query: Query, *, inside: bool) -> Population:
    rows = [each for each in evidence.group_rows() if inside or not each.silo]
    slices = sorted({each.slice for each in rows if not each.silo})
    wanted = list(query.slices) or slices
    found = {
        place: members
        for place, members in evidence.groups(query).items()
        if place[1] in wanted and len(members) > 1 and (inside or not place[0])
    }
    missing = list(_without_value(found.values()))
    if missing:
        raise CannotJudge(
            f"{query.name} has no value for {wording.listed(missing)}",
            "see why on the run's page; choose another metric or a lower threshold, "
            "leave that slice out of the gate's `slices`, or raise "
            "`gates.minimum_data` until such groups have too few rows",
        )
    without = [slice for slice in wanted if ("", slice) not in found]
    if without and (query.slices or len(without) == len(wanted)):
        raise CannotJudge(
            f"no two groups of {', '.join(without)} have {query.name} and enough rows "
            "over all silos",
            "leave that slice out of the gate's `slices`, or lower "
            "`gates.minimum_data`",
        )
    if not wanted:
        raise CannotJudge(
            "no groups were evaluated",
            "name the sensitive columns in `evaluation.slices`",
        )
    few = sum(
        each.slice in wanted and bool(too_little(each, evidence.minimum_data))
        for each in rows
    )
    note = ""
    if few:
        verb = "has" if few == 1 else "have"
        note += f" {wording.count(few, 'group')} {verb} too few rows."
    if without:
        note += f" Fewer than two groups to compare: {', '.join(without)}."
    return Population(list(found.values()), note)


def _without_value(places: Iterable[list[Member]]) -> Iterator[str]:
    for member in (each for place in places for each in place):
        if member.figure.value is None:
            note = member.figure.note
            yield f"{member.name} {member.where}{note and f' ({note})'}"


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
    rows = {figure.silo: figure for figure in figures.by_silo("rows")}
    found = []
    for silo in sorted(silos):
        reason = left_out.get(silo) or too_little(rows.get(silo), minimum_data)
        if reason:
            found.append(NotEvaluated(silo, reason))
    return found


def too_little(figure: Figure | None, minimum_data: MinimumData) -> str:
    """Return why a silo or a group can't be judged; empty when it can.

    Args:
        figure: Any figure of it, for its row counts; None where it has none.
        minimum_data: From when on it is judged.
    """
    if figure is None:
        return "it has no labelled evaluation rows"
    needed = minimum_data.rows
    if figure.rows < needed or figure.positives is None:
        return f"{figure.rows:,} evaluation rows, {needed:,} are needed"
    fewer = min(figure.positives, figure.rows - figure.positives)
    if fewer < minimum_data.rows_of_each_label:
        kind = "positive" if fewer == figure.positives else "negative"
        return f"{fewer:,} {kind} rows, {minimum_data.rows_of_each_label:,} are needed"
    return ""
