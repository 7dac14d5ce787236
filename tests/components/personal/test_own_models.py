"""Training of a silo's own models against plain NumPy, and what is kept of it."""

from __future__ import annotations

import dataclasses
import errno
import shutil

import numpy as np
import pytest

from components import temporary_faults
from components.errors import SiloError
from components.personal import alone, store
from components.personal.calls import Schedule
from components.scoring import model as scoring
from components.silos import homes, tasks
from tests.components.personal.support import flat, sgd
from tests.components.silo_benchmark import support as cases
from tests.support.at_once import age, at_once

BASE = cases.base_weights()
DITTO = Schedule(4, 32, 0.2, 5, strength=0.3)
DROPOUT = cases.MODEL.replace(
    "tf.keras.layers.Dense(1)(inputs)",
    "tf.keras.layers.Dense(1)(tf.keras.layers.Dropout(0.5)(inputs))",
)
FLOW = cases.MODEL.replace(
    "def build_model",
    """class Flow(tf.keras.layers.Layer):
    def call(self, inputs):
        if tf.reduce_sum(inputs) > 1e9:
            inputs = -inputs
        return inputs

def build_model""",
).replace("Dense(1)(inputs)", "Dense(1)(Flow()(inputs))")
DIVERGING = cases.MODEL.replace("Dense(1)(inputs)", "Dense(1)(inputs * 1e30)")


@pytest.fixture
def trainings(monkeypatch):
    """Return the list of what was trained, by the folder that it was kept in."""
    kept, keep = [], store.keep

    def spy(silo, folder, key, found):
        kept.append(folder)
        return keep(silo, folder, key, found)

    monkeypatch.setattr(store, "keep", spy)
    return kept


@pytest.mark.parametrize(("name", "rows"), [("north", 150), ("west", 41)])
@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_training_equals_plain_sgd_with_a_proximal_term(make_own, name, rows, strength):
    own = make_own(rows, name=name)
    schedule = dataclasses.replace(DITTO, strength=strength)
    anchor = tuple(0.25 * one for one in BASE)
    found = [*own.local.passes(name, own.train.rows, schedule, BASE, anchor)]
    expected = sgd(own.train.rows, flat(BASE), schedule, name, flat(anchor))
    assert len(found) == 4
    np.testing.assert_allclose(flat(found[-1]), expected, atol=1e-5)
    assert np.abs(flat(found[-1]) - flat(BASE)).max() > 0.01


def test_without_strength_ditto_is_fine_tuning(make_own):
    own = make_own()
    tuned = dataclasses.replace(DITTO, strength=0.0)
    zero, fine = own.personal(BASE, tuned, BASE), own.personal(BASE, tuned, ())
    np.testing.assert_array_equal(flat(zero.model.weights), flat(fine.model.weights))


def test_alone_takes_as_many_passes_as_the_federation_from_its_start(make_own):
    own = make_own(choose=0, rounds=2, local_epochs=2)
    kept = own.alone().model
    schedule = Schedule(4, 32, 0.2, 5)
    expected = sgd(
        own.train.rows, flat(own.local.initial), schedule, "north", np.zeros(1)
    )
    np.testing.assert_allclose(flat(kept.weights), expected, atol=1e-5)
    assert kept.passes == 4


def test_scores_are_those_of_the_weights(make_own):
    own = make_own()
    found = own.local.scores(BASE, own.choose.rows)
    expected = 1 / (1 + np.exp(-2.0 * own.choose.rows.floats[:, 0]))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_layers_may_have_control_flow_over_tensors(make_own):
    plain, flowing = make_own().alone(), make_own(model=FLOW).alone()
    np.testing.assert_allclose(
        flat(flowing.model.weights), flat(plain.model.weights), atol=1e-6
    )


def test_layer_that_draws_random_numbers_does_not_remember_other_silos(make_own):
    north = make_own(model=DROPOUT)
    first = north.alone().model.weights
    for name in ("alone", "personal"):
        shutil.rmtree(north._silo.path(name), ignore_errors=True)
    make_own(41, name="west").alone()
    np.testing.assert_array_equal(flat(first), flat(make_own().alone().model.weights))


def test_model_is_found_again_and_its_file_holds_what_serves(make_own, trainings):
    own = make_own()
    first, again = own.personal(BASE, DITTO, BASE), own.personal(BASE, DITTO, BASE)
    assert len(trainings) == 1
    assert first.weights_file == again.weights_file
    path = own._silo.path(first.weights_file)
    served = scoring.digest_of(scoring.read_weights(path), own.spec)
    assert served == scoring.digest_of(first.model.weights, own.spec)
    assert served == scoring.digest_of(again.model.weights, own.spec)
    np.testing.assert_array_equal(first.model.scores, again.model.scores)
    assert path.parent.name.startswith(scoring.digest_of(BASE, own.spec)[:16])


