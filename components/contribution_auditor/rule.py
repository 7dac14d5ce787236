"""The rule: rides free, contributes, or can't tell. Nobody is excluded by it.

- *Rides free*: surely gains, and has the same hard sign in this audit and in one of the
  two before; labels without meaning alone are no riding but wrong data.
- *Contributes*: has no hard sign, and surely helps the others together, or one of them
  without surely harming all.
- *Can't tell*: all else, with what would tell. A silo whose updates surely harm others
  without a hard sign is unusual, not guilty: no harm makes a rider.
"""

from __future__ import annotations

import dataclasses
import math

from components.payloads.contribution import (
    CONTRIBUTES,
    MEANING,
    RIDES,
    UNKNOWN,
    SiloContribution,
)
from components.payloads.interval import Interval

COUNTED = 5  # silos that are helped or hurt: among fewer, a number may tell whom
MOST_TIMES = 10  # as many audited rounds: `audit.rounds` may be 20
RIDES_HINT = (
    "talk with its owner first; `fairsilo audit explain` lists the evidence, the owner "
    "can compare with `fairsilo audit replay` and contest it with `fairsilo audit "
    "appeal`; a lower weight is `fairsilo audit weigh`"
)
EARLIER_ROUNDS_HINT = (
    "fewer rounds (`training.rounds`) may do; more audited ones (`audit.rounds`) reach "
    "earlier ones"
)
SIGN_HINT = "look at the sign with its owner before the next run"
UNUSUAL_HINT = (
    "its rows are likely unlike the others'; consider a personal model for it "
    "(`personal.method`), which takes nothing from anybody"
)


def decide(silo: SiloContribution, is_better: bool = True) -> SiloContribution:
    """Return a silo's contribution with its verdict, the reason and a hint.

    `is_better` says whether the audited rounds made the model better at all.
    """
    verdict, reason, hint = _verdict(silo, is_better)
    return dataclasses.replace(silo, verdict=verdict, reason=reason, hint=hint)


def _verdict(silo: SiloContribution, is_better: bool) -> tuple[str, str, str]:
    if silo.signs:
        return _with_signs(silo)
    total = silo.contribution
    helped = len(silo.helped)
    whom = f"; surely helps {helped:,} of {len(silo.helps):,} silos"
    whom = whom if len(silo.helps) >= COUNTED else ""
    if total and total.low > 0:
        return CONTRIBUTES, f"without it the others would lose {_text(total)}{whom}", ""
    if total is None:
        return UNKNOWN, "what its updates do for the others is not known", ""
    if total.high < 0 and not is_better:
        reason = (
            "the audited rounds made the model no better on the silos' evaluation "
            "rows, whoever took part"
        )
        return UNKNOWN, reason, EARLIER_ROUNDS_HINT
    if total.high < 0:
        reason = f"unusual: by it the others lose {_text(_turned(total))}{whom}"
        return UNKNOWN, reason, UNUSUAL_HINT
    if helped:
        return CONTRIBUTES, f"its effect in all is {_text(total)}{whom}", ""
    reason = f"what its updates do for the others may be chance: {_text(total)}"
    return UNKNOWN, reason, _what_would_tell(total)


def _with_signs(silo: SiloContribution) -> tuple[str, str, str]:
    signs = "; ".join(sign.finding.sentence for sign in silo.signs)
    if silo.appeal:
        return UNKNOWN, f"{signs}; contested by {silo.appeal}", SIGN_HINT
    if not silo.earlier:
        reason = f"one audit accuses nobody, and this one found: {signs}"
        return UNKNOWN, reason, SIGN_HINT
    if all(sign.signal == MEANING for sign in silo.signs):
        return UNKNOWN, f"wrong data rather than riding: {signs}", SIGN_HINT
    before = f"{signs}; as in the audit of {silo.earlier[0]}"
    if silo.gain is None or silo.gain.low <= 0:
        found = (
            "is not known"
            if silo.gain is None
            else f"may be chance ({silo.gain.value:+.3f})"
        )
        return (
            UNKNOWN,
            f"{before}; whether it gains by the federation {found}",
            SIGN_HINT,
        )
    gained = f"surely gains by the federation (AUC {silo.gain.value:+.3f})"
    return RIDES, f"{gained}, and {before}", RIDES_HINT


def _text(effect: Interval) -> str:
    value, low, high = (f"{it:.2f}" for it in effect)
    return f"{value} ({low} to {high}) thousandths of a nat a row"


def _turned(effect: Interval) -> Interval:
    return Interval(-effect.value, -effect.high, -effect.low)


def _what_would_tell(total: Interval) -> str:
    """Return how many more rounds would tell, by the square root of their number."""
    half = max(total.high - total.value, total.value - total.low, 1e-12)
    if abs(total.value) * math.sqrt(MOST_TIMES) < half:
        return (
            "its effect is too small to tell by more rounds (audit.rounds); more rows "
            "of its own would"
        )
    times = math.ceil((half / abs(total.value)) ** 2)
    return f"about {times} times as many audited rounds would tell (audit.rounds)"
