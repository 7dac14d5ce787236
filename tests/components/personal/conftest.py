"""A silo with rows to train on and to choose by."""

from __future__ import annotations

import pytest

from components.payloads.manifest import CHOOSE, TRAIN
from components.personal import calls
from components.personal.own_models import OwnModels
from tests.components.federated_trainer import support as trained
from tests.components.personal.support import PLAN
from tests.components.silo_benchmark import support as cases


@pytest.fixture
def make_own(tmp_path):
    """Return a function that opens a silo's models; `plan` changes the training's."""
    module = tmp_path / "model.py"
    module.write_text(cases.MODEL)

    def make(train=150, choose=61, model=None, name="north", **plan):
        if model:
            module.write_text(model)
        entry = cases.entry(
            tmp_path / "homes", name, 0.5, {TRAIN: train, CHOOSE: choose}
        )
        chosen = PLAN.model_copy(update=plan)
        shared = calls.shared(
            chosen, trained.SPEC, trained.LABEL, (), str(module), f"{train}-rows"
        )
        return OwnModels(entry.silo, {**shared, **calls.of_silo(entry)})

    return make
