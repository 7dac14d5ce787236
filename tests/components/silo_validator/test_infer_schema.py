import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.silo_validator import infer_schema, tfdv_checks
from tests.support.silos import CANARY

NORTH = pa.table(
    {
        "age": pa.array([1, 2, 3, 4]),
        "town": ["a", "b", CANARY, "a"],
        "late": [0, 1, 0, 1],
        "own": pa.array([1.5, None, None, None]),
    }
)
SOUTH = pa.table(
    {
        "age": [1.5, None, 2.5],
        "town": ["c", "d", "e"],
        "late": [1, 1, 0],
        "new": ["x", "x", "x"],
    }
)


@pytest.mark.parametrize("tables", [[NORTH, SOUTH], [SOUTH, NORTH]])
def test_every_silo_fits_the_schema_that_is_inferred_from_all(tables):
    schema = infer_schema.infer(tables, "late")
    kinds = {feature.name: feature.type for feature in schema.feature}
    assert kinds == {
        "age": schema_pb2.FLOAT,
        "town": schema_pb2.BYTES,
        "late": schema_pb2.INT,
        "own": schema_pb2.FLOAT,
        "new": schema_pb2.BYTES,
    }
    for table in tables:
        age = table.column_names.index("age")
        wide = table.set_column(age, "age", table["age"].cast(pa.float64()))
        measured = tfdv_checks.measure(wide, "train", schema)
        assert not tfdv_checks.against_schema(measured, schema, "train", "TRAINING")


def test_the_label_is_zero_or_one_and_absent_when_serving():
    schema = infer_schema.infer([NORTH], "late")
    (label,) = [feature for feature in schema.feature if feature.name == "late"]
    assert (label.int_domain.min, label.int_domain.max) == (0, 1)
    assert list(label.not_in_environment) == ["SERVING"]
    assert list(schema.default_environment) == ["TRAINING", "SERVING"]
    served = tfdv_checks.measure(NORTH.drop(["late"]), "score", schema)
    assert not tfdv_checks.against_schema(served, schema, "score", "SERVING")


def test_one_silos_strings_do_not_travel_to_the_others_in_the_schema():
    assert CANARY not in str(infer_schema.infer([NORTH, SOUTH], "late"))


def test_without_a_silo_there_is_no_schema():
    with pytest.raises(ValueError, match="no silo holds a row"):
        infer_schema.infer([], "late")
