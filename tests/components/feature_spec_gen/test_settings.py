import pydantic
import pytest

from components.feature_spec_gen.settings import FeatureSettings


def test_without_settings_one_silos_value_does_not_travel():
    assert FeatureSettings().min_value_silos == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_value_rows", 0),
        ("min_value_silos", 0),
        ("max_values", 0),
        ("clip", 0),
        ("ignored", ("sex",)),
    ],
)
def test_a_bound_without_sense_and_an_unknown_key_are_refused(name, value):
    with pytest.raises(pydantic.ValidationError, match=name):
        FeatureSettings.model_validate({name: value})


def test_each_setting_is_described_for_its_reader():
    for name, field in FeatureSettings.model_fields.items():
        assert field.description, name
