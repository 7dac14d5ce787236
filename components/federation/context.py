"""The TFF context of a federation of silos: who computes what, and until when.

A federated computation is split into three (`MergeableCompForm`): what each
silo does up to its aggregates, the merge of two silos' aggregates, and what
follows. Silos run the first, each in its own thread and under a deadline; merge
and the rest run on the coordinator's own worker only, so no silo ever receives
another's update. Aggregates merge in a fixed tree over the silos' order, so the
same cohort gives the same bits.

Not for computations that return values placed at the silos, nor for secure
aggregation: the latter's intrinsics would have to become plain sums.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
import time
from collections.abc import Callable, Mapping, Sequence

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

from components import circumstances
from components.errors import FairSiloError, QuorumError
from components.federation.endpoint import Endpoint, WorkerError
from components.federation.tff_types import Computation, Type, Value

BUSY = "still works on an earlier round"
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


@dataclasses.dataclass(frozen=True)
class Participation:
    """Who took part in a computation.

    Attributes:
        aggregates: What each silo sent, which was then merged in this order.
        dropped: Why the others sent nothing, by silo.
    """

    aggregates: dict[str, Value]
    dropped: dict[str, str]

    @property
    def answered(self) -> tuple[str, ...]:
        """Silos whose aggregates were merged, in the order of merging."""
        return tuple(self.aggregates)


class Compilers:
    """Compiles each computation once, for all workers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: dict[tuple[str, int], tuple[Value, Value]] = {}

    def native(self, computation: Computation) -> Computation:
        """Return what a worker can run."""
        compile_ = tff.backends.native.desugar_and_transform_to_native
        return self._once("native", compile_, computation)

    def mergeable(self, computation: Computation) -> Computation:
        """Return the three parts of a federated computation.

        Raises:
            NotImplementedError: It asks for secure aggregation.
        """
        return self._once("mergeable", _split, computation)

    def _once(
        self,
        kind: str,
        compile_: Callable[[Computation], Computation],
        computation: Computation,
    ) -> Computation:
        with self._lock:
            key = (kind, id(computation))
            if key not in self._done:  # the computation is kept, so its id stays
                self._done[key] = (computation, compile_(computation))
            return self._done[key][1]


def _split(computation: Computation) -> Computation:
    tree = computation.to_building_block()
    if tree_analysis.contains_called_intrinsic(tree, _SECURE):
        raise NotImplementedError(
            "the computation asks for secure aggregation; found no protocol for it "
            "here, and a plain sum in its place would not be secure"
        )
    return tff.backends.native.compile_to_mergeable_comp_form(computation)


class SiloContext(tff.framework.SyncContext):  # type: ignore[misc]  # TFF: no types
    """Runs TFF computations over silos; install it with `tff.framework`.

    Args:
        silos: The silos' workers by id.
        server: The coordinator's own worker.
        compilers: Shared with the endpoints.
        timeout_s: Time that silos have for a computation, unit: seconds.
        quorum: Silos that must answer, >= 1.
    """

    def __init__(
        self,
        silos: Mapping[str, Endpoint],
        server: Endpoint,
        compilers: Compilers,
        timeout_s: float,
        quorum: int,
    ) -> None:
        self._silos = silos
        self._server = server
        self._compilers = compilers
        self._timeout_s = timeout_s
        self._quorum = quorum
        self.cohort: tuple[str, ...] = ()
        """Silos of the next computation, in the order of its client values."""
        self.participation = Participation({}, {})
        """Who took part in the last computation."""

    def invoke(self, comp: Computation, arg: Value) -> Value:
        """Run a computation; TFF calls this.

        Raises:
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
        form = self._compilers.mergeable(comp)
        self._compilers.native(form.up_to_merge)  # once, before the silos' threads
        parts = self._ask(form.up_to_merge, arg, parameter)
        merged = self._merge(form.merge, parts)
        index = self.cohort.index(self.participation.answered[0])
        after = structure.Struct.unnamed(_take(arg, parameter, index), merged)
        return type_conversions.type_to_py_container(
            self._serve(form.after_merge, after), result
        )

    def _serve(self, computation: Computation, argument: Value) -> Value:
        late = WorkerError("DEADLINE_EXCEEDED", self._timeout_s)
        try:
            return self._server.submit(computation, argument).result(self._timeout_s)
        except (WorkerError, TimeoutError, concurrent.futures.CancelledError) as error:
            found = str(error if isinstance(error, WorkerError) else late)
            raise circumstances.of_circumstance(
                FairSiloError(
                    f"the coordinator could not merge what the silos sent: {found}",
                    "run again: the training goes on after its last finished round; "
                    "server.log among the workers' logs, beside the checkpoints, may "
                    "tell more",
                )
            ) from None

    def _ask(
        self, computation: Computation, arg: Value, parameter: Type
    ) -> list[Value]:
        """Return the aggregates of the silos that answer in time, in cohort order."""
        end = time.monotonic() + self._timeout_s
        futures: dict[str, concurrent.futures.Future[Value]] = {}
        parts: dict[str, Value] = {}
        dropped: dict[str, str] = {}
        for index, silo in enumerate(self.cohort):
            endpoint = self._silos[silo]
            if endpoint.busy:
                dropped[silo] = BUSY
            else:
                argument = _take(arg, parameter, index)
                futures[silo] = endpoint.submit(computation, argument)
        for silo, future in futures.items():
            try:
                parts[silo] = future.result(max(0.01, end - time.monotonic()))
            except (WorkerError, TimeoutError, concurrent.futures.CancelledError) as e:
                late = WorkerError("DEADLINE_EXCEEDED", self._timeout_s)
                dropped[silo] = str(e if isinstance(e, WorkerError) else late)
        self.participation = Participation(parts, dropped)
        if len(parts) < self._quorum:
            raise below_quorum(len(parts), len(self.cohort), self._quorum, dropped)
        return list(parts.values())

    def _merge(self, merge: Computation, parts: Sequence[Value]) -> Value:
        # Neighbours first: collected values grow with each merge, and a chain
        # would send the first silo's once for every other silo.
        while len(parts) > 1:
            pairs = [
                self._serve(merge, structure.Struct.unnamed(*parts[i : i + 2]))
                for i in range(0, len(parts) - 1, 2)
            ]
            parts = [*pairs, *parts[len(pairs) * 2 :]]
        return parts[0]


def below_quorum(
    found: int, asked: int, quorum: int, dropped: Mapping[str, str]
) -> QuorumError:
    """Return the error for a round with too few silos.

    Args:
        found: Silos that can be merged.
        asked: Silos that were asked.
        quorum: Silos that are needed.
        dropped: Why the others can't be merged, by silo.
    """
    reasons = "; ".join(f"`{silo}`: {why}" for silo, why in sorted(dropped.items()))
    return QuorumError(
        f"{found} of {asked} silos answered, the quorum is {quorum} ({reasons})",
        "mend the silos named here (the log of a worker that was started here lies "
        "beside the checkpoints), or lower the trainer's `quorum_per_round`",
    )


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
