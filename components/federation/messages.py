"""What the coordinator sends each silo in a round, beside the model.

Nothing but the model, this and the name of a folder reaches a silo; the worker opens
the files in that folder, below its own working directory, and no row ever reaches the
coordinator.
"""

from __future__ import annotations

import collections
import hashlib
from typing import NamedTuple

import numpy as np
import tensorflow_federated as tff
from numpy.typing import NDArray

from components.federation.model import ClientModel
from components.federation.private import PrivateSilo, PrivateTraining
from components.federation.tff_types import Value


class Message(NamedTuple):
    """What one silo is sent."""

    seed: int  # of its shuffles
    weight: float  # of its update, before what the algorithm makes of it; not negative
    reference: float = 0.0  # a loss that its own is compared with; unit: nats
    shift: tuple[NDArray[np.float32], ...] = ()  # added to its gradients, if the
    # algorithm has any; of the weights' shapes
    private: PrivateSilo | None = None  # how it protects its rows, if it does

    def to_value(self) -> Value:
        """Return the message as TFF takes it, of the type `type_of`."""
        fields = collections.OrderedDict(
            seed=self.seed,
            weight=np.float32(self.weight),
            reference=np.float32(self.reference),
        )
        if self.private:
            fields["private"] = collections.OrderedDict(self.private._asdict())
        return fields | ({"shift": self.shift} if self.shift else {})


def type_of(
    client_model: ClientModel, shifted: bool, private: PrivateTraining | None = None
) -> tff.StructType:
    """Return the TFF type of messages, with a shift or without one."""
    fields = [("seed", np.int64), ("weight", np.float32), ("reference", np.float32)]
    if private:
        coins = tff.TensorType(np.bool_, [private.canaries])
        types = (np.float64, np.int32, np.int64, np.float64, np.int32, coins)
        told = zip(PrivateSilo._fields, types, strict=True)
        fields.append(("private", tff.to_type(collections.OrderedDict(told))))
    if shifted:
        shapes = [(w.dtype.type, w.shape) for w in client_model.weights]
        fields.append(("shift", tff.to_type(tuple(shapes))))
    return tff.to_type(collections.OrderedDict(fields))


def seed_of(seed: int, round_number: int, silo: str) -> int:
    """Return the seed of a silo's shuffle in a round, 0 to 2**63 - 1.

    It depends on nothing else, so a resumed training shuffles alike, and so
    does a silo whose neighbours have come or gone.
    """
    text = f"{seed}/{round_number}/{silo}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "little") >> 1
