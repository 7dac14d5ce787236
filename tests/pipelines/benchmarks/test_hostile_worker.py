"""Hostile workers as processes in a training: what they answer, and who notices."""

from __future__ import annotations

import numpy as np
import pytest

from components.federation import rounds
from components.federation.algorithms.coordinator import Coordinator
from components.federation.silo_registry import SiloRegistry
from components.federation.workers import Workers, _listeners
from components.payloads.model_run import RoundRecord
from pipelines.benchmarks import hostile_worker
from pipelines.benchmarks.hostile_worker import Rider
from tests.components.federation import support

ROUNDS = 4
SIZES = {"east": 80, **support.SIZES}


def sent(honest, models, kind, **options):
    rider = Rider(kind, **options)
    return hostile_worker.answer(rider, [np.array(one) for one in models], [honest])


def test_before_two_models_are_known_there_is_but_noise():
    honest = np.array([3.0, 4.0])
    for kind in ("delta", "copy"):
        noise = sent(honest, [[1.0, 1.0]], kind)
        assert np.linalg.norm(noise) == pytest.approx(0.05)
    assert sent(honest, [[1.0, 1.0]], "turns", turn=2) is honest


def test_noise_is_of_its_share_and_of_its_seed():
    models = [[0.0, 0.0, 5.0], [3.0, 4.0, 5.0]]
    for share in (0.1, 0.5, 2.0):
        noisy = sent(np.ones(3), models, "copy", share=share)
        assert np.linalg.norm(noisy - [-3, -4, 0]) == pytest.approx(5 * share)
        again = sent(np.ones(3), models, "copy", share=share)
        np.testing.assert_array_equal(noisy, again)
        other = sent(np.ones(3), models, "copy", share=share, seed=1)
        assert np.abs(noisy - other).max() > 0.01


def test_a_twin_waits_for_what_is_lent(tmp_path, monkeypatch):
    monkeypatch.setattr(hostile_worker, "WAIT_S", 0.0)
    shared = str(tmp_path)
    with pytest.raises(TimeoutError, match="nothing was lent for 0 s"):
        sent(np.ones(1), [[0.0]], "twin", shared=shared)
    sent(np.array([7.0]), [[0.0]], "lender", shared=shared)
    assert sent(np.ones(1), [[0.0]], "twin", shared=shared) == [7.0]


@pytest.fixture(scope="module")
def silos(tmp_path_factory):
    root = tmp_path_factory.mktemp("homes")
    return [
        support.make_silo(root, name, support.make_rows(num, seed))
        for seed, (name, num) in enumerate(SIZES.items())
    ]


@pytest.fixture(scope="module")
def train(silos, tmp_path_factory):
    """Return a function that gives each round's model, updates and record."""
    plan = support.PLAN.model_copy(update={"rounds": ROUNDS})
    start, program = support.program_of(support.linear, plan)

    def run(riders):
        found: list[tuple] = []
        folder = tmp_path_factory.mktemp("training")
        with Workers(folder) as workers:
            workers.launch(silos)
            real = {silo.id: workers.address(silo) for silo in silos}
            with (
                hostile_worker.started(riders, real) as addresses,
                rounds.federation(
                    silos,
                    plan,
                    folder / "coordinator",
                    silo_registry=SiloRegistry("silos.json", addresses),
                ) as federation,
            ):
                coordinator = Coordinator(start, plan, SIZES, {})
                state = program.process.initialize()
                records: list[RoundRecord] = []
                for _ in range(ROUNDS):
                    model = support.flat(state.global_model_weights.trainable)
                    done = federation.run(
                        program.process.run_round, state, records, coordinator
                    )
                    assert not done.record.dropped
                    state = done.state
                    records.append(done.record)
                    found.append((model, done.updates, done.record))
        return found

    return run


@pytest.fixture(scope="module")
def honest(train):
    return train({})


@pytest.mark.tff
def test_riders_answer_as_they_are_told_and_the_others_as_without(
    train, honest, tmp_path
):
    told = {
        "east": Rider("zero"),
        "north": Rider("lender", shared=str(tmp_path)),
        "west": Rider("twin", shared=str(tmp_path)),
    }
    found = train(told)
    for _, updates, record in found:
        assert not updates["east"].any()
        np.testing.assert_allclose(updates["west"], updates["north"], atol=1e-6)
        by_silo = {one.silo: one for one in record.silos}
        assert by_silo["east"].loss_after < by_silo["east"].loss_before
    (_, first, _), (_, now, _) = honest[0], found[0]
    for silo in ("north", "south"):  # of the same model: the same bits
        np.testing.assert_array_equal(first[silo], now[silo])


@pytest.mark.tff
def test_riders_that_follow_the_model(train, honest):
    told = {
        "east": Rider("delta"),
        "north": Rider("replay"),
        "south": Rider("copy", share=0.5),
        "west": Rider("turns", share=0.5, turn=3),
    }
    found = train(told)
    first = honest[0][1]
    np.testing.assert_array_equal(found[0][1]["west"], first["west"])
    norms = [np.linalg.norm(found[0][1][one]) for one in ("east", "south")]
    expected = [0.01 * np.linalg.norm(first[one]) for one in ("east", "south")]
    np.testing.assert_allclose(norms, expected, rtol=1e-4)
    for number, (model, updates, _) in enumerate(found[1:], 2):
        delta = found[number - 2][0] - model
        np.testing.assert_allclose(updates["east"], delta, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(updates["north"], first["north"], atol=1e-6)
        noisy = ("south", "west") if number >= 3 else ("south",)
        for silo in noisy:
            away = np.linalg.norm(updates[silo] - delta) / np.linalg.norm(delta)
            assert away == pytest.approx(0.5, rel=1e-3)


@pytest.mark.tff
def test_no_process_is_left(silos, tmp_path):
    with Workers(tmp_path) as workers:
        real = {silo.id: workers.address(silo) for silo in silos[:1]}
        told = {"east": Rider("zero")}
        with hostile_worker.started(told, real) as addresses:
            port = int(addresses["east"].rpartition(":")[2])
            assert _listeners(port) == 1
        assert _listeners(port) == 0
