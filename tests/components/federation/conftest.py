"""A federation of three silos, and trainings over it."""

from __future__ import annotations

import pytest

from components.federation import model, training
from tests.components.federation import support


@pytest.fixture(scope="module")
def federation(tmp_path_factory):
    return support.make_federation(tmp_path_factory.mktemp("homes"))


@pytest.fixture
def train(federation, tmp_path):
    """Return a function that trains in a fresh folder."""
    silos, _ = federation
    counter = iter(range(100))

    def run(plan=support.PLAN, silos=silos, build=support.linear, **options):
        start = model.initialise(build, support.NUM_FLOATS, 2, plan.seed)
        folder = tmp_path / str(next(counter))
        return start, training.train(
            start, silos, support.FOLDER, plan, folder, folder / "tb", **options
        )

    return run
