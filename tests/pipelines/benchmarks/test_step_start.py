"""The bench starts real processes and tells ratios."""

import pytest

from pipelines.benchmarks import step_start


@pytest.mark.slow
def test_a_steps_start_is_told_against_tensorflow_and_all_of_tfx():
    told = step_start.bench_step_start(times=1)
    assert told["step_seconds"] > 0
    assert told["step_over_tfx_v1"] == pytest.approx(
        told["step_seconds"] / told["tfx_v1_seconds"], abs=0.02
    )
