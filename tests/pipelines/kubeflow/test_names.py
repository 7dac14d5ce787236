"""A use case's name in the form that Kubeflow takes."""

import pytest

from pipelines.kubeflow import names


@pytest.mark.parametrize(
    ("use_case", "name"), [("flights", "flights"), ("home_loans-2", "home-loans-2")]
)
def test_other_characters_become_hyphens(use_case, name):
    assert names.pipeline_name(use_case) == name
