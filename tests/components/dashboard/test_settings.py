from __future__ import annotations

import pydantic
import pytest

from components.dashboard.settings import DashboardSettings


def test_an_unknown_key_is_refused():
    with pytest.raises(pydantic.ValidationError, match="Extra inputs are not"):
        DashboardSettings.model_validate({"slices": 3})


def test_a_view_of_no_slice_is_refused():
    with pytest.raises(pydantic.ValidationError, match="greater than or equal to 1"):
        DashboardSettings(slices_in_view=0)


def test_each_field_is_described_for_people():
    for name, field in DashboardSettings.model_fields.items():
        assert field.description, name
