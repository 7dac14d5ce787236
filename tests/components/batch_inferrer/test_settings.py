import pydantic
import pytest

from components.batch_inferrer.settings import InferenceSettings


def test_defaults_score_with_blessed_models_only():
    settings = InferenceSettings()
    assert settings.force is False
    assert settings.max_failed_share == 0.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_rows": 0},
        {"rows_per_item": 0},
        {"max_failed_share": 1.1},
        {"batchrows": 5},
    ],
)
def test_values_out_of_range_and_unknown_keys_are_refused(wrong):
    with pytest.raises(pydantic.ValidationError, match=next(iter(wrong))):
        InferenceSettings.model_validate(wrong)
