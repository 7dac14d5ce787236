"""Reminders of what the audit of the last earlier span found of a silo.

Labels without meaning show only once a model was trained. Only an earlier span's
audit counts, so that a run which is repeated finds what it found before.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from components import artifacts, mlmd
from components.errors import FairSiloError
from components.payloads import findings
from components.payloads.contribution import SUBSTANCE, ContributionReport
from components.payloads.findings import Finding
from components.silos.spans import span_order


def find(store: Any, use_case: str, span: str) -> str:  # noqa: ANN401
    """Return the signs and notes of the latest audit of an earlier span, by silo.

    As JSON, for an exec property. Those of substance are not among them: validation
    finds them itself. A report that was deleted, or written by a version with another
    form, is passed over.
    """
    audits = []
    name = artifacts.ContributionReport.TYPE_NAME
    for artifact in mlmd.of_use_case(store, name, use_case):
        (its,) = mlmd.texts(artifact, "span")
        if span_order(its) < span_order(span):
            audits.append((span_order(its), artifact.id, its, artifact.uri))
    for *_, its, folder in sorted(audits, reverse=True):
        with contextlib.suppress(FairSiloError):
            found = _of_report(ContributionReport.read(folder), its)
            return json.dumps(found, sort_keys=True, ensure_ascii=False)
    return "{}"


def _of_report(report: ContributionReport, span: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in report.silos:
        signs = (sign.finding for sign in one.signs if sign.signal != SUBSTANCE)
        for it in (*signs, *one.notes):
            sentence = f"the audit of {span} found: {it.sentence}"
            said = {"sentence": sentence, "hint": it.hint}
            found.setdefault(one.silo, []).append(said)
    return found


def of_json(text: str) -> dict[str, tuple[Finding, ...]]:
    """Return the reminders that `find` gave."""
    return {s: findings.all_of_json(many) for s, many in json.loads(text).items()}
