"""Trainings that protect rows, or silos as a whole, over real workers."""

from __future__ import annotations

import dataclasses
import itertools
import os
import stat

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from components.errors import SettingsError
from components.federation import (
    aggregation,
    context,
    model,
    noise_seeds,
    rounds,
    tensor_files,
    training,
)
from components.federation.aggregators import SiloLevel
from components.federation.algorithms import process
from components.federation.algorithms.coordinator import Coordinator
from components.federation.plan import Algorithm, Weighting
from components.federation.private import PrivateSilo, PrivateTraining
from components.silos import engine, homes, tasks
from tests.components.federation import support

pytestmark = pytest.mark.tff

PLAN = support.PLAN.model_copy(update={"algorithm": Algorithm(name="fed_prox", mu=0.5)})
UNIFORM = PLAN.model_copy(update={"weighting": Weighting(name="uniform")})
PRIVATE = PrivateTraining(clip=0.5, canaries=4, people=True)
SILO_LEVEL = SiloLevel(noise=0.3, clip=0.2, silos=3)
COINS = {"north": np.array([1, 1, 0, 0], bool), "south": np.array([0, 1, 0, 1], bool)}
STEPS = 3
ALL = 2**31 - 1  # a threshold that 2**32 - 1 of as many numbers are below


def wide():
    """Return a model of 2,401 weights, enough to know the scale of noise by."""
    floats = tf.keras.Input((support.NUM_FLOATS,), name="floats")
    ids = tf.keras.Input((len(support.VALUES),), dtype=tf.int32, name="ids")
    hot = [tf.one_hot(ids[:, i], k) for i, k in enumerate(support.VALUES)]
    hidden = tf.keras.layers.Dense(200, "relu")(
        tf.keras.layers.Concatenate()([floats, *hot])
    )
    return tf.keras.Model([floats, ids], tf.keras.layers.Dense(1)(hidden))


def units_of(rows):
    return np.arange(len(rows.labels), dtype=np.int32) // 2  # a person has two rows


@pytest.fixture
def federation(tmp_path):
    """Return two silos whose rows are of people, and the rows."""
    silos, rows = support.make_federation(tmp_path / "homes")
    for silo in silos[:2]:
        path = silo.path(support.FOLDER, tensor_files.UNITS)
        units_of(rows[silo.id]).tofile(path)
        homes.chown_to_silo(silo, path)
    return silos[:2], rows


@pytest.fixture(scope="module")
def private_program():
    start = model.initialise(support.linear, support.NUM_FLOATS, 2, PLAN.seed)
    return training.program(start, support.FOLDER, PLAN, private=PRIVATE)


def test_a_model_whose_rows_gradients_can_t_be_cut_is_refused():
    def shared():
        floats = tf.keras.Input((support.NUM_FLOATS,), name="floats")
        ids = tf.keras.Input((len(support.VALUES),), dtype=tf.int32, name="ids")
        twice = tf.keras.layers.Dense(support.NUM_FLOATS, name="twice")
        logits = tf.keras.layers.Dense(1)(twice(twice(floats)))
        return tf.keras.Model([floats, ids], logits)

    start = model.initialise(shared, support.NUM_FLOATS, 2, PLAN.seed)
    with pytest.raises(SettingsError, match=r"layer `twice` \(Dense\) is used 2 times"):
        training.program(start, support.FOLDER, PLAN, private=PRIVATE)


@pytest.fixture(scope="module")
def noisy_program():
    start = model.initialise(wide, support.NUM_FLOATS, 2, PLAN.seed)
    return training.program(start, support.FOLDER, UNIFORM, silo_level=SILO_LEVEL)


def told(noise=0.0):
    return {
        silo: PrivateSilo(noise, ALL, STEPS, 40.0, 10**6, coins)
        for silo, coins in COINS.items()
    }


def train(program, silos, folder, plan=PLAN, **options):
    rows = {silo: support.num_rows(silo) for silo in silos}
    return training.train(program, rows, plan, folder, folder / "tb", **options)


