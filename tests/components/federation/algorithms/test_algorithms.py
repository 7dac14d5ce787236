"""Each algorithm over real workers, held against its paper's equations in NumPy."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from components.federation import training
from components.federation.plan import Algorithm, TrainingPlan
from tests.components.federation import support

pytestmark = [pytest.mark.tff, pytest.mark.slow]

PLAN = support.PLAN.model_copy(update={"rounds": 3})
OWN_LOSSES = {"north": 0.3, "south": 0.45, "west": 0.55}
# Strong enough that each would fail as another, or with another's parameter.
CHOSEN = (
    Algorithm(name="fed_prox", mu=0.7),
    Algorithm(name="scaffold"),
    Algorithm(name="q_fed_avg", q=2.0),
    Algorithm(name="afl", step=0.4),
    Algorithm(name="term", tilt=8.0),
    Algorithm(name="loss_gap", tilt=8.0),
)
NEUTRAL = (
    Algorithm(name="fed_prox", mu=0.0),
    Algorithm(name="q_fed_avg", q=0.0),
    Algorithm(name="afl", step=0.0),
    Algorithm(name="term", tilt=0.0),
    Algorithm(name="loss_gap", tilt=0.0),
)


def of(algorithm: Algorithm, **changes: object) -> TrainingPlan:
    return PLAN.model_copy(update={"algorithm": algorithm, **changes})


def name(algorithm):
    return algorithm.name


@pytest.fixture(scope="module")
def trained(train):
    """Return a function that gives start and result of an algorithm's training."""

    @functools.cache
    def run(algorithm):
        return train(of(algorithm), references=OWN_LOSSES)

    return run


@pytest.fixture(scope="module")
def fed_avg(trained):
    return trained(Algorithm())[1]


@pytest.mark.parametrize("algorithm", CHOSEN, ids=name)
def test_three_rounds_over_unequal_silos_equal_the_paper_in_numpy(
    federation, trained, fed_avg, algorithm
):
    start, result = trained(algorithm)
    expected, _ = support.numpy_training(
        federation[1], support.flat(start.weights), of(algorithm), OWN_LOSSES
    )
    np.testing.assert_allclose(support.flat(result.weights), expected, atol=1e-5)
    apart = support.flat(result.weights) - support.flat(fed_avg.weights)
    assert np.abs(apart).max() > 1e-3  # so FedAvg would fail


@pytest.mark.parametrize("algorithm", CHOSEN, ids=name)
def test_training_that_stopped_after_a_round_goes_on_to_the_same_bytes(
    federation, trained, tmp_path, algorithm
):
    _, program = support.program_of(support.linear, of(algorithm))
    rows = {silo: support.num_rows(silo) for silo in federation[0]}

    def run():
        return training.train(
            program,
            rows,
            of(algorithm),
            tmp_path,
            tmp_path / "tb",
            references=OWN_LOSSES,
        )

    with support.stopped_after(1):
        run()
    result = run()
    assert result.resumed_from == 1
    whole = trained(algorithm)[1]
    assert result.rounds == whole.rounds
    for found, expected in zip(result.weights, whole.weights, strict=True):
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("algorithm", NEUTRAL, ids=name)
def test_algorithm_whose_parameter_is_zero_equals_fed_avg(algorithm, trained, fed_avg):
    _, result = trained(algorithm)
    for found, expected in zip(result.weights, fed_avg.weights, strict=True):
        if algorithm.name == "afl":  # it sends shares of rows, not rows
            np.testing.assert_allclose(found, expected, atol=1e-7)
        else:
            assert found.tobytes() == expected.tobytes()


def test_first_round_of_scaffold_equals_that_of_fed_avg(trained, fed_avg):
    _, result = trained(Algorithm(name="scaffold"))
    assert result.rounds[0] == fed_avg.rounds[0]
    assert result.rounds[1].loss_before == fed_avg.rounds[1].loss_before
    assert result.rounds[2].loss_before != fed_avg.rounds[2].loss_before


@pytest.mark.parametrize(
    "algorithm",
    [one for one in CHOSEN if one.name not in {"fed_prox", "q_fed_avg"}],
    ids=name,
)
def test_one_silo_equals_central_training(federation, train, algorithm):
    silos, rows = federation
    plan = of(algorithm, quorum_per_round=1)
    start, result = train(plan, silos=silos[:1], references=OWN_LOSSES)
    central = support.flat(start.weights)
    for number in range(1, plan.rounds + 1):
        batches = support.shuffled(support.SIZES["north"], plan, number, "north")
        central = support.local_sgd(
            rows["north"], central, batches, plan.client_learning_rate
        )
    support.assert_close(result.weights, central)


def test_loss_gap_refuses_a_silo_without_a_loss_of_its_own(federation, train):
    with pytest.raises(ValueError, match="silo `south`: found no loss of its model"):
        train(of(CHOSEN[-1]), references={"north": 0.3, "west": 0.5})
