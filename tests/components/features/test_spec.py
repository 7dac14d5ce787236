import dataclasses

import numpy as np
import pytest

from components.features import spec as specs
from components.features.spec import Categorical, FeatureSpec, Numeric

SPEC = FeatureSpec(
    (Numeric("weight", 70.25, 9.5), Numeric("size", 3.0, 1.0, integer=True)),
    (
        Categorical("colour", ("röt", "", "a\0b")),
        Categorical("hour", ("5", "-1"), True),
    ),
    clip=4.0,
)


@pytest.mark.parametrize("by_file", [True, False])
def test_a_spec_reads_back_as_it_was_written(tmp_path, by_file):
    path = SPEC.write(tmp_path)
    assert path == tmp_path / "feature_spec.json"
    assert specs.read(path if by_file else tmp_path) == SPEC
    assert specs.from_json(SPEC.to_json()) == SPEC


def test_widths_follow_the_features():
    assert (SPEC.num_floats, SPEC.num_ids) == (4, 2)
    assert SPEC.columns == ["weight", "size", "colour", "hour"]
    assert [feature.num_ids for feature in SPEC.categorical] == [5, 4]


@pytest.mark.parametrize(
    "change",
    [
        {"clip": 5.0},
        {"numeric": SPEC.numeric[::-1]},
        {"categorical": (Categorical("colour", ("", "röt", "a\0b")),)},
        {"numeric": (Numeric("weight", 70.25, 9.500001), SPEC.numeric[1])},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_content_has_another_digest(change):
    assert dataclasses.replace(SPEC, **change).digest != SPEC.digest


def test_the_same_content_has_the_same_digest(tmp_path):
    assert specs.read(SPEC.write(tmp_path)).digest == SPEC.digest


def test_the_factor_is_a_float32_as_the_graph_has_it():
    factor = Numeric("x", 0.0, 3.0).reciprocal
    assert factor.dtype == np.float32
    assert factor == np.float32(1) / np.float32(3)
