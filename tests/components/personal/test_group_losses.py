"""Losses of many models over the same rows, against one model after the other."""

from __future__ import annotations

import numpy as np

from components.federation import model
from components.scoring.losses import losses
from tests.components.silo_benchmark import support as cases


def test_losses_are_those_of_each_model_scored_by_itself(make_own):
    own = make_own(150)
    local, rows = own.local, own.train.rows
    draw = np.random.default_rng(0)
    base = model.flat(cases.base_weights())
    models = (base + draw.normal(0, 1.0, (5, len(base)))).astype(np.float32)
    models[4] *= 1e6  # a certain mistake costs no more than elsewhere
    groups = draw.integers(0, 7, len(rows.labels))
    found = local.group_losses(models, rows, groups)

    shapes = [one.shape for one in cases.base_weights()]
    ends = np.cumsum([np.prod(shape) for shape in shapes])[:-1].astype(int)
    for sums, vector in zip(found, models, strict=True):
        parts = np.split(vector, ends)
        weights = tuple(p.reshape(s) for p, s in zip(parts, shapes, strict=True))
        loss = losses(rows.labels, local.scores(weights, rows))["log_loss"]
        np.testing.assert_allclose(sums, np.bincount(groups, loss), rtol=1e-4)
