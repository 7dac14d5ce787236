r"""What releases cost in epsilon, and the least noise that a budget demands.

A mechanism `M` costs `epsilon` at `delta` if for all neighbours `D`, `D'` and all sets
`S` of outputs

$$P[M(D) \in S] \le e^\epsilon P[M(D') \in S] + \delta.$$

Neighbours differ in one unit (a row, a person or a silo) whose record is replaced by
one without gradient: zero-out, Kairouz et al. (2021), definition 1.1,
<https://arxiv.org/abs/2103.00039>. So how many units there are is public. Privacy loss
distributions compose the costs, on a grid that rounds to the worse side: Koskela et al.
(2020), <https://arxiv.org/abs/1906.03049>. Batches are Poisson-sampled and cut to a
size: Chua et al. (2025), <https://arxiv.org/abs/2508.15089>.

A later mechanism may be chosen by what is public (settings, numbers of rows), not by
what earlier ones released.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Iterable
from typing import Any

from components.errors import FairSiloError

LEAST_NOISE, LARGEST_NOISE = 0.3, 100.0  # unit: the clip norm
_INTERVAL = 1e-3  # of the grid; a tenth of it changes epsilon by about 1 % at most
# Fractional orders don't converge where there is much noise.
_ORDERS = (*range(2, 65), 128, 256, 512, 1024)


@dataclasses.dataclass(frozen=True, order=True)
class Mechanism:
    """Steps, each of which releases a sum of cut gradients with Gaussian noise."""

    noise: float  # its standard deviation, unit: the clip norm
    steps: int
    units: int = 0  # rows or people, of which each is drawn by itself at each step
    rate: float = 1.0  # probability that it is drawn
    cap: int = 0  # the most that count in a step; 0: all do, and none is drawn


def epsilon(released: Iterable[Mechanism], delta: float) -> float:
    """Return what all that is released costs together; rounded up, never down."""
    return _epsilon(tuple(sorted(released)), delta)


def epsilon_rdp(released: Iterable[Mechanism], delta: float) -> float:
    """Return an upper bound of the same by Renyi accounting, as a check.

    Mironov (2017), <https://arxiv.org/abs/1702.07476>. It knows of no batches that are
    cut: the probability that any is comes off `delta`. Infinite if nothing is left.
    """
    import dp_accounting
    from dp_accounting import rdp
    from scipy import stats

    accountant = rdp.RdpAccountant(
        _ORDERS, dp_accounting.NeighboringRelation.REPLACE_SPECIAL
    )
    for one in released:
        event: Any = dp_accounting.GaussianDpEvent(one.noise)
        if one.cap:
            event = dp_accounting.PoissonSampledDpEvent(one.rate, event)
            delta -= one.steps * stats.binom.sf(one.cap - 1, one.units - 1, one.rate)
        accountant.compose(event, one.steps)
    return float(accountant.get_epsilon(delta)) if delta > 0 else math.inf


@functools.lru_cache(1024)
def calibrated(epsilon: float, delta: float, asked: Mechanism) -> Mechanism:
    """Return a mechanism with the least noise for which it costs at most `epsilon`.

    It costs at most 1 % less, or has `LEAST_NOISE`. The noise that `asked` has does
    not matter.

    Raises:
        FairSiloError: It would need more than `LARGEST_NOISE`.
    """
    from scipy import optimize

    def excess(noise: float) -> float:
        return _epsilon((dataclasses.replace(asked, noise=noise),), delta) - epsilon

    if excess(LARGEST_NOISE) > 0:
        of = f" of {asked.rate:.3g} of {asked.units:,} units" if asked.cap else ""
        raise FairSiloError(
            f"noise for {asked.steps:,} steps{of}: even {LARGEST_NOISE:g} times the "
            f"clip norm costs more than an epsilon of {epsilon:g} at delta {delta:g}",
            "train for fewer rounds or passes, or let a run spend more "
            "(`privacy.run_epsilon`)",
        )
    # Downwards: the less noise, the longer an evaluation takes.
    noise = low = LARGEST_NOISE
    while noise > LEAST_NOISE and excess(low := max(LEAST_NOISE, noise / 2)) <= 0:
        noise = low
    if noise > low:
        noise = optimize.brentq(excess, low, noise, xtol=1e-3 * low)
    noise = math.ceil(noise * 1e4) / 1e4
    while excess(noise) > 0:
        noise = math.ceil(noise * 1.0005 * 1e4) / 1e4
    return dataclasses.replace(asked, noise=noise)


@functools.lru_cache(4096)
def _epsilon(released: tuple[Mechanism, ...], delta: float) -> float:
    losses = [_losses(one) for one in released if one.steps]
    if not losses:
        return 0.0
    together = functools.reduce(lambda one, other: one.compose(other), losses)
    return float(together.get_epsilon_for_delta(delta))


@functools.lru_cache(256)
def _losses(one: Mechanism) -> Any:  # noqa: ANN401  the library has no types
    """Return the distribution of the privacy loss of all steps."""
    import dp_accounting
    from dp_accounting.pld import privacy_loss_distribution as losses

    grid: dict[str, Any] = {
        "value_discretization_interval": _INTERVAL,
        "neighboring_relation": dp_accounting.NeighboringRelation.REPLACE_SPECIAL,
    }
    if not one.cap:
        return losses.from_gaussian_mechanism(one.noise / one.steps**0.5, **grid)
    step = losses.from_truncated_subsampled_gaussian_mechanism(
        one.units, one.rate, one.cap, one.noise, **grid
    )
    return step.self_compose(one.steps)
