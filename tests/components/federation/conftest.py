"""A federation of three silos, and trainings over it."""

from __future__ import annotations

import pytest

from components.federation import training
from tests.components.federation import support


@pytest.fixture(scope="module")
def federation(tmp_path_factory):
    return support.make_federation(tmp_path_factory.mktemp("homes"))


@pytest.fixture(scope="module")
def train(federation, tmp_path_factory):
    """Return a function that trains in a fresh folder.

    Plans may differ in rounds, quorum, time-out and server optimizer.
    """

    def run(plan=support.PLAN, silos=federation[0], build=support.linear, **options):
        start, program = support.program_of(build, plan)
        folder = tmp_path_factory.mktemp("training")
        rows = {silo: support.num_rows(silo) for silo in silos}
        result = training.train(program, rows, plan, folder, folder / "tb", **options)
        assert list((folder / "tb").glob("events.*"))
        return start, result

    return run
