"""Private steps against NumPy, and the chances that they promise.

With its secret given, a step is a function: none of these tests is a matter of luck.
"""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from components.federation import model, private_steps, tensor_files
from components.federation.local_training import LocalTraining, Rows
from components.federation.private import PrivateSilo, PrivateTraining, threshold_of
from components.federation.private_steps import PrivateSteps
from tests.components.federation import support

SECRET = (11, -22, 2**62, 3)
LABEL = 77
RATE = 0.25
ROWS = 101
CLIP = 0.125  # a power of two, so sums of it are exact
UNITS = 40
MASK = 2**32 - 1


@pytest.fixture(scope="module")
def rows():
    return support.make_rows(ROWS, seed=1)


@pytest.fixture(scope="module")
def start():
    return model.initialise(support.linear, support.NUM_FLOATS, 2, 5)


def told(canaries=0, rate=1.0, **changed):
    coins = np.ones(canaries, bool)
    silo = PrivateSilo(0.0, threshold_of(rate), 1, 8.0, 10**6, coins)._replace(
        **changed
    )
    types = {"noise": tf.float64, "batch": tf.float32}
    return {n: tf.constant(v, types.get(n)) for n, v in silo._asdict().items()}


def runner(start, rows, private, units=None, strength=0.0, learning_rate=RATE):
    """Return a function that takes steps from `start` and returns weights and sums."""
    steps = PrivateSteps(start, private, learning_rate, strength)
    weights = tuple(map(tf.constant, start.weights))
    anchor = tuple(w + 0.1 for w in weights)
    tensors = Rows(*map(tf.constant, (rows.floats, rows.ids, rows.labels)))
    units = None if units is None else tf.constant(units, tf.int32)

    @tf.function
    def train(told, secret, label):
        return steps.train(weights, tensors, units, told, secret, label, anchor)

    def run(told, secret=SECRET, label=LABEL):
        pair = tf.constant(secret, tf.int64), tf.constant(label, tf.int64)
        found, sums = train(told, *pair)
        return support.flat(tuple(w.numpy() for w in found)), sums.numpy()

    return run


def row_gradients(rows, weights):
    design = np.column_stack([rows.design, np.ones(len(rows.labels))])
    return (scipy.special.expit(design @ weights) - rows.labels)[:, None] * design


def cut(gradients, bounds):
    factors = np.minimum(1, bounds / np.linalg.norm(gradients, axis=1))
    return factors[:, None] * gradients


@pytest.mark.parametrize("clip", [0.3, 1e6])
@pytest.mark.parametrize("strength", [0.0, 0.5])
def test_steps_of_all_rows_without_noise_equal_numpy(start, rows, clip, strength):
    run = runner(start, rows, PrivateTraining(clip), strength=strength)
    first = weights = support.flat(start.weights)
    for _ in range(3):
        total = cut(row_gradients(rows, weights), clip).sum(0)
        pulled = strength * (weights - (first + 0.1))
        weights = weights - RATE * (total / 8 + pulled)
    np.testing.assert_allclose(run(told(steps=3))[0], weights, atol=3e-6)


@pytest.mark.parametrize("build", [support.linear, support.deep])
def test_all_rows_without_noise_nor_cut_equal_plain_training(rows, build):
    start = model.initialise(build, support.NUM_FLOATS, 2, 5)
    found, _ = runner(start, rows, PrivateTraining(1e6))(told(steps=4, batch=ROWS))
    loop = LocalTraining(start, ROWS, RATE)
    tensors = Rows(*map(tf.constant, (rows.floats, rows.ids, rows.labels)))
    seed = tf.constant(1, tf.int64)
    plain = tf.function(loop.train)(start.weights, tensors, seed, 4)
    np.testing.assert_allclose(found, support.flat(plain), atol=2e-6)


def test_people_are_cut_by_how_many_rows_they_have(start, rows):
    units = np.arange(ROWS) % 30 // 2  # persons of 6 to 8 rows, apart from each other
    found, _ = runner(start, rows, PrivateTraining(0.3), units)(told())
    each = row_gradients(rows, support.flat(start.weights))
    total = cut(each, 0.3 / np.bincount(units)[units]).sum(0)
    expected = support.flat(start.weights) - RATE * total / 8
    np.testing.assert_allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize("build", [support.linear, support.deep])
def test_a_step_that_draws_nobody_moves_nothing(rows, build):
    start = model.initialise(build, support.NUM_FLOATS, 2, 5)
    found, _ = runner(start, rows, PrivateTraining(1.0))(told(rate=0.0, steps=2))
    assert (found == support.flat(start.weights)).all()


