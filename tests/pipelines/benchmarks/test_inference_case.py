import pyarrow.parquet as pq
import pytest

from components.payloads.manifest import SCORE
from components.scoring import model
from pipelines.benchmarks import inference_case


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return inference_case.build(tmp_path_factory.mktemp("case"), rows=3000)


def test_silos_are_unequal_and_hold_all_rows_once(case):
    sizes = [entry.rows(SCORE) for entry in case.manifest]
    assert sum(sizes) == 3000
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) > 100 * min(sizes)
    ids = [
        row
        for entry in case.manifest
        for row in pq.read_table(entry.splits[SCORE].paths[0])["row_id"].to_pylist()
    ]
    assert ids == list(range(3000))


def test_columns_have_missing_and_unknown_values(case):
    rows = pq.read_table(case.manifest.entries[0].splits[SCORE].paths[0])
    assert rows["f0"].null_count > 0
    assert rows["c0"].null_count > 0
    assert "unknown" in rows["c1"].to_pylist()
    assert rows.num_columns == 1 + 20 + 8


def test_the_model_is_laid_out_as_any_other(case):
    assert model.read_card(case.model).digest == case.model_digest
    assert model.read_spec(case.model) == case.spec


def test_the_same_seed_gives_the_same_rows(case, tmp_path):
    again = inference_case.build(tmp_path / "again", rows=3000)
    assert [e.splits[SCORE].digest for e in again.manifest] == [
        e.splits[SCORE].digest for e in case.manifest
    ]
