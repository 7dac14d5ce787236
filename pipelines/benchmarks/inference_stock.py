"""Two ways of scoring that TFX and Beam ship, on the rows of `inference_case.py`.

TFX's BulkInferrer scores tf.Examples of TFRecord files by `serving_default`. Beam's
RunInference calls a model handler on NumPy rows; Beam's own `TFModelHandlerNumpy` can't
be imported beside this setuptools (tensorflow_hub asks for pkg_resources), so a handler
of the same base class calls the same SavedModel on the stacked rows.
"""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from components.beam import IN_MEMORY
from components.features.spec import FeatureSpec
from components.payloads.manifest import SCORE
from components.scoring.model import serving_path
from pipelines.benchmarks.inference_case import KEY, Case

BATCH_ROWS = 1_024  # of RunInference; larger ones are not faster


def bulk_inferrer(case: Case, folder: pathlib.Path) -> tuple[float, dict[int, float]]:
    """Score a case with TFX; return CPU seconds, and each row's score by its key."""
    from tensorflow_serving.apis import prediction_log_pb2
    from tfx.components.bulk_inferrer import executor
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.proto import bulk_inferrer_pb2
    from tfx.types import artifact_utils, standard_artifacts
    from tfx.utils import proto_utils

    examples, model = standard_artifacts.Examples(), standard_artifacts.Model()
    examples.uri, model.uri = str(folder / "examples"), case.model
    examples.split_names = artifact_utils.encode_split_names(["score"])
    _write_examples(case, folder / "examples" / "Split-score")
    result = standard_artifacts.InferenceResult()
    result.uri = str(folder / "result")
    spec = bulk_inferrer_pb2.ModelSpec(model_signature_name=["serving_default"])
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=list(IN_MEMORY), tmp_dir=str(folder / "tmp"), unique_id="1"
    )
    seconds = _cpu(
        lambda: executor.Executor(context).Do(
            {"examples": [examples], "model": [model]},
            {"inference_result": [result]},
            {
                "data_spec": proto_utils.proto_to_json(bulk_inferrer_pb2.DataSpec()),
                "model_spec": proto_utils.proto_to_json(spec),
                "output_example_spec": None,
            },
        )
    )
    found = {}
    for record in _records(pathlib.Path(result.uri).rglob("*.gz")):
        log = prediction_log_pb2.PredictionLog.FromString(record).predict_log
        (serialized,) = log.request.inputs["examples"].string_val
        score = log.response.outputs["score"].float_val[0]
        found[_key(serialized)] = score
    return seconds, found


def run_inference(case: Case, folder: pathlib.Path) -> tuple[float, dict[int, float]]:
    """Score a case with Beam; return CPU seconds, and each row's score by its key."""
    import apache_beam as beam
    import pyarrow as pa
    from apache_beam.ml.inference.base import KeyedModelHandler, RunInference

    vocabularies = [
        (feature.name, {value: 2 + i for i, value in enumerate(feature.values)})
        for feature in case.spec.categorical
    ]
    names = [feature.name for feature in case.spec.numeric]

    def vector(row: dict[str, Any]) -> tuple[int, Any]:
        values = [np.nan if row[name] is None else row[name] for name in names]
        for name, ids in vocabularies:
            value = row[name]
            values.append(0 if value is None else ids.get(value, 1))
        return row[KEY], np.array(values, np.float32)

    def score() -> None:
        paths = [path for entry in case.manifest for path in entry.splits[SCORE].paths]
        schema = pa.schema([(KEY, pa.int64()), ("score", pa.float32())])
        with beam.Pipeline(argv=list(IN_MEMORY)) as pipeline:
            _ = (
                pipeline
                | beam.Create(paths)
                | beam.io.ReadAllFromParquet()
                | beam.Map(vector)
                | RunInference(KeyedModelHandler(_handler(case)))
                | beam.MapTuple(lambda key, found: {KEY: key, "score": found})
                | beam.io.WriteToParquet(str(folder / "scores"), schema)
            )

    seconds = _cpu(score)
    table = pq.ParquetDataset(sorted(folder.glob("scores*"))).read()
    return seconds, dict(zip(*(column.to_pylist() for column in table), strict=True))


def _handler(case: Case) -> Any:  # noqa: ANN401  Beam has no types
    from apache_beam.ml.inference.base import ModelHandler

    class Handler(ModelHandler):  # type: ignore[misc]
        """Calls the SavedModel on rows of standardised numbers, flags and ids."""

        def batch_elements_kwargs(self) -> dict[str, int]:
            return {"min_batch_size": BATCH_ROWS, "max_batch_size": BATCH_ROWS}

        def load_model(self) -> Any:  # noqa: ANN401
            import tensorflow as tf

            return tf.saved_model.load(str(serving_path(case.model)))

        def run_inference(
            self,
            batch: Sequence[Any],
            model: Any,  # noqa: ANN401
            inference_args: dict[str, Any] | None = None,  # noqa: ARG002  Beam's name
        ) -> list[float]:
            import tensorflow as tf

            floats, ids = _encode(np.stack(batch), case.spec)
            scores = model.signatures["score"](
                floats=tf.constant(floats), ids=tf.constant(ids)
            )
            found: list[float] = scores["score"].numpy().tolist()
            return found

    return Handler()


def _encode(rows: Any, spec: FeatureSpec) -> tuple[Any, Any]:  # noqa: ANN401
    width = len(spec.numeric)
    means = np.array([feature.mean for feature in spec.numeric], np.float32)
    factors = np.array([feature.reciprocal for feature in spec.numeric], np.float32)
    scores = np.clip((rows[:, :width] - means) * factors, -spec.clip, spec.clip)
    missing = np.isnan(scores)
    scores[missing] = 0
    floats = np.concatenate([scores, missing], axis=1, dtype=np.float32)
    return floats, rows[:, width:].astype(np.int32)


def _write_examples(case: Case, folder: pathlib.Path) -> None:
    import tensorflow as tf

    folder.mkdir(parents=True)
    for entry in case.manifest:
        path = folder / f"{entry.silo.id}.gz"
        with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
            for row in pq.read_table(entry.splits[SCORE].paths[0]).to_pylist():
                example = tf.train.Example()
                for name, value in row.items():
                    feature = example.features.feature[name]
                    if isinstance(value, str):
                        feature.bytes_list.value.append(value.encode())
                    elif isinstance(value, int):
                        feature.int64_list.value.append(value)
                    elif value is not None:
                        feature.float_list.value.append(value)
                writer.write(example.SerializeToString())


def _records(paths: Iterator[pathlib.Path]) -> Iterator[bytes]:
    import tensorflow as tf

    for path in paths:
        records = tf.data.TFRecordDataset(str(path), "GZIP")
        yield from records.as_numpy_iterator()


def _key(serialized: bytes) -> int:
    import tensorflow as tf

    features = tf.train.Example.FromString(serialized).features.feature
    return int(features[KEY].int64_list.value[0])


def _cpu(run: Callable[[], object]) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began
