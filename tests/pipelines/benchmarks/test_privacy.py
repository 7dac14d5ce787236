"""The bench of privacy runs whole at a tiny size; what it measures is not judged."""

from __future__ import annotations

import pytest

from pipelines.benchmarks import privacy
from pipelines.benchmarks import round as plain_round


def test_steps_with_privacy_are_as_many_as_without_it():
    told = privacy._told("north", 10_240, 256)
    assert (told.steps, told.batch) == (10 * 40, 256.0)
    assert told.rate == pytest.approx(1 / 40)
    # Of few rows half, so that chance has a say in who is drawn.
    assert privacy._told("south", 100, 256)[1:4] == (0, 10 * 2, 50.0)


@pytest.mark.tff
@pytest.mark.slow
def test_cost_is_of_rounds_over_workers_and_has_its_bar(monkeypatch):
    plan = plain_round.PLAN.model_copy(update={"rounds": 2})
    monkeypatch.setattr(plain_round, "PLAN", plan)
    monkeypatch.setattr(plain_round, "SILOS", 2)
    monkeypatch.setattr(privacy, "STEPS", 2)
    monkeypatch.setattr(privacy, "TURNS", 1)
    monkeypatch.setattr(privacy, "BARS", {256: 0.0})
    found = privacy.bench_privacy(only="cost")
    (one,) = found["cost"]
    assert one["plain_s"] > 0
    assert one["private_over_plain"] == one["private_s"] / one["plain_s"]
    assert not found["passed"]
    assert not found["figures"]