def test_model_is_trained_anew_for_all_that_decides_it(make_own, trainings):
    own = make_own()
    other_base = tuple(0.5 * one for one in BASE)
    own.personal(BASE, DITTO, BASE)
    own.personal(other_base, DITTO, BASE)
    own.personal(BASE, DITTO, other_base)
    own.personal(BASE, dataclasses.replace(DITTO, strength=0.1), BASE)
    own.personal(BASE, dataclasses.replace(DITTO, passes=3), BASE)
    make_own(train=149).personal(BASE, DITTO, BASE)
    make_own(choose=60).personal(BASE, DITTO, BASE)
    make_own(model=cases.MODEL + "\nX = 1\n").personal(BASE, DITTO, BASE)
    assert len({*trainings}) == len(trainings) == 8


def test_weights_of_another_base_are_not_taken_from_a_folder_of_the_same_name(make_own):
    own = make_own()
    stale = own._silo.path(own.personal(BASE, DITTO, BASE).weights_file).parent
    other_base = tuple(0.5 * one for one in BASE)
    found = own.personal(other_base, DITTO, BASE)
    folder = own._silo.path(found.weights_file).parent
    shutil.rmtree(folder)
    shutil.copytree(stale, folder)
    again = own.personal(other_base, DITTO, BASE)
    assert again.weights_file == found.weights_file
    np.testing.assert_array_equal(flat(again.model.weights), flat(found.model.weights))


def test_alone_does_not_depend_on_the_base_model(make_own, trainings):
    own = make_own()
    own.alone()
    own.personal(BASE, DITTO, BASE)
    own.alone()
    assert [folder.split("/")[0] for folder in trainings] == ["alone", "personal"]


@pytest.mark.parametrize("name", [store.WEIGHTS, store.SCORES, store.RECORD])
@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_damaged_model_is_trained_again(make_own, trainings, name, damage):
    own = make_own()
    first = own.alone()
    file = own._silo.path(first.weights_file).with_name(name)
    before = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    again = own.alone()
    assert len(trainings) == 2
    np.testing.assert_array_equal(flat(first.model.weights), flat(again.model.weights))
    assert file.read_bytes() == before


def test_models_belong_to_the_silo_and_nobody_else_reads_them(make_own):
    own = make_own()
    own.alone()
    paths = [own._silo.path("alone"), *own._silo.path("alone").rglob("*")]
    assert len(paths) == 5
    for path in paths:
        assert path.stat().st_uid == homes.uid_of(own._silo)
    folders = [path for path in paths if path.is_dir()]
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}


def test_two_runs_at_once_keep_the_same_model(make_own):
    own = make_own()
    found = own.alone()
    folder, key = own._silo.path(found.weights_file).parent, own._key(own._alone)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def run(_):
        store.keep(own._silo, store.alone_folder(key), key, found.model)
        return store.find(own._silo, store.alone_folder(key), key) is not None

    assert all(all(pair) for pair in at_once(run, 10))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_full_disk_names_the_silo_and_leaves_nothing(make_own, monkeypatch):
    own = make_own()

    def full(path, *_):
        path.write_bytes(b"cut")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(scoring, "write_weights", full)
    with pytest.raises(
        SiloError, match=r"silo `north`: alone/.* no space left"
    ) as caught:
        own.alone()
    assert temporary_faults.is_temporary(caught.value)
    assert "make room" in caught.value.hint
    assert list(own._silo.path("alone").iterdir()) == []


def test_what_killed_runs_left_is_removed_and_models_stay(make_own):
    own = make_own()
    old = own._silo.path(own.alone().weights_file).parent
    killed = old.with_name(".killed")
    killed.mkdir()
    for path in (old, killed):
        age(path, 400)
    own.personal(BASE, DITTO, BASE)
    make_own(train=90).alone()
    assert not killed.exists()
    assert old.exists()


def test_alone_loss_is_that_of_the_training_rows(make_own):
    own = make_own()
    found = alone.alone_loss(own._silo, own._arguments)
    scores = own.local.scores(own.alone().model.weights, own.train.rows)
    labels = own.train.rows.labels
    expected = -np.log(np.where(labels == 1, scores, 1 - scores)).mean()
    assert found.values == {"rows": 150, "loss": pytest.approx(expected)}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"model": DIVERGING, "client_learning_rate": 1e10}, "numbers that are not"),
        ({"train": 0}, "no training rows"),
    ],
)
def test_alone_loss_that_cannot_be_had_is_refused(make_own, changes, found):
    own = make_own(**changes)
    failure = tasks.attempt(alone.ALONE_LOSS, own._silo, own._arguments)
    assert isinstance(failure, tasks.Failure)
    assert found in failure.reason
    assert failure.hint
