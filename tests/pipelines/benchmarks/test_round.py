"""The bench of rounds runs whole; what it measures is not judged here."""

from __future__ import annotations

import pytest

from pipelines.benchmarks import round as bench


@pytest.mark.tff
@pytest.mark.slow
def test_the_bench_runs_whole(monkeypatch):
    monkeypatch.setattr(bench, "SILOS", 3)
    found = bench.bench_round(rows=600)
    assert found["round_over_keras_pass"] == found["round_s"] / found["keras_pass_s"]
    assert found["round_over_xla_pass"] == found["round_s"] / found["xla_pass_s"]
    assert all(value > 0 for value in found.values())
