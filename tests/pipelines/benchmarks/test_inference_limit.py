import pathlib

import numpy as np
import pyarrow.parquet as pq

from components.features.columnar import encode
from components.payloads.manifest import SCORE
from components.scoring.model import Scorer
from pipelines.benchmarks import inference_case, inference_limit


def test_the_limit_gives_the_scores_of_the_encoding_that_nodes_share(tmp_path):
    case = inference_case.build(tmp_path / "case", rows=2000)
    scorer = Scorer(case.model)
    source = pathlib.Path(case.manifest.entries[0].splits[SCORE].paths[0])
    target = tmp_path / "limit.parquet"
    inference_limit.score_file(
        source, target, case.spec, scorer.signature, batch_rows=300
    )
    rows = pq.read_table(source)
    written = pq.read_table(target)
    assert written["row_id"].to_pylist() == rows["row_id"].to_pylist()
    np.testing.assert_allclose(
        written["score"].to_numpy(), scorer(encode(rows, case.spec)), atol=1e-6
    )