def test_a_row_that_is_not_finite_counts_as_nothing(start, rows):
    floats = rows.floats.copy()
    floats[7] = np.inf
    bad = support.Rows(floats, rows.ids, rows.labels)
    found, _ = runner(start, bad, PrivateTraining(0.3))(told())
    each = cut(row_gradients(rows, support.flat(start.weights)), 0.3)
    total = np.delete(each, 7, axis=0).sum(0)
    expected = support.flat(start.weights) - RATE * total / 8
    np.testing.assert_allclose(found, expected, atol=2e-6)


# Each row has a weight of its own, moved by the row's bound in steps that draw it.


def wide(width):
    def build():
        floats = tf.keras.Input((width,), name="floats")
        ids = tf.keras.Input((0,), dtype=tf.int32, name="ids")
        logits = tf.keras.layers.Dense(1, use_bias=False)(floats)
        return tf.keras.Model([floats, ids], logits)

    start = model.initialise(build, width, 0, 5)
    return model.ClientModel(build, width, 0, (np.zeros_like(start.weights[0]),))


def seen(num_rows, units=None, canaries=0):
    """Return a function to which rows each of some steps drew, unit: the clip."""
    floats, ids = np.eye(num_rows, dtype=np.float32), np.zeros((num_rows, 0), np.int32)
    rows = support.Rows(floats, ids, np.ones(num_rows, np.float32))
    private = PrivateTraining(CLIP, canaries)
    run = runner(wide(num_rows), rows, private, units, learning_rate=1.0)

    def drawn(steps, **changed):
        asked = told(batch=1.0, **changed)
        return np.array([run(asked, label=i)[0] for i in range(steps)]) / CLIP

    return drawn


@pytest.fixture(scope="module")
def drawn():
    return seen(UNITS)


def test_units_are_drawn_as_often_as_promised_and_by_themselves(drawn):
    rate, steps = 0.3, 400
    found = drawn(steps, rate=rate)
    assert {*np.unique(found)} == {0, 1}
    assert scipy.stats.binomtest(int(found.sum()), found.size, rate).pvalue > 0.01
    variance = rate * (1 - rate)
    squares = (found.sum(0) - steps * rate) ** 2 / (steps * variance)
    assert 0.01 < scipy.stats.chi2.cdf(squares.sum(), UNITS) < 0.99  # each unit
    squares = (found.sum(1) - UNITS * rate) ** 2 / (UNITS * variance)
    assert 0.01 < scipy.stats.norm.cdf((squares.mean() - 1) * (steps / 2) ** 0.5) < 0.99
    pairs = np.corrcoef(found.T)[np.triu_indices(UNITS, 1)]
    assert scipy.stats.kstest(pairs * steps**0.5, "norm").pvalue > 0.01


def test_of_too_many_units_a_random_subset_is_taken(drawn):
    steps, cap = 400, 9
    all_of_them, found = drawn(steps, rate=0.3), drawn(steps, rate=0.3, cap=cap)
    assert (found <= all_of_them).all()
    assert (found.sum(1) == np.minimum(all_of_them.sum(1), cap)).all()
    cut_off = all_of_them.sum(1) > cap
    assert cut_off.sum() > 100
    # Of those drawn, where a unit stands must not decide whether it is kept.
    chance = (cap / all_of_them.sum(1))[cut_off][:, None] * all_of_them[cut_off]
    gap = (found[cut_off] - chance).sum(0)
    squares = gap**2 / (chance * (1 - chance)).sum(0)
    assert 0.01 < scipy.stats.chi2.cdf(squares.sum(), UNITS) < 0.99


def test_a_person_is_drawn_with_all_their_rows_and_never_exceeds_the_clip():
    units = np.repeat(np.arange(16), [1, 2, 4, 8] * 4)
    units = np.random.default_rng(0).permutation(units)
    drawn = seen(len(units), units)
    found = drawn(100, rate=0.4, cap=6) * np.bincount(units)[units]
    taken = np.zeros((100, 16))
    for unit in range(16):
        theirs = found[:, units == unit]
        assert {*np.unique(theirs)} == {0, 1}
        assert (theirs == theirs[:, :1]).all()
        taken[:, unit] = theirs[:, 0]
    assert taken.sum(1).max() == 6
    assert np.min(taken.sum(0)) > 20


def test_a_person_of_equal_rows_is_cut_to_the_clip(start):
    one = support.make_rows(1, seed=3)
    rows = support.Rows(
        *(np.repeat(p, 7, 0) for p in (one.floats, one.ids, one.labels))
    )
    run = runner(start, rows, PrivateTraining(0.01), np.zeros(7))
    moved = run(told(batch=1.0))[0] - support.flat(start.weights)
    assert np.linalg.norm(moved) == pytest.approx(RATE * 0.01, rel=1e-4)


# Noise, seen where there is no row.

WIDTH = 4000


