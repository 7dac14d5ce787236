"""Figures made by hand for the gates: unequal silos, groups and models."""

from __future__ import annotations

from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates import registry
from components.fairness_evaluator.gates.earlier import Earlier
from components.fairness_evaluator.gates.evidence import Evidence
from components.fairness_evaluator.gates.finding import Finding
from components.payloads import table
from components.payloads.table import Figure


def figure(
    metric,
    value,
    low=None,
    high=None,
    *,
    silo="",
    slice="",
    group="",
    model="candidate",
    threshold=None,
    rows=500,
    positives=100,
    note="",
) -> Figure:
    """Return a figure on the evaluation split."""
    return Figure(
        model, "eval", silo, slice, group, metric, threshold, value, low, high, rows,
        positives, note,
    )  # fmt: skip


def silo(name, value, low=None, high=None, *, metric="auc", **more) -> list[Figure]:
    """Return a silo's metric, and its rows."""
    kept = {key: more[key] for key in ("rows", "positives") if key in more}
    return [
        figure(metric, value, low, high, silo=name, **more),
        figure("rows", None, silo=name, **kept),
    ]


THREE = [
    *silo("9E", 0.742, 0.721, 0.763),
    *silo("AA", 0.690, 0.640, 0.740),
    *silo("F9", 0.612, 0.580, 0.644),
]
OVERALL = figure("auc", 0.7, 0.68, 0.72)
# Known beyond doubt, so that widening moves nothing.
SURE = [*silo("9E", 0.742, 0.742, 0.742), *silo("F9", 0.612, 0.612, 0.612)]


EARLIER = Earlier("2013-04", "4f3a9c0de5b1a2c3d4e5", "/models/4")


def evidence(figures, *, silos=None, left_out=None, earlier=None, **minimum):
    """Return the evidence of some figures; silos are those that have figures."""
    found = sorted({one.silo for one in figures if one.silo})
    settings = GateSettings(silo_floor={"at_least": 0.0}, minimum_data=minimum)
    return Evidence.of(
        table.of(figures),
        found if silos is None else silos,
        left_out or {},
        settings.minimum_data,
        earlier,
    )


def judge(gate, settings, figures, **more) -> Finding:
    """Return what one gate finds, as the registry tells it."""
    whole = GateSettings(**{gate: settings})
    return registry.judge(evidence(figures, **more), whole)[gate]