def secrets_left(folder):
    return [*folder.rglob(noise_seeds.FILE)]


class Recorder:
    """An engine that runs tasks here and keeps the secrets that they write."""

    def __init__(self):
        self.secrets = []

    def __call__(self, task, calls):
        for index, (silo, arguments) in enumerate(calls):
            yield index, tasks.attempt(task, silo, arguments)
            if task == noise_seeds.WRITE:
                path = silo.path(support.FOLDER, noise_seeds.FILE)
                self.secrets.append(path.read_bytes())


def private_descent(rows, weights, batch):
    """Return what the steps of a round make of weights, where nobody adds noise."""
    design = np.column_stack([rows.design, np.ones(len(rows.labels))])
    anchor, mu = weights, PLAN.algorithm.mu
    for _ in range(STEPS):
        errors = scipy.special.expit(design @ weights) - rows.labels
        each = errors[:, None] * design
        bounds = PRIVATE.clip / np.bincount(units_of(rows))[units_of(rows)]
        each *= np.minimum(1, bounds / np.linalg.norm(each, axis=1))[:, None]
        moved = each.sum(0) / batch + mu * (weights - anchor)
        weights = weights - PLAN.client_learning_rate * moved
    return weights


def test_without_noise_it_is_what_numpy_makes_of_it_also_when_resumed(
    federation, private_program, tmp_path
):
    silos, rows = federation
    kept, recorder = tmp_path / "training", Recorder()
    with engine.using(recorder):
        with support.stopped_after(1):
            train(private_program, silos, kept, private_silos=told())
        found = train(private_program, silos, kept, private_silos=told())
    weights = support.flat(private_program.client_model.weights)
    counts = [support.SIZES[silo.id] for silo in silos]
    for _ in range(PLAN.rounds):
        each = [private_descent(rows[silo.id], weights, 40.0) for silo in silos]
        weights = np.average(each, axis=0, weights=counts)
    support.assert_close(found.weights, weights)
    assert found.resumed_from == 1
    assert found.asked == {"north": 1, "south": 1}
    for silo, coins in COINS.items():  # over both rounds
        expected = PLAN.rounds * STEPS * coins
        np.testing.assert_array_equal(found.canary_sums[silo], expected)
    assert len({*recorder.secrets}) == len(recorder.secrets) == 2 * PLAN.rounds
    assert {len(secret) for secret in recorder.secrets} == {noise_seeds.NUM_BYTES}


def test_a_round_that_came_to_nothing_counts_when_a_training_goes_on(
    federation, private_program, tmp_path
):
    silos, kept = federation[0], tmp_path / "training"
    with support.stopped_after(1):
        train(private_program, silos, kept, private_silos=told())
    units = silos[1].path(support.FOLDER, tensor_files.UNITS)
    for _ in range(2):
        units.rename(units.with_name("away"))
        refused = train(private_program, silos, kept, private_silos=told())
        assert refused.asked == {"north": 1, "south": 1}
        units.with_name("away").rename(units)
    found = train(private_program, silos, kept, private_silos=told())
    assert (found.refusal, found.resumed_from, found.begun_before) == ("", 1, 3)
    again = train(private_program, silos, kept, private_silos=told())
    assert (again.resumed_from, again.begun_before) == (PLAN.rounds, PLAN.rounds + 2)
    assert again.asked == {}


def test_a_silo_tells_its_update_and_its_canaries_and_nothing_else(
    federation, private_program, tmp_path
):
    silos, _ = federation
    start, run_round = private_program.client_model, private_program.process.run_round
    coordinator = Coordinator(start, PLAN, support.SIZES, {}, private=told(1.0))
    with (
        rounds.federation(silos, PLAN, tmp_path) as asking,
        noise_seeds.of_round(silos, support.FOLDER, None),
    ):
        state = private_program.process.initialize()
        done = asking.run(run_round, state, [], coordinator)
        sent = asking.context.aggregates
    for silo, aggregate in sent.items():
        leaves = [np.asarray(leaf) for leaf in tf.nest.flatten(aggregate)]
        forms = [(leaf.dtype.name, leaf.shape) for leaf in leaves]
        shapes = [("float32", weight.shape) for weight in start.weights]
        assert forms == [("float64", (1, 4)), *shapes, ("float32", ())]
        assert leaves[-1] == support.SIZES[silo]  # as it was told
    assert [one.examples for one in done.record.silos] == [300, 120]
    losses = [(one.loss_before, one.loss_after) for one in done.record.silos]
    assert losses == [(None, None)] * 2
    assert done.record.loss_before is done.record.loss_after is None


