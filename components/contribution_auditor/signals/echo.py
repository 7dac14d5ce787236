"""Echo: whether a silo's updates repeat what was sent to it, from the rounds' records.

What the coordinator saw in each round stands in the records (`federation/echo.py`).
Early on, all honest silos move as the model did before, and one that turns from honest
to echoing shows it late: of the cosines, the median over the second half of the
training counts.
"""

from __future__ import annotations

import collections
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.contribution_auditor import thresholds
from components.contribution_auditor.signals.found import Found
from components.payloads.contribution import ECHO, Sign
from components.payloads.findings import Finding
from components.payloads.model_run import RoundRecord, SiloRecord

ZERO = "zero"
REPLAY = "replay"
COPY = "copy"
WORKER = (
    "let its owner look at its worker and compare with `fairsilo audit replay`, which "
    "trains the round again on the committed rows"
)
TWIN_HINT = (
    "look which other silo sends the same; which of the two copies can't be told from "
    "updates, so neither is blamed: let both compare with `fairsilo audit replay`"
)


def find(
    rounds: Sequence[RoundRecord],
    untold: Collection[str] = (),
    overlapping: Collection[str] = (),
) -> dict[str, Found]:
    """Return what is found of each silo that was merged in enough rounds.

    Args:
        rounds: The records.
        untold: Kinds that the training can't tell, see `untold_by`.
        overlapping: Silos whose rows another holds too, and so moves as they do.
    """
    records: dict[str, list[tuple[SiloRecord, float]]] = {}
    for record in rounds[1:]:
        largest = max(one.update_norm for one in record.silos)
        for one in record.silos if largest > thresholds.ZERO else ():
            records.setdefault(one.silo, []).append((one, one.update_norm / largest))
    late: dict[str, list[float]] = {}
    for record in rounds[len(rounds) // 2 :]:
        for one in record.silos:
            if one.echo is not None:
                late.setdefault(one.silo, []).append(one.echo)
    echoes = {
        silo: float(np.median(known))
        for silo, known in late.items()
        if len(known) >= thresholds.ROUNDS
    }
    least = dict.fromkeys(overlapping, thresholds.ECHO_OVERLAPPING)
    found = {}
    for silo, many in records.items():
        if len(many) < thresholds.ROUNDS:
            continue
        measures = _measures(many)
        signs = [*_zero(many), *_replay(many)]
        if silo in echoes:
            measures["echo"] = own = echoes[silo]
            others = np.array([it for other, it in echoes.items() if other != silo])
            if not signs:
                signs += _copy(own, others, least.get(silo, thresholds.ECHO))
        told = tuple(sign for sign in signs if sign.kind not in untold)
        found[silo] = Found(measures, told, tuple(_twin(measures)))
    return found


def untold_by(algorithm: str, aggregation: str) -> dict[str, str]:
    """Return the kinds that can't be told under a plan, with why."""
    found = {}
    if algorithm == "afl" or aggregation == "clipped":
        name = algorithm if algorithm == "afl" else aggregation
        found[ZERO] = f"`{name}` itself may count an update as zero"
    if algorithm == "scaffold":
        found[COPY] = "`scaffold` tells each silo which way the others moved"
    return found


def _measures(many: Sequence[tuple[SiloRecord, float]]) -> dict[str, float]:
    measures = {"norm": float(np.median([norm for _, norm in many]))}
    if repeats := [one.repeat for one, _ in many if one.repeat is not None]:
        measures["repeat"] = min(repeats)
    twins = [one.twin for one, _ in many if one.twin is not None]
    if len(twins) >= thresholds.ROUNDS:
        measures["twin"] = min(twins)
    return measures


def _zero(many: Sequence[tuple[SiloRecord, float]]) -> Iterator[Sign]:
    if max(one.update_norm for one, _ in many) <= thresholds.ZERO:
        sentence = (
            f"its updates changed nothing in all {len(many)} rounds after the first, "
            "where others' did"
        )
        yield Sign(ECHO, ZERO, Finding(sentence, WORKER))


def _replay(many: Sequence[tuple[SiloRecord, float]]) -> Iterator[Sign]:
    """Yield a sign if an update came again byte for byte, which no training gives.

    A cosine near 1 would be none: honest silos turn little where steps are few.
    """
    sent = collections.Counter(
        one.digest
        for one, _ in many
        if one.digest and one.update_norm > thresholds.ZERO
    )
    for _, times in sent.most_common(1):
        if times >= thresholds.ROUNDS:
            sentence = (
                f"it sent the same update {times} times, byte for byte, where training "
                "moves on with the model"
            )
            yield Sign(ECHO, REPLAY, Finding(sentence, WORKER))


def _copy(own: float, others: NDArray[np.float64], least: float) -> Iterator[Sign]:
    if len(others) < thresholds.COHORT:
        return
    middle = float(np.median(others))
    spread = 1.4826 * float(np.median(np.abs(others - middle)))
    usual = middle + thresholds.ECHO_SPREADS * max(spread, thresholds.LEAST_SPREAD)
    if middle <= thresholds.ALIKE and own > max(least, usual):
        sentence = (
            "its updates repeat what the others had moved the model by (cosine "
            f"{own:.2f}; of half of the other silos below {middle:.2f})"
        )
        yield Sign(ECHO, COPY, Finding(sentence, WORKER))


def _twin(measures: Mapping[str, float]) -> Iterator[Finding]:
    if measures.get("twin", 0.0) > thresholds.TWIN:
        sentence = (
            "its updates are another silo's in each round (cosine "
            f"{measures['twin']:.4f}); two silos that train on rows of their own differ"
        )
        yield Finding(sentence, TWIN_HINT)
