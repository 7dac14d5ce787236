"""The default model; that it keeps to the contract: `test_model_module.py`."""

import itertools

import numpy as np

from components.federated_trainer.default_model.model import build_model
from tests.components.federated_trainer.support import SPEC


def test_every_feature_and_every_id_has_a_say():
    model = build_model(SPEC)
    draw = np.random.default_rng(0)
    floats = draw.normal(size=(200, SPEC.num_floats)).astype(np.float32)
    ids = np.stack([draw.integers(0, f.num_ids, 200) for f in SPEC.categorical], 1)
    base = model([floats, ids]).numpy()
    for column in range(SPEC.num_floats):
        moved = floats.copy()
        moved[:, column] += 3
        assert not np.allclose(model([moved, ids]).numpy(), base), column
    for column, feature in enumerate(SPEC.categorical):
        seen = []
        for value in range(feature.num_ids):
            fixed = ids.copy()
            fixed[:, column] = value
            seen.append(model([floats, fixed]).numpy())
        for one, other in itertools.pairwise(seen):
            assert not np.allclose(one, other), feature.name
