"""Attacks what `privacy.mode: example` promises, on this installation.

A silo of made-up rows trains by the use case's own plan, model and privacy settings: the
steps of its workers, told what they would be told. Nobody's rows are read, no budget is
spent. Each row and canary gradient takes part by a coin, guessed (`attack.py`) from

- what the silo sends of the canary gradients;
- how far each round's change lowers the loss of a canary row by its gradient. Such rows
  go through the model and are cut; each has a column of its own, 0 in all others, and
  only weights that ordinary rows don't move are looked at;
- the losses of ordinary rows under the last model, which is all that is seen.

The same without noise: attackers who see nothing there would not see a fault either. A
federation's other silos can only hide more. Each row is of a person of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import schema_pb2

from components.features.spec import FIRST_VALUE_ID, Categorical, FeatureSpec, Numeric
from components.federated_trainer import privacy
from components.federation import ghost, model, model_module
from components.federation.local_training import Rows, cross_entropies
from components.federation.private import PrivateSilo, PrivateTraining
from components.federation.private_steps import PrivateSteps
from components.federation.tff_types import Value
from components.privacy import accounting
from components.privacy.attack import attacked
from pipelines.use_case import UseCase

CATEGORIES = ("a", "b", "c")  # of each text column
GUESSED = ("canary gradients", "canary rows", "ordinary rows")


class MadeUpSilo:
    """A silo of made-up rows, canary rows among them.

    Args:
        use_case: Its `privacy.mode` is `example`.
        num_rows: Ordinary rows that take part, on average, beside half of the canaries.
        seed: Decides rows, coins and noise, for tests; by default nobody knows it.

    Raises:
        FairSiloError: The model or the promise is none that can be kept.
    """

    def __init__(
        self, use_case: UseCase, num_rows: int, seed: int | None = None
    ) -> None:
        self.settings, self.plan = use_case.settings.privacy, use_case.settings.training
        spec, count = _spec(use_case), self.settings.canaries
        self._model = model_module.load(use_case.model_file, spec, self.plan.seed)
        ghost.check(self._model)
        units = num_rows + count // 2
        share = privacy.planned(self.settings, self.plan, "", units)
        self.mechanism = share.mechanism
        self.told: PrivateSilo = share.told  # type: ignore[assignment]  # in this mode
        self._generator = rng = np.random.default_rng(seed)
        columns, total = len(spec.numeric) - count, 2 * num_rows + count
        floats = np.zeros((total, spec.num_floats), np.float32)
        floats[count:, :columns] = rng.normal(size=(2 * num_rows, columns))
        floats[:count, columns : columns + count] = spec.clip * np.eye(count)
        ids = FIRST_VALUE_ID + rng.integers(len(CATEGORIES), size=(total, spec.num_ids))
        logits = floats[:, :columns] @ rng.normal(size=columns)
        labels = rng.random(total) < 1 / (1 + np.exp(-logits))
        coins = rng.random(total) < 0.5
        self.coins = [self.told.coins, coins[:count], coins[count:]]  # of `GUESSED`
        self._rows, self._canaries, self._ordinary = (
            Rows(
                tf.constant(floats[which]),
                tf.constant(ids[which], tf.int32),
                tf.constant(labels[which], tf.float32),
            )
            for which in (coins, slice(count), slice(count, None))
        )
        mu = self.plan.algorithm.mu if self.plan.algorithm.name == "fed_prox" else 0.0
        of_all = PrivateTraining(self.settings.clip, count)
        rate = self.plan.client_learning_rate
        self._train = tf.function(PrivateSteps(self._model, of_all, rate, mu).train)
        self._keras = self._model.build()
        self._lowered = tf.function(self._lower)

    def train(self, noise: float) -> list[NDArray[np.float64]]:
        """Train with noise, unit: the clip norm; score who took part, as `GUESSED`."""
        told = self.told._replace(noise=noise)._asdict()
        told = {name: tf.constant(value) for name, value in told.items()}
        weights, sent, falls = self._model.weights, 0.0, 0.0
        for number in range(self.plan.rounds):
            secret = tf.constant(self._generator.integers(-(2**63), 2**63, 4))
            label, old = tf.constant(number, tf.int64), [*map(tf.constant, weights)]
            weights, sums = self._train(old, self._rows, None, told, secret, label, old)
            sent += sums.numpy()
            change = [
                after - before for after, before in zip(weights, old, strict=True)
            ]
            falls += self._lowered(old, change).numpy()
        model.assign(self._keras, weights)
        losses = cross_entropies(self._keras, self._ordinary, False).numpy()
        return [sent, falls, -losses]

    def _lower(self, weights: Value, change: Value) -> Value:
        """Return how far a change lowers the canary rows' losses, by their gradients."""
        model.assign(self._keras, weights)
        variables, zero = self._keras.trainable_weights, tf.UnconnectedGradients.ZERO
        with tf.GradientTape() as tape:
            losses = cross_entropies(self._keras, self._ordinary, False)
        theirs = tape.gradient(losses, variables, unconnected_gradients=zero)
        moved = [tf.convert_to_tensor(one) != 0.0 for one in theirs]
        own = [tf.where(m, 0.0, one) for m, one in zip(moved, change, strict=True)]
        with tf.autodiff.ForwardAccumulator(variables, own) as forward:
            losses = cross_entropies(self._keras, self._canaries, False)
        return -forward.jvp(losses)


def audit(silo: MadeUpSilo) -> dict[str, Any]:
    """Return the claim and what attacks show, as JSON values; each bound is at 95 %."""
    told, delta = silo.mechanism, silo.settings.delta
    claimed = accounting.epsilon([told], delta)
    attacks: list[dict[str, Any]] = [{"guessed": name} for name in GUESSED]
    for suffix, noise in ("", told.noise), ("_without_noise", 0.0):
        for one, coins, seen in zip(
            attacks, silo.coins, silo.train(noise), strict=True
        ):
            below = np.searchsorted(np.sort(seen[~coins]), seen[coins])
            one[f"epsilon{suffix}"] = attacked(seen, coins, delta)
            one[f"auc{suffix}"] = float(below.mean() / np.count_nonzero(~coins))
    claim = {"claimed": claimed, "delta": delta, "noise": told.noise}
    passed = all(one["epsilon"] <= claimed for one in attacks)
    return {**claim, "units": told.units, "attacks": attacks, "passed": passed}


def _spec(use_case: UseCase) -> FeatureSpec:
    """Return features as the schema has them, and a column for each canary row."""
    settings, schema = use_case.settings, schema_pb2.Schema()
    text_format.Parse(use_case.schema_file.read_text("utf-8"), schema)
    hidden = [settings.rows.label, *settings.rows.key, settings.privacy.person]
    numbers: list[str] = []
    texts: list[str] = []
    for one in schema.feature:
        if one.name not in [*hidden, *settings.features.ignore]:
            is_text = one.type == schema_pb2.BYTES or one.int_domain.is_categorical
            (texts if is_text else numbers).append(one.name)
    numbers += [f"canary {number}" for number in range(settings.privacy.canaries)]
    numeric = tuple(Numeric(name, 0.0, 1.0) for name in numbers)
    categorical = tuple(Categorical(name, CATEGORIES) for name in texts)
    return FeatureSpec(numeric, categorical, settings.features.clip)
