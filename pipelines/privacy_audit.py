"""Attacks what `privacy.mode: example` promises, on this installation.

A silo of made-up rows trains by the use case's own plan, model and privacy settings,
with the steps of its workers. Nobody's rows are read, no budget is spent. Each row and
canary gradient takes part by a coin, which is guessed (`attack.py`) from

- what the silo sends of the canary gradients;
- how far each round lowers the loss of a canary row by weights that ordinary rows don't
  move. It goes through the model and is cut; all other rows are 0 in its own column;
- the losses of ordinary rows under the last model, which is all that is seen.

The same without noise: attackers who see nothing there would not see a fault either.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from numpy.typing import NDArray
from scipy import stats
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
        rows: Ordinary rows that take part, on average, beside half of the canaries.
        seed: Decides rows, coins and noise, for tests; by default nobody knows it.

    Raises:
        FairSiloError: The model or the promise is none that can be kept.
    """

    def __init__(self, use_case: UseCase, rows: int, seed: int | None = None) -> None:
        self.settings, self.plan = use_case.settings.privacy, use_case.settings.training
        spec, canaries = _spec(use_case), self.settings.canaries
        self._model = model_module.load(use_case.model_file, spec, self.plan.seed)
        ghost.check(self._model)
        units = rows + canaries // 2
        share = privacy.planned(self.settings, self.plan, "made-up", units)
        self.mechanism = share.mechanism
        self.told: PrivateSilo = share.told  # type: ignore[assignment]  # in this mode
        self._generator = rng = np.random.default_rng(seed)
        total, columns = 2 * rows + canaries, len(spec.numeric)
        floats = np.zeros((total, spec.num_floats), np.float32)
        floats[:canaries, :canaries] = spec.clip * np.eye(canaries)
        drawn = rng.normal(size=(2 * rows, columns - canaries))
        floats[canaries:, canaries:columns] = drawn
        ids = FIRST_VALUE_ID + rng.integers(len(CATEGORIES), size=(total, spec.num_ids))
        logits = floats[:, canaries:columns] @ rng.normal(size=columns - canaries)
        labels = rng.random(total) < 1 / (1 + np.exp(-logits))
        encoded = floats, ids.astype(np.int32), labels.astype(np.float32)
        coins = rng.random(total) < 0.5
        self.coins = [self.told.coins, coins[:canaries], coins[canaries:]]
        self._rows, self._canaries, self._ordinary = (
            Rows(*(tf.constant(part[which]) for part in encoded))
            for which in (coins, slice(canaries), slice(canaries, None))
        )
        algorithm, rate = self.plan.algorithm, self.plan.client_learning_rate
        mu = algorithm.mu if algorithm.name == "fed_prox" else 0.0
        of_all = PrivateTraining(self.settings.clip, canaries)
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
            falls += self._lowered(old, weights).numpy()
        model.assign(self._keras, weights)
        losses = cross_entropies(self._keras, self._ordinary, False).numpy()
        return [sent, falls, -losses]

    def _lower(self, old: Value, new: Value) -> Value:
        """Return how far what canary rows alone move in a round lowers their losses."""
        model.assign(self._keras, old)
        before = cross_entropies(self._keras, self._canaries, False)
        with tf.GradientTape() as tape:
            losses = cross_entropies(self._keras, self._ordinary, False)
        zero, variables = tf.UnconnectedGradients.ZERO, self._keras.trainable_weights
        theirs = tape.gradient(losses, variables, unconnected_gradients=zero)
        theirs = [tf.convert_to_tensor(one) == 0.0 for one in theirs]
        model.assign(self._keras, [*map(tf.where, theirs, new, old)])
        return before - cross_entropies(self._keras, self._canaries, False)


def audit(silo: MadeUpSilo) -> dict[str, Any]:
    """Return the claim and what attacks show, as JSON values; each bound is at 95 %."""
    told, delta = silo.mechanism, silo.settings.delta
    claimed = accounting.epsilon([told], delta)
    attacks: list[dict[str, Any]] = [{"guessed": name} for name in GUESSED]
    for suffix, noise in ("", told.noise), ("_without_noise", 0.0):
        scores = silo.train(noise)
        for one, coins, seen in zip(attacks, silo.coins, scores, strict=True):
            above = stats.mannwhitneyu(seen[coins], seen[~coins]).statistic
            one[f"epsilon{suffix}"] = attacked(seen, coins, delta)
            one[f"auc{suffix}"] = float(above / coins.sum() / (~coins).sum())
    claim = {"claimed": claimed, "delta": delta, "noise": told.noise}
    passed = all(one["epsilon"] <= claimed for one in attacks)
    return {**claim, "units": told.units, "attacks": attacks, "passed": passed}


def _spec(use_case: UseCase) -> FeatureSpec:
    """Return a column for each canary row, and behind them those of the schema."""
    settings, schema = use_case.settings, schema_pb2.Schema()
    text_format.Parse(use_case.schema_file.read_text("utf-8"), schema)
    hidden = {settings.rows.label, *settings.rows.key, settings.privacy.person}
    hidden |= {*settings.features.ignore}
    canaries = range(settings.privacy.canaries)
    numeric = [Numeric(f"canary {number}", 0.0, 1.0) for number in canaries]
    categorical = []
    for one in (each for each in schema.feature if each.name not in hidden):
        if one.type == schema_pb2.BYTES or one.int_domain.is_categorical:
            categorical.append(Categorical(one.name, CATEGORIES))
        else:
            numeric.append(Numeric(one.name, 0.0, 1.0))
    return FeatureSpec(tuple(numeric), tuple(categorical), settings.features.clip)
