from tensorflow_metadata.proto.v0 import statistics_pb2

from components.payloads import statistics


def listed():
    found = statistics_pb2.DatasetFeatureStatisticsList()
    train = found.datasets.add(name="train", num_examples=7)
    train.features.add(path={"step": ["weight"]}).num_stats.mean = 1.5
    train.features.add(path={"step": ["a", "b"]})
    found.datasets.add(name="eval", num_examples=2)
    return found


def test_statistics_read_back_as_they_were_written(tmp_path):
    statistics.write(tmp_path, "süd", listed())
    assert statistics.read(tmp_path, "süd") == listed()


def test_a_silo_that_disclosed_nothing_has_no_datasets(tmp_path):
    assert not statistics.read(tmp_path, "nobody").datasets


def test_splits_and_columns_are_found_by_name():
    assert statistics.split_of(listed(), "eval").num_examples == 2
    assert statistics.split_of(listed(), "score") is None
    columns = statistics.by_column(statistics.split_of(listed(), "train"))
    assert list(columns) == ["weight", "a.b"]
    assert columns["weight"].num_stats.mean == 1.5


def test_the_values_of_a_column_are_counted_whatever_its_kind():
    number, text = (statistics_pb2.FeatureNameStatistics() for _ in range(2))
    number.num_stats.common_stats.num_non_missing = 5
    text.string_stats.common_stats.num_non_missing = 3
    assert statistics.num_present(number) == 5
    assert statistics.num_present(text) == 3
    assert statistics.num_present(statistics_pb2.FeatureNameStatistics()) == 0
