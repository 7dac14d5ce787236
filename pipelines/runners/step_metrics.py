"""The figures that Kubeflow's UI lists of each step, by name."""

from __future__ import annotations

import math
from collections.abc import Mapping

from components.dashboard.report import Report
from components.dashboard.sections.data import SPLITS
from components.dashboard.sections.training import drops
from components.payloads.manifest import NEXT
from components.payloads.table import BASELINE, RANKED_BY, MetricKey
from pipelines.summary import Summary

Metrics = Mapping[str, float | int | str | None]


def finite(metrics: Metrics) -> dict[str, float | int | str]:
    """Return the metrics that JSON, and the UI, can hold."""
    return {
        name: value
        for name, value in metrics.items()
        if value is not None and (isinstance(value, str) or math.isfinite(value))
    }


def yes(value: bool) -> str:
    """Return `yes` or `no`."""
    return "yes" if value else "no"


def examples(report: Report) -> Metrics:
    """Return how many silos and rows were read."""
    entries = report.examples.entries
    rows = {name: sum(entry.rows(name) for entry in entries) for name in SPLITS}
    return {
        "silos": len(entries),
        "silos that could not be read": sum(bool(entry.error) for entry in entries),
        **{SPLITS[name].lower(): number for name, number in rows.items() if number},
    }


def schema(report: Report) -> Metrics:
    """Return how many columns the schema has."""
    return {"columns": len(report.schema.feature) if report.schema else None}


def cohort(report: Report) -> Metrics:
    """Return how many silos were admitted."""
    admitted = len(report.cohort.admitted)
    return {
        "silos admitted": admitted,
        "silos quarantined": len(report.cohort.members) - admitted,
    }


def features(report: Report) -> Metrics:
    """Return how many features there are."""
    agreed = report.features
    if agreed is None:
        return {}
    values = sum(len(feature.values) for feature in agreed.categorical)
    return {"features": len(agreed.features), "values in vocabularies": values}


def training(report: Report) -> Metrics:
    """Return the rounds and the loss."""
    rounds = report.run.rounds
    return {
        "rounds": len(rounds),
        "loss before the last round": rounds[-1].loss_before if rounds else None,
        "silos in the last round": len(rounds[-1].silos) if rounds else 0,
        "silos that dropped out": len(drops(report.run)),
    }


def evaluation(report: Report) -> Metrics:
    """Return the decision, the AUC and how it differs over the judged silos."""
    gates = [gate for gate in report.decision.gates if not gate.passed]
    judged = {one.member.silo: one.auc.number for one in report.judged if one.auc}
    return {
        "blessed": yes(report.decision.blessed),
        **_gates({gate.gate: gate.waived for gate in gates}),
        "AUC": _auc(report, MetricKey(RANKED_BY)),
        **_spread(judged),
        "AUC on the following span": _auc(report, MetricKey(RANKED_BY, split=NEXT)),
        "AUC of the baseline": _auc(report, MetricKey(RANKED_BY, model=BASELINE)),
    }


def _gates(refused: Mapping[str, bool]) -> Metrics:
    """Return the gates that refused, by whether they were waived."""
    failed = ", ".join(gate for gate, is_waived in refused.items() if not is_waived)
    waived = ", ".join(gate for gate, is_waived in refused.items() if is_waived)
    return {"gates failed": failed or None, "gates waived": waived or None}


def _auc(report: Report, key: MetricKey) -> float | None:
    figure = report.scores.get(key)
    return figure.number if figure is not None and figure.is_number else None


def _spread(judged: Mapping[str, float]) -> Metrics:
    if not judged:
        return {}
    worst = min(sorted(judged), key=lambda silo: judged[silo])
    gap = max(judged.values()) - judged[worst] if len(judged) > 1 else None
    return {"worst silo AUC": judged[worst], "worst silo": worst, "AUC gap": gap}


def predictions(report: Report) -> Metrics:
    """Return how many rows were scored."""
    done = report.ledger
    return {"rows scored": done.rows, "dead letters": done.dead_letters}


def of_summary(ended: Summary) -> Metrics:
    """Return the figures of a run that came to its end."""
    judged = {
        one.silo: one.auc for one in ended.silos if one.judged and one.auc is not None
    }
    return {
        "status": ended.status,
        "blessed": yes(ended.is_blessed),
        **_gates({gate.gate: gate.waived for gate in ended.refused}),
        "AUC": ended.metrics.auc,
        **_spread(judged),
        "AUC on the following span": ended.metrics.auc_next_span,
        "silos admitted": sum(one.admitted for one in ended.silos),
        "rows scored": ended.predictions.rows,
        "dead letters": ended.predictions.dead_letters,
    }