class OneSeed(Coordinator):
    """Sends each silo the same seed in each round."""

    def _seed(self, number, silo):
        del number, silo
        return 1


def test_a_worker_reads_its_secret_in_each_round(federation, private_program, tmp_path):
    silos, _ = federation
    start, run_round = private_program.client_model, private_program.process.run_round
    coordinator = OneSeed(start, PLAN, support.SIZES, {}, private=told(1.0))
    with rounds.federation(silos, PLAN, tmp_path) as asking:
        state = private_program.process.initialize()
        found = []
        for _ in range(3):
            with noise_seeds.of_round(silos, support.FOLDER, None):
                done = asking.run(run_round, state, [], coordinator)
            found.append(np.concatenate([*done.canary_sums.values()]))
    for one, other in itertools.combinations(found, 2):
        assert np.all(one != other)


def test_noise_is_of_the_secret_alone(
    federation, private_program, tmp_path, monkeypatch
):
    silos, _ = federation

    def weights(name):
        found = train(private_program, silos, tmp_path / name, private_silos=told(0.5))
        assert not secrets_left(tmp_path)
        return np.concatenate(
            [support.flat(found.weights), *found.canary_sums.values()]
        )

    def given(start):
        numbers = itertools.count(start)
        random = lambda size: next(numbers).to_bytes(size, "little")  # noqa: E731
        with monkeypatch.context() as patch, engine.using(Recorder()):
            patch.setattr(os, "urandom", random)
            return weights(str(numbers))

    first, second = weights("first"), weights("second")
    assert np.all(first != second)
    same, again, other = given(5), given(5), given(6)
    assert np.array_equal(same, again)
    assert np.all(same != other)


def test_a_secret_is_the_silo_s_own_and_ends_with_the_round(federation):
    silos, _ = federation
    with noise_seeds.of_round(silos, support.FOLDER, None) as failed:
        assert failed == {}
        found = [silo.path(support.FOLDER, noise_seeds.FILE).stat() for silo in silos]
    for silo, status in zip(silos, found, strict=True):
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert status.st_uid == homes.uid_of(silo)
        assert status.st_size == noise_seeds.NUM_BYTES
    assert not any(secrets_left(silo.path()) for silo in silos)


def test_a_secret_never_goes_through_a_link(federation, tmp_path):
    silos, _ = federation
    target = tmp_path / "target"
    target.write_text("precious")
    silos[0].path(support.FOLDER, noise_seeds.FILE).symlink_to(target)
    with noise_seeds.of_round(silos, support.FOLDER, None) as failed:
        assert not failed
    assert target.read_text() == "precious"


def test_no_secret_is_left_by_a_round_that_fails(federation, private_program, tmp_path):
    silos, _ = federation
    silos[1].path(support.FOLDER, tensor_files.LABELS).unlink()
    found = train(private_program, silos, tmp_path / "t", private_silos=told())
    assert found.refusal.startswith("round 1: 1 of 2 silos answered")
    assert not secrets_left(tmp_path)
    assert found.asked == {"north": 1, "south": 1}  # it may have answered
    assert not np.any([*found.canary_sums.values()])


def test_a_silo_without_a_secret_is_dropped_with_the_reason(
    federation, private_program, tmp_path
):
    silos, _ = federation
    (silos[1].path(support.FOLDER, noise_seeds.FILE) / "full").mkdir(parents=True)
    plan = PLAN.model_copy(update={"quorum_per_round": 1, "rounds": 1})
    options = {"plan": plan, "private_silos": told()}
    found = train(private_program, silos, tmp_path / "t", **options)
    (record,) = found.rounds
    assert [silo.silo for silo in record.silos] == ["north"]
    (drop,) = record.dropped
    assert (drop.silo, "silo `south`: write_noise: " in drop.reason) == ("south", True)
    assert found.asked == {"north": 1}


