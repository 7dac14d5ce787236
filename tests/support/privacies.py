"""Reports of privacy made up in any size, with silos of each kind by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from components.payloads.privacy import Balance, PrivacyReport, SiloPrivacy

WINDOW = ("2026-01-01", "2026-12-31")
RESETS = "2027-01-01"
HEAD = "4f1c" * 16
REFUSAL = (
    "it has spent 7.914 of its epsilon of 8 until 2026-12-31, and this training would "
    "make it 8.731; its budget is full again on 2027-01-01"
)
NOTE = "with 487 rows, its noise is 20 times that of the largest silo: evaluate only"


def silo(name: str, place: int = 0, **fields: Any) -> SiloPrivacy:
    """Return a silo that trained; no two places share a number of three digits."""
    more = 0.0137 * place
    made = SiloPrivacy(
        name,
        delta=1e-5,
        balance=Balance(8.0, 4.211 + more, 4.211 + more, RESETS),
        epsilon=2.013 + more,
        epsilon_rdp=2.317 + more,
        attacked=1.207 + more,
        units=1511 + 17 * place,
        batch=256.0,
        steps=58,
        noise=2.507 + more,
    )
    return dataclasses.replace(made, **fields)


def refused(name: str, **fields: Any) -> SiloPrivacy:
    """Return a silo that can't pay."""
    balance = Balance(8.0, 7.914, 7.914, RESETS)
    made = SiloPrivacy(name, 1e-5, balance, units=903, refusal=REFUSAL)
    return dataclasses.replace(made, **fields)


def report(names: Sequence[str], **fields: Any) -> PrivacyReport:
    """Return a report; of many silos the first is left out, two have their own state.

    The second holds what a training that broke off reserved, the third is small.
    """
    made = [silo(name, place) for place, name in enumerate(names)]
    if len(made) > 3:
        made[0] = refused(names[0])
        made[1] = silo(names[1], 1, balance=Balance(8.0, 2.119, 6.502, RESETS))
        made[2] = silo(names[2], 2, units=487, batch=50.0, noise=9.311, note=NOTE)
    found = PrivacyReport("example", "row", 1.0, 256, WINDOW, HEAD, tuple(made))
    return dataclasses.replace(found, **fields)
