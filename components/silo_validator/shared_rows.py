r"""Which share of a silo's rows another silo holds too, from row sketches.

Of sketches $A$ and $B$ at the coarser of their scales, the containment
$c = |A \cap B| / |A|$ estimates the share for all rows (Irber et al. 2022, eq. 1), with
a standard error of $\sqrt{c (1 - c) / k}$ for $k$ digests in $A$. Rows of few values
agree by chance: with a share $d$ of distinct rows, at most $2 (1 - d)$ of them do.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import sparse

from components.silo_validator.row_sketches import Sketch

LEAST_SHARE = 0.05
LEAST_DIGESTS = 5  # in both
# Of 1,900 honest silos (census, cut to parts of 30 to 100 %), none had five digests and
# more than 1.03 times as many rows in another silo as may repeat within a silo.
CHANCE = 1.5
USUALLY_DISTINCT = 0.99  # share of rows in half of the silos; else a subset is not used


def shares(sketches: Mapping[str, Sequence[Sketch]]) -> dict[str, dict[str, float]]:
    """Return each silo's share of rows, 0 to 1, that others hold too, by the other.

    The largest of all subsets of columns. Left out is what is less than `LEAST_SHARE`,
    or may be chance.
    """
    found: dict[str, dict[str, float]] = {silo: {} for silo in sketches}
    silos = [*sketches]
    for held in zip(*sketches.values(), strict=True):
        usual = statistics.median(one.distinct for one in held)
        if usual < USUALLY_DISTINCT:
            continue
        for i, j, common in _common(held):
            repeated = 2 * (1 - min(usual, held[i].distinct, held[j].distinct))
            share = common / held[i].count(held[j].scale)
            least = max(LEAST_SHARE, CHANCE * repeated)
            own, other = found[silos[i]], silos[j]
            if i != j and common >= LEAST_DIGESTS and share >= least:
                own[other] = max(share, own.get(other, 0.0))
    return found


def _common(held: Sequence[Sketch]) -> Iterator[tuple[int, int, int]]:
    """Yield the places of two sketches, and how many digests they have in common."""
    starts = np.cumsum([0, *(len(one.digests) for one in held)])
    distinct, places = np.unique(
        np.concatenate([one.digests for one in held]), return_inverse=True
    )
    holds = sparse.csr_array(
        (np.ones(len(places), np.int32), places, starts), (len(held), len(distinct))
    )
    pairs = sparse.coo_array(holds @ holds.T)
    yield from zip(
        pairs.row.tolist(), pairs.col.tolist(), pairs.data.tolist(), strict=True
    )
