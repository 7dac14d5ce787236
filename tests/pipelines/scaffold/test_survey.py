"""A survey proposes settings from unequal silos, or says what is in the way."""

import pathlib

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.errors import SettingsError
from pipelines.scaffold.survey import survey


def _silo(root: pathlib.Path, name: str, text: str) -> None:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text(text)


def test_labels_of_words_are_mapped_with_the_rare_one_positive(tmp_path):
    _silo(tmp_path, "a", "age,paid\n1,no\n2,no\n3,yes\n")
    _silo(tmp_path, "b", "age,paid\n1.5,no\n2,yes\n3,no\n4,no\n5,\n")
    found = survey(tmp_path, "paid", [])
    assert found.label_values == ("no", "yes")
    assert found.silos == {"a": 3, "b": 4}
    assert found.has_unlabelled
    kinds = {feature.name: feature for feature in found.schema.feature}
    assert kinds["age"].type == schema_pb2.FLOAT
    assert (kinds["paid"].int_domain.min, kinds["paid"].int_domain.max) == (0, 1)
    assert list(kinds["paid"].not_in_environment) == ["SERVING"]


def test_numbers_0_and_1_need_no_mapping(tmp_path):
    _silo(tmp_path, "a", "x,y\n1,0\n2,1\n")
    assert survey(tmp_path, "y", []).label_values is None


def test_no_value_of_a_silo_is_written_into_the_schema(tmp_path):
    _silo(tmp_path, "a", "town,y\nAtlantis,0\nAtlantis,1\nUtopia,1\n")
    assert "Atlantis" not in str(survey(tmp_path, "y", []).schema)


@pytest.mark.parametrize(
    ("label", "sensitive", "told"),
    [
        ("z", [], "found no column `z`; there are x, y"),
        ("y", ["sex"], "found no column `sex`"),
        ("x", [], "found 3 distinct values"),
    ],
)
def test_column_that_can_not_serve_is_refused(tmp_path, label, sensitive, told):
    _silo(tmp_path, "a", "x,y\n1,0\n2,1\n3,1\n")
    with pytest.raises(SettingsError, match=told):
        survey(tmp_path, label, sensitive)


def test_folder_without_silos_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="expected one for each silo"):
        survey(tmp_path, "y", [])
    with pytest.raises(SettingsError, match="found no such folder"):
        survey(tmp_path / "nowhere", "y", [])
    (tmp_path / "a").mkdir()
    with pytest.raises(SettingsError, match="found no Parquet or CSV file"):
        survey(tmp_path, "y", [])