@pytest.fixture(scope="module")
def noise():
    none = support.Rows(*(np.zeros(s, np.float32) for s in ((0, WIDTH), (0, 0), 0)))
    rows = support.Rows(none.floats, none.ids.astype(np.int32), none.labels)
    return runner(wide(WIDTH), rows, PrivateTraining(CLIP, 3), learning_rate=1.0)


def test_noise_is_normal_and_as_large_as_told(noise):
    found = -noise(told(3, noise=1.7, batch=20.0))[0] * 20 / CLIP / 1.7
    assert scipy.stats.kstest(found, "norm").pvalue > 0.01
    assert found.std() == pytest.approx(1, abs=0.03)
    assert found.mean() == pytest.approx(0, abs=0.04)
    lasting = -noise(told(3, noise=1.7, batch=20.0, steps=9))[0] * 20 / CLIP / 1.7
    assert scipy.stats.kstest(lasting / 3, "norm").pvalue > 0.01


def test_each_secret_label_and_step_has_noise_of_its_own(noise):
    asked = told(3, noise=1.0)
    found = [noise(asked)[0], noise(asked, label=LABEL + 1)[0]]
    for word in range(4):
        secret = np.array(SECRET)
        secret[word] ^= 1 << 40
        found.append(noise(asked, secret)[0])
    found.append(noise(told(3, noise=1.0, steps=2))[0] - found[0])  # the second step
    correlations = np.corrcoef(found)[np.triu_indices(len(found), 1)]
    assert np.abs(correlations).max() < 4 / WIDTH**0.5
    assert noise(asked)[0].tobytes() == found[0].tobytes()


def philox(key, counter):
    """Return a block of Philox4x32-10 (Salmon et al. 2011), two numbers of 64 bits."""
    k = [key & MASK, key >> 32]
    c = [counter[0] & MASK, counter[0] >> 32, counter[1] & MASK, counter[1] >> 32]
    for _ in range(10):
        one, two = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [two >> 32 ^ c[1] ^ k[0], two & MASK, one >> 32 ^ c[3] ^ k[1], one & MASK]
        k = [k[0] + 0x9E3779B9 & MASK, k[1] + 0xBB67AE85 & MASK]
    return c[0] | c[1] << 32, c[2] | c[3] << 32


def test_philox_has_its_published_values():
    assert philox(0, (0, 0)) == (0xE169C58D6627E8D5, 0x9B00DBD8BC57AC4C)
    key, counter = 0x299F31D0A4093822, (0x85A308D3243F6A88, 0x0370734413198A2E)
    assert philox(key, counter) == (0x94FDCCEBD16CFE09, 0x24126EA15001E420)


def test_a_step_draws_from_the_stream_that_the_whole_secret_decides():
    block = (5, LABEL)
    for word in SECRET:
        block = philox(word % 2**64, block)
    expected = [philox(block[0], (i, block[1])) for i in range(3)]
    words = tf.split(tf.bitcast(tf.constant(SECRET, tf.int64), tf.uint64), 4)
    step, label = tf.constant(5, tf.int64), tf.constant(LABEL, tf.int64)
    draw = private_steps._stream(words, label, step)
    found = draw(private_steps._INTEGERS, private_steps._DRAWS, 6, tf.uint64)
    assert [*found.numpy()] == [number for pair in expected for number in pair]


# Canaries.


def test_canaries_take_part_by_their_coins_and_the_rate(start, rows):
    coins = np.arange(200) % 2 == 0
    run = runner(start, rows, PrivateTraining(0.3, 200))
    asked = {"rate": 0.2, "steps": 50, "coins": coins, "cap": 5}
    _, exact = run(told(**asked))
    assert (exact[~coins] == 0).all()
    assert (exact == np.round(exact)).all()
    number = int(exact.sum())
    assert scipy.stats.binomtest(number, 50 * 100, 0.2).pvalue > 0.01
    _, noisy = run(told(noise=2.0, **asked))
    gap = (noisy - exact) / (2 * 50**0.5)
    assert scipy.stats.kstest(gap, "norm").pvalue > 0.01


def test_canaries_move_nothing(start, rows):
    asked = {"rate": 0.3, "steps": 5, "noise": 1.0, "cap": 20}
    without, nothing = runner(start, rows, PrivateTraining(0.3))(told(**asked))
    beside, _ = runner(start, rows, PrivateTraining(0.3, 50))(told(50, **asked))
    assert without.tobytes() == beside.tobytes()
    assert nothing.shape == (0,)


def test_units_are_read_from_their_file(tmp_path):
    units = np.array([0, 2, 1, 2], np.int32)
    units.tofile(tmp_path / tensor_files.UNITS)
    found = tf.function(private_steps.read_units)(str(tmp_path))
    assert found.numpy().tolist() == units.tolist()
