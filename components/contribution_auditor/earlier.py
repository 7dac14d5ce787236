"""Finds what earlier audits of the use case said, in ML Metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from components import artifacts, mlmd
from components.errors import FairSiloError
from components.payloads.contribution import ContributionReport
from components.silos.spans import span_order

MODEL = "model"  # custom property: digest of the audited model
MOST = 2  # audits that are looked at, the latest first


class Found(NamedTuple):
    """An audit that found signs of a silo."""

    where: str  # its span, or its number
    kinds: tuple[str, ...]  # of the signs


def find(
    store: Any,  # noqa: ANN401
    use_case: str,
    model: str,
    span: str,
) -> dict[str, list[Found]]:
    """Return the hard signs that the last two earlier audits found, by silo.

    Audits of earlier spans, so that the same rows are not asked twice. Where data have
    no spans, those of other models; and where this model was audited before, those made
    before that: the cache then finds that audit again. What was deleted, or written by
    a version with another form, is passed over.
    """
    audits = [
        (artifact, *mlmd.texts(artifact, MODEL, "span"))
        for artifact in mlmd.of_use_case(
            store, artifacts.ContributionReport.TYPE_NAME, use_case
        )
    ]
    own = [it.id for it, digest, _ in audits if digest == model]
    # Of several of one span the last counts.
    before: dict[Any, tuple[str, str]] = {}
    for artifact, digest, its_span in sorted(audits, key=lambda one: one[0].id):
        if span and span_order(its_span) < span_order(span):
            before[span_order(its_span)] = its_span, artifact.uri
        elif not span and digest != model and artifact.id < min(own, default=2**63):
            before[artifact.id] = its_span or f"run {artifact.id}", artifact.uri
    signs: dict[str, list[Found]] = {}
    for _, (where, folder) in sorted(before.items(), reverse=True)[:MOST]:
        try:
            report = ContributionReport.read(folder)
        except FairSiloError:
            continue
        for silo in report.silos:
            if silo.signs:
                found = Found(where, tuple(sign.kind for sign in silo.signs))
                signs.setdefault(silo.silo, []).append(found)
    return signs


def to_json(signs: Mapping[str, Sequence[Found]]) -> str:
    """Return what `find` gave as an exec property."""
    return json.dumps(signs, sort_keys=True, ensure_ascii=False)


def of_json(text: str) -> dict[str, list[Found]]:
    """Return what `to_json` gave."""
    return {
        silo: [Found(where, tuple(kinds)) for where, kinds in many]
        for silo, many in json.loads(text).items()
    }
