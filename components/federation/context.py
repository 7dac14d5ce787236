"""The TFF context of a federation: silos compute their parts, the coordinator merges.

A computation is split into three (`MergeableCompForm`): what each silo does up to its
aggregates, the merge of two silos' aggregates, and what follows. Silos run the first,
each in its own thread and under a deadline; the rest runs on the coordinator's own
worker, so no silo receives another's update. Aggregates merge in a fixed tree over the
silos' order, so the same cohort gives the same bits.

Not for values placed at the silos, nor for secure aggregation, whose intrinsics would
have to become plain sums.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import itertools
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow_federated as tff
from tensorflow_federated.python.common_libs import structure
from tensorflow_federated.python.core.impl.compiler import (
    intrinsic_defs,
    tree_analysis,
)
from tensorflow_federated.python.core.impl.types import (
    type_analysis,
    type_conversions,
)

from components import temporary_faults
from components.errors import FairSiloError, QuorumError
from components.federation.endpoint import Endpoint, WorkerError, native
from components.federation.tff_types import Computation, Type, Value

BUSY = "still works on an earlier round"
FAN_IN = 16  # aggregates that one call merges: a power of 2, so that it does not show
NOT_FINITE = "its update or its loss is not finite"
_SECURE = [
    intrinsic_defs.FEDERATED_SECURE_SUM.uri,
    intrinsic_defs.FEDERATED_SECURE_SUM_BITWIDTH.uri,
    intrinsic_defs.FEDERATED_SECURE_SELECT.uri,
]


class NoContext(tff.framework.SyncContext):  # type: ignore[misc]  # TFF: no types
    """Refuses to compute: put in place of TFF's own default context.

    That one starts a worker under the coordinator's user id and never ends it.
    """

    def invoke(self, comp: Computation, arg: Value) -> Value:  # noqa: ARG002
        """Refuse."""
        raise RuntimeError("found no silos to compute on, expected a SiloContext")


@dataclasses.dataclass(eq=False)
class SiloContext(tff.framework.SyncContext):  # type: ignore[misc]  # TFF: no types
    """Runs TFF computations over silos; install it with `tff.framework`."""

    silos: Mapping[str, Endpoint]  # their workers by id
    server: Endpoint  # the coordinator's own worker
    timeout_s: float  # that silos have for a computation
    quorum: int  # silos that must answer, >= 1
    cohort: tuple[str, ...] = ()
    """Silos of the next computation, in the order of its client values."""

    aggregates: dict[str, Value] = dataclasses.field(default_factory=dict)
    """What each silo sent in the last computation, in the order of merging."""

    dropped: dict[str, str] = dataclasses.field(default_factory=dict)
    """Why the others of its cohort sent nothing that can be merged."""

    fault: Callable[[str, Value], str] = lambda *_: ""
    """Returns what is wrong with what a silo sent, before it is merged."""

    def invoke(self, comp: Computation, arg: Value) -> Value:
        """Run a computation; TFF calls this.

        Raises:
            NotImplementedError: It asks for secure aggregation.
            QuorumError: Too few silos answered.
            FairSiloError: The coordinator's own worker failed.
        """
        parameter, result = comp.type_signature.parameter, comp.type_signature.result
        sizes = {len(values) for values in _client_values(arg, parameter)}
        if not sizes:
            return self._serve(comp, arg)
        if sizes != {len(self.cohort)}:
            raise ValueError(
                f"found {sizes} client values for a cohort of {len(self.cohort)} silos"
            )
        if type_analysis.contains(result, _is_client_placed):
            raise TypeError("the computation returns values placed at the silos")
        form = _split(comp)
        native(form.up_to_merge)  # once, before the silos' threads
        parts = self._ask(form.up_to_merge, arg, parameter)
        merged = self._merge(form.merge, parts)
        index = self.cohort.index(next(iter(self.aggregates)))
        after = structure.Struct.unnamed(_take(arg, parameter, index), merged)
        return type_conversions.type_to_py_container(
            self._serve(form.after_merge, after), result
        )

    def _serve(self, computation: Computation, argument: Value) -> Value:
        try:
            future = self.server.submit(computation, argument)
            return self._answer(future, self.timeout_s)
        except WorkerError as error:
            raise temporary_faults.mark(
                FairSiloError(
                    f"the coordinator could not merge what the silos sent: {error}",
                    "run again: the training goes on after its last finished round; "
                    "server.log among the workers' logs, beside the checkpoints, may "
                    "tell more",
                )
            ) from None

    def _ask(
        self, computation: Computation, arg: Value, parameter: Type
    ) -> list[Value]:
        """Return the aggregates of the silos that answer in time, in cohort order."""
        end = time.monotonic() + self.timeout_s
        futures: dict[str, concurrent.futures.Future[Value]] = {}
        self.aggregates, self.dropped = {}, {}
        for index, silo in enumerate(self.cohort):
            endpoint = self.silos[silo]
            if endpoint.busy:
                self.dropped[silo] = BUSY
            else:
                argument = _take(arg, parameter, index)
                futures[silo] = endpoint.submit(computation, argument)
        for silo, future in futures.items():
            try:
                left_s = max(0.01, end - time.monotonic())
                answer = self._answer(future, left_s)
            except WorkerError as error:
                self.dropped[silo] = str(error)
                continue
            if not _is_finite(answer):
                self.dropped[silo] = NOT_FINITE
            elif fault := self.fault(silo, answer):
                self.dropped[silo] = fault
            else:
                self.aggregates[silo] = answer
        found = len(self.aggregates)
        if found < self.quorum:
            raise below_quorum(found, len(self.cohort), self.quorum, self.dropped)
        return list(self.aggregates.values())

    def _answer(self, future: concurrent.futures.Future[Value], left_s: float) -> Value:
        try:
            return future.result(left_s)
        except (TimeoutError, concurrent.futures.CancelledError):
            raise WorkerError("DEADLINE_EXCEEDED", self.timeout_s) from None

    def _merge(self, merge: Computation, parts: Sequence[Value]) -> Value:
        while len(parts) > 1:
            groups = [parts[i : i + FAN_IN] for i in range(0, len(parts), FAN_IN)]
            parts = [
                self._serve(
                    _merge_of(merge, len(group)), structure.Struct.unnamed(*group)
                )
                for group in groups
            ]
        return parts[0]


def below_quorum(
    found: int, asked: int, quorum: int, dropped: Mapping[str, str]
) -> QuorumError:
    """Return the error for `found` of `asked` silos, with why the others are out."""
    reasons = "; ".join(f"`{silo}`: {why}" for silo, why in sorted(dropped.items()))
    return QuorumError(
        f"{found} of {asked} silos answered, the quorum is {quorum} ({reasons})",
        "mend the silos named here (the log of a worker that was started here lies "
        "beside the checkpoints), or lower the trainer's `quorum_per_round`",
    )


@functools.lru_cache(maxsize=8)
def _split(computation: Computation) -> Computation:
    tree = computation.to_building_block()
    if tree_analysis.contains_called_intrinsic(tree, _SECURE):
        raise NotImplementedError(
            "the computation asks for secure aggregation; found no protocol for it "
            "here, and a plain sum in its place would not be secure"
        )
    return tff.backends.native.compile_to_mergeable_comp_form(computation)


@functools.lru_cache(maxsize=2 * FAN_IN)
def _merge_of(merge: Computation, number: int) -> Computation:
    """Return the merge of a number of silos' aggregates in one call."""
    type_ = tff.StructType([merge.type_signature.parameter[0]] * number)

    @tff.federated_computation(type_)  # type: ignore[untyped-decorator]
    def merged(parts: Value) -> Value:
        found = list(parts)
        while len(found) > 1:
            # Neighbours first: collected values grow with each merge, and a chain
            # would copy the first silo's once for every other silo.
            pairs = zip(found[::2], found[1::2], strict=False)
            found = [*itertools.starmap(merge, pairs), *found[len(found) // 2 * 2 :]]
        return found[0]

    return merged


def _is_finite(value: Value) -> bool:
    """Return whether all numbers in what a silo sent are finite."""
    return all(np.isfinite(leaf).all() for leaf in structure.flatten(value))


def _is_client_placed(type_: Type) -> bool:
    return (
        isinstance(type_, tff.FederatedType)
        and type_.placement is tff.CLIENTS
        and not type_.all_equal
    )


def _client_values(value: Value, type_: Type) -> list[list[Value]]:
    """Return the lists of client values in an argument."""
    if isinstance(type_, tff.StructType):
        inner = structure.from_container(value)
        elements = enumerate(structure.iter_elements(type_))
        return [v for i, (_, t) in elements for v in _client_values(inner[i], t)]
    return [value] if _is_client_placed(type_) else []


def _take(value: Value, type_: Type, index: int) -> Value:
    """Return the argument with only one of its client values."""
    if isinstance(type_, tff.StructType):
        inner = structure.from_container(value)
        return structure.Struct(
            [
                (name, _take(inner[i], element, index))
                for i, (name, element) in enumerate(structure.iter_elements(type_))
            ]
        )
    return [value[index]] if _is_client_placed(type_) else value
