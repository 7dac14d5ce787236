"""Each aggregation over real workers, held against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pydantic
import pytest
import scipy.optimize

from components.federation import rounds
from components.federation.algorithms.coordinator import Coordinator
from components.federation.plan import Aggregation, TrainingPlan, Weighting
from components.payloads.model_run import RoundRecord
from tests.components.federation import support

SIZES = {"a": 300, "b": 120, "c": 57, "d": 200, "e": 90, "f": 150}
BAD = "f"  # its floats are thirty times too large
ROUNDS = 3
RATE = support.PLAN.client_learning_rate
PLAN = support.PLAN.model_copy(update={"quorum_per_round": 5})


def choose(name, weighting="examples", **options):
    update = {
        "aggregation": Aggregation(name=name, **options),
        "weighting": Weighting(name=weighting),
    }
    return PLAN.model_copy(update=update)


CASES = [
    choose("mean"),
    choose("clipped", clip_norm=0.1),
    choose("median"),
    choose("trimmed_mean", bad_silos=2),
    choose("geometric_median", "tempered"),
    choose("multi_krum", bad_silos=1),
]


class Clipping:
    """Norms of TFF's clipping and zeroing, which follow the median."""

    def __init__(self, start):
        self.clip = self.zero = start

    def __call__(self, updates):
        norms = np.linalg.norm(updates, axis=1)
        kept = norms <= 10 * self.zero
        updates = updates * kept[:, np.newaxis]
        self.zero *= np.exp(-np.log(10) * (np.mean(norms <= self.zero) - 0.5))
        norms *= kept
        clip = self.clip
        self.clip *= np.exp(-0.5 * (np.mean(norms <= clip) - 0.5))
        return updates * np.minimum(1, clip / np.maximum(norms, 1e-30))[:, np.newaxis]


def trimmed(column, cut):
    return np.mean(sorted(column)[cut : len(column) - cut])


def krum(updates, bad):
    num = len(updates)
    scores = []
    for one in updates:
        others = sorted(sum((one - other) ** 2) for other in updates)
        scores.append(sum(others[1 : num - bad - 1]))
    best = sorted(range(num), key=scores.__getitem__)[: num - bad - 2]
    return np.mean([updates[k] for k in best], axis=0)


def geometric_median(updates, weights):
    def total(point):
        return weights @ np.linalg.norm(updates - point, axis=1)

    start = np.average(updates, axis=0, weights=weights)
    options = {"xatol": 1e-8, "fatol": 1e-14, "maxiter": 10**5, "maxfev": 10**5}
    for _ in range(3):
        start = scipy.optimize.minimize(total, start, method="BFGS", tol=1e-9).x
    return scipy.optimize.minimize(
        total, start, method="Nelder-Mead", options=options
    ).x


def merge(chosen, updates, weights):
    match chosen.name:
        case "mean" | "clipped":
            return weights @ updates / weights.sum()
        case "median":
            return np.median(updates, axis=0)
        case "trimmed_mean":
            return np.array([trimmed(c, chosen.bad_silos) for c in updates.T])
        case "geometric_median":
            return geometric_median(updates, weights)
        case "multi_krum":
            return krum(updates, chosen.bad_silos)
    raise AssertionError(chosen)


@pytest.fixture(scope="module")
def rows():
    found = {
        name: support.make_rows(num, i) for i, (name, num) in enumerate(SIZES.items())
    }
    found[BAD].floats[:] *= 30
    return found


@pytest.fixture(scope="module")
def federation(rows, tmp_path_factory):
    """Six silos with their workers, for all the plans."""
    root = tmp_path_factory.mktemp("homes")
    silos = [support.make_silo(root, name, rows[name]) for name in rows]
    with rounds.federation(silos, PLAN, tmp_path_factory.mktemp("workers")) as found:
        yield found


@pytest.mark.tff
@pytest.mark.slow
@pytest.mark.parametrize("plan", CASES, ids=lambda plan: plan.aggregation.name)
def test_weights_and_records_equal_numpy(plan, rows, federation):
    start, program = support.program_of(support.linear, plan)
    coordinator = Coordinator(start, plan, SIZES, {})
    weights = support.flat(start.weights)
    shares = np.array([*coordinator.weights(coordinator.rows, []).values()])
    clip = Clipping(plan.aggregation.clip_norm)
    state = program.process.initialize()
    records: list[RoundRecord] = []
    for number in range(1, ROUNDS + 1):
        done = federation.run(program.process.run_round, state, records, coordinator)
        state = done.state
        records.append(done.record)
        updates = np.array(
            [
                weights - support.local_sgd(own, weights, batches, RATE)
                for silo, own in rows.items()
                for batches in [support.shuffled(SIZES[silo], plan, number, silo)]
            ]
        )
        if plan.aggregation.name == "clipped":
            updates = clip(updates)
        mean = shares @ updates / shares.sum()
        for record, update in zip(done.record.silos, updates, strict=True):
            norm = float(np.linalg.norm(update))
            cosine = update @ mean / max(norm * np.linalg.norm(mean), 1e-12)
            assert record.update_norm == pytest.approx(norm, rel=1e-4)
            assert record.cosine == pytest.approx(cosine, abs=1e-4)
            np.testing.assert_allclose(
                done.updates[record.silo], update, rtol=1e-4, atol=1e-5 * max(1, norm)
            )
        weights = weights - merge(plan.aggregation, updates, shares)
        merged = support.flat(tuple(state.global_model_weights.trainable))
        scale = max(1.0, float(np.abs(weights).max()))
        np.testing.assert_allclose(merged, weights, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize(
    ("name", "bad", "least"),
    [("trimmed_mean", 2, 5), ("multi_krum", 2, 7)],
)
def test_quorum_must_be_enough_for_the_bad_silos(name, bad, least):
    chosen = {"name": name, "bad_silos": bad}
    TrainingPlan(quorum_per_round=least, aggregation=chosen)
    with pytest.raises(pydantic.ValidationError) as caught:
        TrainingPlan(quorum_per_round=least - 1, aggregation=chosen)
    assert caught.value.errors()[0]["msg"] == (
        f"Value error, found `quorum_per_round` {least - 1}, expected at least "
        f"{least}: `{name}` needs as many silos a round to hold for {bad} bad ones"
    )
