import dataclasses

import pytest

from components.errors import FairSiloError
from components.features.spec import Categorical, FeatureSpec, Numeric, read

SPEC = FeatureSpec(
    (Numeric("weight", 70.25, 9.5), Numeric("size", 3.0, 1.0, integer=True)),
    (
        Categorical("colour", ("röt", "", "a\0b")),
        Categorical("hour", ("5", "-1"), True),
    ),
    clip=4.0,
)


def test_a_spec_reads_back_as_it_was_written(tmp_path):
    SPEC.write(tmp_path)
    assert read(tmp_path) == FeatureSpec.of_json(SPEC.to_json()) == SPEC
    assert read(tmp_path).digest == SPEC.digest


def test_a_damaged_spec_is_refused_with_its_file(tmp_path):
    (tmp_path / "feature_spec.json").write_text('{"numeric": [')
    with pytest.raises(FairSiloError, match=r"feature_spec.json: found a file that is"):
        read(tmp_path)


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
