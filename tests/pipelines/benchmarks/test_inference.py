import pytest

from pipelines.benchmarks.inference import bench_inference

pytestmark = pytest.mark.beam


@pytest.fixture(scope="module")
def result():
    return bench_inference(rows=20_000, workers=1, repeats=1)


def test_both_sides_give_the_same_scores(result):
    assert result["largest_difference"] < 1e-6


def test_speeds_and_their_ratio_are_told(result):
    assert result["rows"] == 20_000
    assert result["ratio_to_limit"] == pytest.approx(
        result["limit_cpu_seconds_per_million"] / result["cpu_seconds_per_million"]
    )
    assert result["ratios"] == [pytest.approx(result["ratio_to_limit"], abs=1e-3)]
    assert result["ratio_to_limit_wall"] == pytest.approx(
        result["rows_per_second"] / result["limit_rows_per_second"]
    )


def test_one_core_has_no_scaling(result):
    assert result["workers"] == 1
    assert "scaling" not in result
