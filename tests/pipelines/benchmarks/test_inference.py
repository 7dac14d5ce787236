import pytest

from pipelines.benchmarks.inference import bench_inference

pytestmark = pytest.mark.beam


def test_both_sides_give_the_same_scores_and_their_speeds_are_told():
    result = bench_inference(rows=20_000, workers=1, repeats=1)
    assert result["largest_difference"] < 1e-6
    assert result["rows"] == 20_000
    assert result["ratio_to_limit"] == pytest.approx(
        result["limit_cpu_seconds_per_million"] / result["cpu_seconds_per_million"]
    )
    assert result["ratios"] == [pytest.approx(result["ratio_to_limit"], abs=1e-3)]
    assert result["ratio_to_limit_wall"] == pytest.approx(
        result["rows_per_second"] / result["limit_rows_per_second"]
    )
    assert result["workers"] == 1
    assert "scaling" not in result
