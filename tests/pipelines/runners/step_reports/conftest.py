import pytest

from tests.pipelines.runners.step_reports import cases


@pytest.fixture
def blessed(tmp_path) -> cases.Nodes:
    """A run whose model went into service."""
    return cases.blessed(tmp_path)


@pytest.fixture
def refused(tmp_path) -> cases.Nodes:
    """A run below its quorum."""
    return cases.refused(tmp_path)
