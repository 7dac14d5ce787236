"""Finds which model serves a silo: the base model, or weights in the silo's own home.

The benefit report says which was chosen; the weights never leave the silo's home. Where
they are gone or damaged, or belong to another base model, the base model serves.
"""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable
from typing import NamedTuple

from components.features.spec import FeatureSpec
from components.payloads.benefit import BASE, BenefitReport
from components.payloads.silo import Silo
from components.scoring.model import digest_of, read_spec, read_weights


class Served(NamedTuple):
    """The model that serves a silo."""

    model: str  # `base`, `personal` or `alone`
    digest: str
    weights: str = ""  # path of their file; empty for the base model's own
    lost: str = ""  # why it is not the one that was chosen, in a sentence


def of_silo(
    silo: Silo, base: str, spec: FeatureSpec, report: BenefitReport | None
) -> Served:
    """Return what serves a silo.

    Args:
        silo: The silo.
        base: Digest of the base model.
        spec: The base model's FeatureSpec.
        report: What was chosen; None where there was nothing to choose.
    """
    chosen = report.get(silo.id) if report and report.base == base else None
    if chosen is None or chosen.served == BASE:
        return Served(BASE, base)
    path = silo.path(chosen.weights)
    found = "no file"
    try:
        if digest_of(read_weights(path), spec) == chosen.digest:
            return Served(chosen.served, chosen.digest, str(path))
        found = "other weights"
    except FileNotFoundError:
        pass
    except Exception as error:  # a damaged file fails in many ways
        found = f"a damaged file ({type(error).__name__})"
    lost = (
        f"silo `{silo.id}`: {chosen.weights}: found {found}, expected the weights of "
        f"its {chosen.served} model, digest {chosen.digest[:12]}; the base model "
        "serves it until the next run trains them again"
    )
    return Served(BASE, base, lost=lost)


def by_report(benefit: str, model: str, base: str) -> Callable[[Silo], Served]:
    """Return the function that tells what serves a silo.

    Args:
        benefit: Folder of the benefit report; where it is empty, or the report gone,
            the base model serves all silos.
        model: The base model's folder.
        base: Its digest.
    """
    if not benefit:
        return lambda _: Served(BASE, base)
    if not pathlib.Path(benefit, BenefitReport.FILE_NAME).exists():
        found = f"{benefit}: found no {BenefitReport.FILE_NAME}"
        return lambda silo: Served(
            BASE,
            base,
            lost=f"silo `{silo.id}`: {found}, expected the file that says which model "
            "serves it; the base model serves it until the folder is back",
        )
    report = BenefitReport.read(benefit)
    return functools.partial(of_silo, base=base, spec=read_spec(model), report=report)
