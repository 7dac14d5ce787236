"""Says what `fairsilo init` decided, so that a wrong guess is seen at once."""

from __future__ import annotations

from tensorflow_metadata.proto.v0 import schema_pb2

from pipelines.scaffold.proposal import Proposal
from pipelines.scaffold.wording import listed, option

TYPES = {
    schema_pb2.INT: "whole numbers",
    schema_pb2.FLOAT: "numbers",
    schema_pb2.BYTES: "text",
}
SHOWN = 12
QUARANTINED = "the silo will be quarantined until that is mended"
MAX_FAULTS = 20


def decided(proposal: Proposal) -> list[str]:
    """Return what was decided, a line each."""
    rows, label = proposal.rows, proposal.label
    total = sum(silo.rows for silo in proposal.silos)
    admitted = len(proposal.silos) - len(proposal.faults)
    shown = {
        "silos": f"{admitted} of {len(proposal.silos)} can train; {total:,} rows read",
        "label": f"`{rows.label}`: positive is `{label.positive}` ({label.reason}; "
        f"{label.num_positive:,} rows), negative `{label.negative}` "
        f"({label.num_negative:,} rows); the other way round: "
        f"{option('positive', label.negative)}",
        "key": listed(rows.key, SHOWN) if rows.key else "none (see below)",
    }
    hidden = {*rows.key, rows.label, *proposal.ignored}
    for kind, name in TYPES.items():
        columns = [
            one.name
            for one in proposal.schema.feature
            if one.type == kind and one.name not in hidden
        ]
        if columns:
            shown[name] = listed(columns, SHOWN)
    lines = [f"{name + ':':<15} {text}" for name, text in shown.items()]
    for title, reasons in {
        "not for the model": proposal.ignored,
        "not read": proposal.left_out,
    }.items():
        by_reason: dict[str, list[str]] = {}
        for column, reason in reasons.items():
            by_reason.setdefault(reason, []).append(column)
        lines += [
            f"{title}: {listed(columns, SHOWN)} ({reason})"
            for reason, columns in by_reason.items()
        ]
    bounds = proposal.bounds
    gap = "" if bounds.judged_silos > 1 else "; no silo_gap, which needs two"
    return [
        *lines,
        f"{'gates:':<15} judge silos with {bounds.judged_rows:,} evaluation rows and "
        f"{bounds.rows_of_each_label} of each label: now {bounds.judged_silos}{gap}",
    ]


def warnings(proposal: Proposal) -> list[str]:
    """Return what should be looked at, a line each; the faults of silos first."""
    faults = [text for found in proposal.faults.values() for text in found]
    lines = [f"{text}; {QUARANTINED}" for text in faults[:MAX_FAULTS]]
    if len(faults) > MAX_FAULTS:
        lines.append(f"{len(faults) - MAX_FAULTS:,} more faults of silos")
    if not proposal.rows.key:
        lines.append(
            "found no column that differs in each row: predictions can't be joined "
            "back to rows, and equal rows stay together in train or eval; where "
            "columns together name a row, give them with --key"
        )
    return [*lines, *proposal.notes]
