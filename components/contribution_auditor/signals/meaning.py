r"""Meaning: whether any model known ranks a silo's labels, by SiloBenchmark's figures.

The best of the federation's, the personal and the own model by AUC $A$ on the silo's
evaluation rows. With $P$ rows of label 1 and $Q$ of label 0 the rank test has

$$z = (A - 1/2) \big/ \sqrt{(P + Q + 1) / (12 P Q)}$$

(Mann and Whitney 1947, "On a test of whether one of two random variables is
stochastically larger than the other", <https://doi.org/10.1214/aoms/1177730491>, under
no relation at all.) A low $z$ alone is no sign: few rows, or a hard question, give it,
too. The AUC must also lie surely below what the other silos reach.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from components.contribution_auditor import thresholds
from components.contribution_auditor.signals.found import Found
from components.payloads.benefit import ALONE, BASE, PERSONAL, SiloBenefit
from components.payloads.contribution import MEANING, Sign
from components.payloads.findings import Finding
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL

NO_MEANING = "no_meaning"
LABELS = "let its owner look at how the label is exported, and to which rows"
INVERTED = (
    "let its owner look whether 0 and 1 are the other way round in its export; if its "
    "cases are so, a personal model serves it better"
)
MORE_ROWS = "nothing has to be done; more labelled rows would tell"
RATE = (
    "let its owner look at what counts as 1 in its export; if its cases are that rare "
    "or common, nothing has to be done"
)
ANOTHER_ORDER = 10.0  # times as frequent


def find(silos: Mapping[str, SiloBenefit]) -> dict[str, Found]:
    """Return what is found of each silo whose labels could be ranked."""
    known = {silo: aucs for silo, one in silos.items() if (aucs := _aucs(one))}
    best = {silo: max(aucs.values()).value for silo, aucs in known.items()}
    rates = {
        silo: (silos[silo].positives or 0) / silos[silo].rows[EVAL] for silo in known
    }
    found = {}
    for silo, auc in best.items():
        rows, positives = silos[silo].rows[EVAL], silos[silo].positives or 0
        error = chance_error(positives, rows - positives)
        z = (auc - 0.5) / error
        measures = {"rank_z": z, "positives": float(positives)}
        signs: list[Sign] = []
        notes = [*_inverted(known[silo]), *_other_rate(silo, rates)]
        others = [value for other, value in best.items() if other != silo]
        if z < thresholds.CHANCE and len(others) >= thresholds.SILOS:
            usual = _usual(others)
            rarer = min(positives, rows - positives)
            bound = min(usual, thresholds.RANKED)
            is_enough = rarer >= thresholds.POSITIVES and usual >= thresholds.LEAST_AUC
            if is_enough and auc + thresholds.SURE * error < bound:
                signs.append(_no_meaning(auc, z, positives, rows, usual))
            elif usual >= thresholds.LEAST_AUC:
                notes.append(_may_be_chance(z, rows, rarer, error, bound))
        found[silo] = Found(measures, tuple(signs), tuple(notes))
    return found


def chance_error(positives: int, negatives: int) -> float:
    """Return the standard error of the AUC of scores that know nothing."""
    return math.sqrt((positives + negatives + 1) / (12 * positives * negatives))


def _aucs(one: SiloBenefit) -> dict[str, Interval]:
    models = (BASE, PERSONAL, ALONE)
    figures = {name: one.figures.get(name, {}) for name in models}
    return {name: it["auc"] for name, it in figures.items() if "auc" in it}


def _usual(others: Sequence[float]) -> float:
    """Return the AUC that a silo which is like the others surely has."""
    middle = float(np.median(others))
    spread = 1.4826 * float(np.median(np.abs(np.array(others) - middle)))
    return middle - thresholds.SPREADS * spread


def _no_meaning(auc: float, z: float, positives: int, rows: int, usual: float) -> Sign:
    sentence = (
        f"no model known, the federation's or its own, ranks its labels: the best AUC "
        f"is {auc:.3f} on {rows:,} evaluation rows with {positives:,} of label 1 "
        f"(z = {z:.1f}), where a silo like the others has at least {usual:.2f}"
    )
    return Sign(MEANING, NO_MEANING, Finding(sentence, LABELS))


def _may_be_chance(
    z: float, rows: int, rarer: int, error: float, usual: float
) -> Finding:
    """Return the note of a silo with too few rows to tell, and how many would."""
    wanted = (thresholds.CHANCE + thresholds.SURE) * error / (usual - 0.5)
    needed = max(wanted**2, thresholds.POSITIVES / max(rarer, 1), 1.0) * rows
    return Finding(
        f"no model known ranks its labels (z = {z:.1f}), which may be chance with "
        f"{rows:,} evaluation rows, {rarer:,} of the rarer label; about {needed:,.0f} "
        "would tell",
        MORE_ROWS,
    )


def _inverted(aucs: Mapping[str, Interval]) -> Iterator[Finding]:
    base, alone = aucs.get(BASE), aucs.get(ALONE)
    if base and alone and base.high < 0.5 < alone.low:
        yield Finding(
            "its labels look inverted: the federation's model ranks them the wrong way "
            f"round (AUC {base.value:.3f}), one of its own rows does not "
            f"({alone.value:.3f})",
            INVERTED,
        )


def _other_rate(silo: str, rates: Mapping[str, float]) -> Iterator[Finding]:
    others = [rate for other, rate in rates.items() if other != silo]
    if len(others) < thresholds.SILOS:
        return
    middle, own = float(np.median(others)), rates[silo]
    if not middle / ANOTHER_ORDER < own < middle * ANOTHER_ORDER:
        yield Finding(
            f"{own:.1%} of its evaluation rows have label 1, of half of the other "
            f"silos' less than {middle:.1%}, of half more",
            RATE,
        )
