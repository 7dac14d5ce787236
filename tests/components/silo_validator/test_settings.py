import pydantic
import pytest

from components.silo_validator.settings import ValidationSettings


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("quorum", 0),
        ("min_rows", 0),
        ("max_duplicate_share", 1.1),
        ("max_non_finite_share", -0.1),
        ("skew", "ignore"),
        ("drift", "ignore"),
        ("disclosure_rows", 0),
        ("minrows", 5),
    ],
)
def test_a_bound_that_makes_no_sense_is_refused_with_its_key(key, value):
    with pytest.raises(pydantic.ValidationError, match=key):
        ValidationSettings.model_validate({key: value})


def test_drift_costs_the_admission_and_skew_does_not_unless_told_otherwise():
    settings = ValidationSettings()
    assert (settings.drift, settings.skew) == ("quarantine", "note")
