"""What decides a training: plain numbers, no engine, no data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from components.settings import Section


class ServerOptimizer(Section):
    """How the coordinator applies the mean of the silos' updates."""

    name: Literal["sgd", "adam"] = "sgd"
    """`sgd` (with `momentum`, if any) or `adam`."""

    learning_rate: float = Field(1.0, gt=0, le=100)
    """Its step; 1.0 with `sgd` takes the mean as it is, 0.01 suits `adam`."""

    momentum: float = Field(0.0, ge=0, lt=1)
    """Of `sgd`; 0 is none."""

    epsilon: float = Field(1e-3, gt=0, le=1)
    """Of `adam`: the larger, the less it adapts to single weights."""


class ByName(Section):
    """A choice by name; some parameters are of some names alone."""

    PARAMETERS: ClassVar[dict[str, tuple[str, ...]]] = {}
    """The names that a parameter is of; one that is not here is of all."""

    name: str

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, value: object) -> object:
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_parameters(self) -> ByName:
        for parameter in sorted(self.model_fields_set):
            if not self.has(parameter, self.name):
                owners = " and ".join(f"`{one}`" for one in self.PARAMETERS[parameter])
                raise ValueError(f"`{parameter}` is of {owners}, found `{self.name}`")
        return self

    @classmethod
    def has(cls, parameter: str, name: str) -> bool:
        """Return whether a parameter has a meaning for a name."""
        return name in cls.PARAMETERS.get(parameter, (name,))

    @model_serializer(mode="wrap")
    def _of_its_name(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what has no meaning, so that it can be read again."""
        values = handler(self).items()
        return {key: value for key, value in values if self.has(key, self.name)}


class Algorithm(ByName):
    """The federated algorithm."""

    PARAMETERS: ClassVar[dict[str, tuple[str, ...]]] = {
        "mu": ("fed_prox",),
        "q": ("q_fed_avg",),
        "tilt": ("term", "loss_gap"),
        "step": ("afl",),
    }

    name: Literal[
        "fed_avg", "fed_prox", "scaffold", "q_fed_avg", "afl", "term", "loss_gap"
    ] = "fed_avg"
    """Its name; `fairsilo algorithms describe NAME` says what each is for."""

    mu: float = Field(0.01, ge=0, le=100)
    """Of `fed_prox`: how strongly a silo is drawn to the round's model; 0 is
    `fed_avg`."""

    q: float = Field(0.1, ge=0, le=5)
    """Of `q_fed_avg`: how much more a silo counts whose loss is large; 0 is
    `fed_avg`."""

    tilt: float = Field(1.0, ge=0, le=100)
    """Of `term` and `loss_gap`: how much more a silo counts whose loss, or gap, is
    large, unit: 1/nat; 0 is `fed_avg`."""

    step: float = Field(0.1, ge=0, le=100)
    """Of `afl`: how far the silos' shares move by their losses in a round, unit: 1/nat;
    0 is `fed_avg`."""


class Weighting(ByName):
    """How much each silo's update counts in the mean."""

    PARAMETERS: ClassVar[dict[str, tuple[str, ...]]] = {
        "power": ("tempered",),
        "cap": ("capped",),
    }

    name: Literal["examples", "uniform", "tempered", "capped"] = "examples"
    """`examples` (each row counts alike), `uniform` (each silo), `tempered` (rows to
    the power of `power`) or `capped` (rows, but no silo more than `cap`)."""

    power: float = Field(0.5, ge=0, le=1)
    """Of `tempered`: 1 counts rows, 0 silos."""

    cap: float = Field(0.25, gt=0, le=1)
    """Of `capped`: largest share of a silo, 0 to 1."""


class Aggregation(ByName):
    """What the coordinator makes of the silos' updates."""

    PARAMETERS: ClassVar[dict[str, tuple[str, ...]]] = {
        "bad_silos": ("trimmed_mean", "multi_krum"),
        "clip_norm": ("clipped",),
    }

    name: Literal[
        "mean", "clipped", "median", "trimmed_mean", "geometric_median", "multi_krum"
    ] = "mean"
    """`mean` (weighted), `clipped` (the mean of updates cut to about their median
    norm), or one that bad silos can't lead astray: `median` and `trimmed_mean` of each
    weight, `geometric_median` (weighted) or `multi_krum`."""

    bad_silos: int = Field(1, ge=1, le=100_000)
    """Of `trimmed_mean` and `multi_krum`: as many silos may send anything at all; the
    quorum must be twice as many and 1 more, with `multi_krum` 3 more."""

    clip_norm: float = Field(1.0, gt=0, le=1e6)
    """Of `clipped`: the norm that it starts from, before it has seen any."""

    @property
    def least_silos(self) -> int:
        """How many silos a round needs for the bad ones to do no harm."""
        more = {"trimmed_mean": 1, "multi_krum": 3}.get(self.name)
        return 1 if more is None else 2 * self.bad_silos + more

    @property
    def extra_bytes(self) -> int:
        """Bytes that a silo sends in a round beside its update with its weight."""
        # Whether its norm was above that to clip and that to zero: three numbers each.
        return 24 if self.name == "clipped" else 0


class TrainingPlan(Section):
    """All that decides a training, beside model and data."""

    algorithm: Algorithm = Algorithm()
    """How silos train and what the coordinator makes of it; a name alone will do.
    `fairsilo algorithms list` says which there are."""

    weighting: Weighting = Weighting()
    """How much each silo counts; a name alone will do."""

    aggregation: Aggregation = Aggregation()
    """What is made of the silos' updates; a name alone will do."""

    rounds: int = Field(10, ge=1, le=100_000)
    """Rounds: each trains in every silo and merges once."""

    local_epochs: int = Field(1, ge=1, le=1_000)
    """Passes over a silo's rows in a round."""

    batch_size: int = Field(64, ge=1, le=1_000_000)
    """Rows a local step."""

    client_learning_rate: float = Field(0.1, gt=0, le=100)
    """Step of the silos' local SGD."""

    server_optimizer: ServerOptimizer = ServerOptimizer()
    """How the mean of the updates is applied."""

    seed: int = Field(0, ge=0, lt=2**32)
    """Decides initial weights and shuffles: the same seed, the same model."""

    quorum_per_round: int = Field(2, ge=1)
    """Silos that must answer in each round; with fewer the training stops."""

    round_timeout_s: float = Field(600.0, gt=0, le=86_400)
    """Seconds that a silo has for a round before it is dropped from it."""

    @model_validator(mode="after")
    def _enough_for_bad_silos(self) -> TrainingPlan:
        if self.quorum_per_round < (least := self.aggregation.least_silos):
            raise ValueError(
                f"found `quorum_per_round` {self.quorum_per_round}, expected at least "
                f"{least}: `{self.aggregation.name}` needs as many silos a round to "
                f"hold for {self.aggregation.bad_silos} bad ones"
            )
        return self

    @model_validator(mode="after")
    def _check_combination(self) -> TrainingPlan:
        chosen = (self.algorithm.name, self.weighting.name, self.aggregation.name)
        for name in chosen:
            for rule in REFUSED:
                if name in rule.names and rule.applies(self):
                    raise ValueError(f"`{name}` with {rule.other}: {rule.reason}")
        return self


class Rule(NamedTuple):
    """A combination that makes no sense."""

    names: tuple[str, ...]  # of algorithms, weightings or aggregations
    other: str  # in words, what they are not combined with
    applies: Callable[[TrainingPlan], bool]  # whether a plan has it
    reason: str


REFUSED = (
    Rule(
        ("q_fed_avg", "afl", "term", "loss_gap"),
        "any aggregation but `mean` and `clipped`",
        lambda plan: plan.aggregation.name not in {"mean", "clipped"},
        "it weighs a silo by the loss that it tells, which these aggregations ignore, "
        "or which a bad silo could invent",
    ),
    Rule(
        ("scaffold",),
        "any aggregation but `mean`",
        lambda plan: plan.aggregation.name != "mean",
        "its corrections sum to zero in the mean alone",
    ),
    Rule(
        ("afl",),
        "any weighting but `examples`",
        lambda plan: plan.weighting.name != "examples",
        "it finds the silos' shares itself, starting from their rows",
    ),
    Rule(
        ("median", "trimmed_mean", "multi_krum"),
        "any weighting but `examples`",
        lambda plan: plan.weighting.name != "examples",
        "it counts all silos alike, so no weighting has an effect",
    ),
    Rule(
        ("q_fed_avg",),
        "server momentum or `adam`",
        lambda plan: (
            plan.server_optimizer.name != "sgd" or plan.server_optimizer.momentum > 0
        ),
        "it finds the size of the server's step itself, from losses and updates",
    ),
)
"""Checked at start, and told by `fairsilo algorithms describe`."""
