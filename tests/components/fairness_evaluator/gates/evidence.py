"""Figures made by hand for the gates: unequal silos, groups and models."""

from __future__ import annotations

from components.fairness_evaluator import decision
from components.fairness_evaluator.gate_settings import GateSettings
from components.payloads import table
from components.payloads.decision import Baseline, GateResult
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
    about="",
) -> Figure:
    """Return a figure on the evaluation split."""
    return Figure(
        model, "eval", silo, slice, group, metric, threshold, value, low, high, rows,
        positives, note, about,
    )  # fmt: skip


def silo(name, value, low=None, high=None, *, metric="auc", **more) -> list[Figure]:
    """Return a silo's metric, and its rows."""
    kept = {key: more[key] for key in ("rows", "positives") if key in more}
    return [
        figure(metric, value, low, high, silo=name, **more),
        figure("rows", None, silo=name, **kept),
    ]


def group(
    name,
    value,
    spread=0.01,
    *,
    silo="",
    slice="sex",
    metric="auc",
    threshold=None,
    **more,
) -> list[Figure]:
    """Return a group's metric, and its rows."""
    low, high = (None, None) if value is None else (value - spread, value + spread)
    note = more.pop("note", "")
    more = {"silo": silo, "slice": slice, "group": name, **more}
    return [
        figure(metric, value, low, high, threshold=threshold, note=note, **more),
        figure("rows", None, **more),
    ]


def models(now, before, low=None, high=None, *, metric="auc", earlier_rows=500, **more):
    """Return a metric of both models, and its change."""
    return [
        figure(metric, now, **more),
        figure(metric, before, model="baseline", **{"rows": earlier_rows, **more}),
        figure(metric, now - before, low, high, model="change", **more),
    ]


def gains(name, of_base, of_served, spread=0.01, **more):
    """Return what a silo gains by both models over one of its own rows alone."""
    return [
        figure("rows", None, silo=name, **more),
        *(
            figure(
                "gain_auc",
                value,
                value - spread,
                value + spread,
                silo=name,
                model=model,
                **more,
            )
            for model, value in (("base", of_base), ("candidate", of_served))
            if value is not None
        ),
    ]


THREE = [
    *silo("9E", 0.742, 0.721, 0.763),
    *silo("AA", 0.690, 0.640, 0.740),
    *silo("F9", 0.612, 0.580, 0.644),
]
OVERALL = figure("auc", 0.7, 0.68, 0.72)
BASELINE_2013_04 = Baseline("2013-04", "4f3a9c0de5b1a2c3d4e5", "/models/4")


def judge(
    gate,
    settings,
    figures,
    *,
    baseline=None,
    gone=None,
    **least,
) -> GateResult:
    """Return what one gate finds; `least` is the section `minimum_data`."""
    known = sorted({one.silo for one in figures if one.silo})
    whole = GateSettings.model_validate({"minimum_data": least, gate: settings})
    decided = decision.decide(
        table.make_table(figures),
        known,
        {},
        whole,
        baseline,
        (),
        gone,
    )
    return next(each for each in decided.gates if each.gate == gate)
