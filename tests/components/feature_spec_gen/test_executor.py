"""The node reads admitted silos' statistics and writes the spec."""

from tensorflow_metadata.proto.v0 import statistics_pb2

from components import artifacts
from components.feature_spec_gen import component, executor
from components.feature_spec_gen.settings import FeatureSettings
from components.features import spec
from components.payloads import statistics
from components.payloads.cohort import Cohort, Member
from components.payloads.unused_columns import UnusedColumns
from tests.support import silos
from tests.support.silos import properties_of


def test_only_admitted_silos_shape_the_spec(tmp_path, caplog):
    given = {
        "statistics": artifacts.SiloStatistics(),
        "cohort": artifacts.Cohort(),
        "schema": artifacts.Schema(),
        "feature_spec": artifacts.FeatureSpec(),
    }
    for name, artifact in given.items():
        artifact.uri = str(tmp_path / name)
        (tmp_path / name).mkdir()
    for silo, colour in {"a": "red", "b": "red", "out": "blue"}.items():
        found = statistics_pb2.DatasetFeatureStatisticsList()
        dataset = found.datasets.add(name="train")
        feature = dataset.features.add()
        feature.path.step.append("colour")
        feature.string_stats.common_stats.num_non_missing = 99
        feature.string_stats.rank_histogram.buckets.add(label=colour, sample_count=90)
        statistics.write(given["statistics"].uri, silo, found)
    members = [Member("a", True), Member("b", True), Member("out", False)]
    Cohort(tuple(members), 2).write(given["cohort"].uri)
    (tmp_path / "schema" / "schema.pbtxt").write_text(silos.SCHEMA)
    executor.Executor().Do(
        {name: [given[name]] for name in ("statistics", "cohort", "schema")},
        {"feature_spec": [given["feature_spec"]]},
        {
            "settings": FeatureSettings(min_value_silos=1).model_dump_json(),
            "not_features": '["late", "day", "id"]',
        },
    )
    found = UnusedColumns.read(given["feature_spec"].uri).columns
    told = {one.column: one.chosen for one in found}
    assert told == {
        "id": True,
        "day": True,
        "size": False,
        "weight": False,
        "late": True,
    }
    assert caplog.messages == [
        f"no feature: column `{name}` has too few values in every silo"
        for name in ("size", "weight")
    ]
    written = spec.read(given["feature_spec"].uri)
    assert written.categorical[0].values == ("red",)


def test_parameters_are_those_that_the_executor_reads():
    read = properties_of(executor)[0]
    declared = set(component.FeatureSpecGenSpec.PARAMETERS)
    assert declared - read == {"code"}, "for the cache alone"
    assert read <= declared
