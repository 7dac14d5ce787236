"""Makes models as they serve: each silo's own weights, where it has some.

Also what each silo gains by them, from the benefit report.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias

from components.errors import FairSiloError
from components.fairness_evaluator.sketches.rows import ScoredModel
from components.payloads import table
from components.payloads.benefit import BASE, SERVED, BenefitReport
from components.payloads.interval import Interval
from components.payloads.manifest import Manifest
from components.scoring import model, served

Gain: TypeAlias = tuple[Interval, int | None]  # and its degrees of freedom
Gains: TypeAlias = Mapping[str, Mapping[str, Gain]]  # by model, then by silo


def as_served(
    base: ScoredModel, examples: Manifest, benefit: BenefitReport | None
) -> tuple[ScoredModel, dict[str, str]]:
    """Return a model with the silos' own weights in its place, where these serve.

    Args:
        base: The federation's model.
        examples: The silos.
        benefit: What was chosen for each; None where there was nothing to choose.

    Returns:
        The model, and by silo why the base model serves it though another was chosen,
        in a sentence.
    """
    if benefit is None or all(one.served == BASE for one in benefit.silos):
        return base, {}
    try:
        spec = model.read_spec(base.folder)
    except FairSiloError:
        return base, {}  # its folder is damaged: each silo that scores with it says so
    found = {
        entry.silo.id: served.of_silo(entry.silo, base.digest, spec, benefit)
        for entry in examples
    }
    own = {silo: each for silo, each in found.items() if each.model != BASE}
    lost = {silo: each.lost for silo, each in found.items() if each.lost}
    return dataclasses.replace(base, own=own), lost


def gains(candidate: ScoredModel, benefit: BenefitReport | None) -> Gains:
    """Return what silos gain by the candidate as it serves, and by the base model.

    It is the AUC minus that of a model of the silo's own rows alone.
    """
    found: dict[str, dict[str, Gain]] = {table.CANDIDATE: {}, table.BASE: {}}
    silos = benefit.silos if benefit and benefit.base == candidate.digest else ()
    for one in silos:
        of_candidate = SERVED if one.silo in candidate.own else BASE
        for name, of in ((table.CANDIDATE, of_candidate), (table.BASE, BASE)):
            if "auc" in one.gains.get(of, {}):
                found[name][one.silo] = one.gains[of]["auc"], one.freedom or None
    return found
