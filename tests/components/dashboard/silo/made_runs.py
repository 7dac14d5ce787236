"""Runs made by hand, as what the pages of single silos are made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from components.dashboard.report import About, Report
from components.payloads import table
from components.payloads.cohort import Cohort, Member
from components.payloads.decision import Baseline, Decision, GateResult
from components.payloads.egress import KINDS, EgressItem
from components.payloads.ledger import Ledger
from components.payloads.model_run import RoundRecord, RunRecord, SiloRecord
from components.payloads.table import Figure, Table
from components.scoring.model import ModelCard

INPUTS = (
    *("cohort", "model_run", "model", "evaluation", "blessing"),
    "inference_result",
)
GATES = {
    "minimum_data": {"rows": 100, "rows_of_each_label": 10, "judged_silos": 1},
    "silo_floor": {"at_least": 0.65, "metric": "auc", "refuse_if": "surely"},
    "silo_change": {"at_most_worse": 0.01, "metric": "auc"},
    "calibration": {"at_most": 0.08},
    "group_gap": {"at_most": 0.1, "metric": "tpr", "threshold": 0.5},
    "silo_gap": {"at_most": 0.2},
}


def figure(silo: str, metric: str, value: float | None, **more: Any) -> Figure:
    """Return a figure of a silo's evaluation rows, 1,234 if not said otherwise."""
    fields: dict[str, Any] = {
        "model": "candidate",
        "split": "eval",
        "silo": silo,
        "slice": "",
        "group": "",
        "metric": metric,
        "value": value,
        "rows": 1234,
        "positives": 321,
    }
    return Figure(**(fields | more))


def around(value: float, width: float = 0.031) -> dict[str, float]:
    """Return an unsymmetrical interval around a figure."""
    return {"low": value - width, "high": value + 1.3 * width}


def silo_figures(
    silo: str, values: Mapping[str, float], groups: Sequence[str] = ()
) -> list[Figure]:
    """Return a silo's figures: its rows, metrics, changes and groups.

    Args:
        silo: Its id.
        values: AUC, log loss and so on by name; rates are taken at 0.5.
        groups: Groups of the slice `sex`, each a little worse than the last.
    """
    rates = {"tpr", "fpr", "positive_rate", "precision"}
    made = [figure(silo, "rows", 1234.0)]
    for metric, value in values.items():
        at = 0.5 if metric in rates else None
        made.append(figure(silo, metric, value, threshold=at, **around(value)))
        before = value - 0.0173
        made.append(figure(silo, metric, before, threshold=at, model="baseline"))
        if metric in {"auc", "log_loss", "brier", "tpr", "fpr", "positive_rate"}:
            made.append(
                figure(
                    silo,
                    metric,
                    0.0173,
                    threshold=at,
                    model="change",
                    **around(0.0173, 0.009),
                )
            )
    for index, group in enumerate(groups):
        place: dict[str, Any] = {"slice": "sex", "group": group}
        auc = values["auc"] - 0.0119 * (index + 1)
        made.append(figure(silo, "rows", 617.0 + index, **place))
        made.append(figure(silo, "auc", auc, **place, **around(auc)))
        made.append(figure(silo, "tpr", auc - 0.2, threshold=0.5, **place))
    if len(groups) > 1:
        gap = 0.0119 * (len(groups) - 1)
        about = f"{groups[0]} (0.61) and {groups[-1]} (0.60)"
        for metric, at in (("auc_gap", None), ("equal_opportunity_difference", 0.5)):
            made.append(
                figure(silo, metric, gap, slice="sex", threshold=at, about=about)
            )
    return made


def member(silo: str, rows: int = 4321, **change: Any) -> Member:
    """Return an admitted silo's verdict."""
    found = Member(
        silo=silo, admitted=True, rows={"train": rows, "eval": 1234}, share=0.1234
    )
    return dataclasses.replace(found, **change)


def rounds(silos: Sequence[str], num_rounds: int = 3) -> RunRecord:
    """Return a training in which each silo's numbers are its own."""
    finished = tuple(
        RoundRecord(
            number,
            0.7,
            0.6,
            tuple(
                SiloRecord(
                    silo,
                    4321 + 11 * index,
                    0.71 - 0.0131 * number + 0.00117 * index,
                    0.69 - 0.0131 * number + 0.00117 * index,
                    0.5 + 0.0217 * index + 0.1 / number,
                    0.9 - 0.0219 * index - 0.01 * number,
                )
                for index, silo in enumerate(silos)
            ),
        )
        for number in range(1, num_rounds + 1)
    )
    return RunRecord("fed_avg", "own user ids", rounds=finished)


def report(
    members: Sequence[Member],
    figures: Table,
    *,
    training: RunRecord | None = None,
    gates: Mapping[str, Any] = GATES,
    failed: Mapping[str, str] | None = None,
    not_judged: Mapping[str, str] | None = None,
    refusal: str = "",
    quorum: int = 2,
) -> Report:
    """Return a run, as the pages are made from it.

    Args:
        members: The verdicts.
        figures: The evaluation's table.
        training: Three rounds of all admitted silos if not said otherwise.
        gates: The settings' section.
        failed: Sentences of the gates that refused.
        not_judged: Reasons of silos that were not judged.
        refusal: Why nothing was trained.
        quorum: Admitted silos needed to train.
    """
    refused = failed or {}
    decision = Decision(
        blessed=not refused and not refusal,
        reasons=tuple(refused.values()),
        gates=tuple(
            GateResult(name, name not in refused, refused.get(name, "ok"))
            for name in gates
        ),
        baseline=Baseline("6", "b" * 64, "/model/6"),
        left_out=not_judged or {},
        settings=gates,
    )
    trained = [one.silo for one in members if one.admitted]
    return Report(
        about=About("census", "7", "f" * 64, {"gates": gates}),
        parts=frozenset(INPUTS),
        cohort=Cohort(tuple(members), quorum),
        decision=decision,
        scores=figures,
        run=rounds(trained) if training is None else training,
        card=ModelCard(refusal=refusal) if refusal else ModelCard("a" * 64),
        ledger=Ledger("done"),
        egress={one.silo: egress(index) for index, one in enumerate(members)},
    )


def egress(index: int) -> tuple[EgressItem, ...]:
    """Return something of each kind, with numbers of the silo's own."""
    return tuple(
        EgressItem(kind, 3100 + 7 * index + number, 20_000 + 1371 * index + number)
        for number, kind in enumerate(KINDS)
    )


def tables(values: Mapping[str, Mapping[str, float]]) -> Table:
    """Return the table of some silos, each with two groups."""
    return table.make_table(
        one
        for silo, metrics in values.items()
        for one in silo_figures(silo, metrics, groups=("women", "men"))
    )