def test_noise_of_the_coordinator_is_fresh_of_its_scale_and_known_to_no_silo(
    federation, noisy_program, tmp_path
):
    silos, _ = federation
    run_round = noisy_program.process.run_round
    coordinator = Coordinator(noisy_program.client_model, UNIFORM, support.SIZES, {})
    noises, mean = [], np.zeros(1)
    with rounds.federation(silos, UNIFORM, tmp_path, weighted=False) as asking:
        state = noisy_program.process.initialize()
        before = model.flat(state.global_model_weights.trainable)
        for _ in range(3):
            with noise_seeds.of_round((), "", tmp_path / "server"):
                done = asking.run(run_round, state, [], coordinator)
            weights = [np.asarray(w) for w in state.global_model_weights.trainable]
            updates, shares = aggregation.updates_of(
                [*asking.context.aggregates.values()], weights, weighted=False
            )
            # Single updates, cut; divided by three silos though two have answered.
            assert shares.tolist() == [1, 1]
            norms = np.linalg.norm(updates, axis=1)
            np.testing.assert_allclose(norms, SILO_LEVEL.clip, rtol=1e-5)
            mean = updates.sum(0) / SILO_LEVEL.silos
            after = model.flat(done.state.global_model_weights.trainable)
            noises.append(before - after - mean)
        to_silos = context._split(run_round).up_to_merge.type_signature.parameter
    scale = SILO_LEVEL.noise * SILO_LEVEL.clip / SILO_LEVEL.silos
    for noise in noises:
        assert np.std(noise) == pytest.approx(scale, rel=0.08)
        assert scipy.stats.kstest(noise / scale, "norm").pvalue > 1e-6
        assert abs(noise @ mean) < 6 * scale * np.linalg.norm(mean)
    for one, other in itertools.combinations(noises, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.12
    assert not tf.nest.flatten(state.aggregator)
    assert "aggregator=<>" in to_silos.compact_representation()


def test_silos_train_under_the_coordinator_s_noise_and_their_mean_is_not_kept(
    federation, noisy_program, tmp_path
):
    silos, _ = federation
    found = train(noisy_program, silos, tmp_path / "t", UNIFORM)
    assert not found.refusal
    assert found.asked == {"north": 2, "south": 2}
    assert found.mean_of_silos == ()
    assert not secrets_left(tmp_path)


@pytest.mark.parametrize(
    ("changed", "privacy", "found"),
    [
        ({"algorithm": Algorithm(name="scaffold")}, {"private": PRIVATE}, "scaffold"),
        ({"algorithm": Algorithm(name="term")}, {"silo_level": SILO_LEVEL}, "term"),
        ({}, {"silo_level": SILO_LEVEL}, "examples"),
    ],
)
def test_plans_that_protect_nobody_are_refused(changed, privacy, found):
    plan = PLAN.model_copy(update=changed)
    start = model.initialise(support.linear, support.NUM_FLOATS, 2, PLAN.seed)
    with pytest.raises(ValueError, match=f"found .*{found}"):
        process.build(start, plan, "", **privacy)


def test_numbers_of_other_silos_and_factors_are_refused(
    federation, private_program, noisy_program, tmp_path
):
    silos, _ = federation
    some = {"north": told()["north"]}
    for numbers in ({}, some):
        with pytest.raises(ValueError, match="expected all silos or none"):
            train(private_program, silos, tmp_path, private_silos=numbers)
    unprotected = dataclasses.replace(private_program, private=None)
    with pytest.raises(ValueError, match="expected all silos or none"):
        train(unprotected, silos, tmp_path, private_silos=told())
    with pytest.raises(ValueError, match="silos that count alike"):
        train(noisy_program, silos, tmp_path, UNIFORM, factors={"north": 0.5})
