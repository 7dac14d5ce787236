from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from components.features.spec import Categorical, FeatureSpec, Numeric
from tests.support import own_models

SPEC = FeatureSpec(
    (Numeric("delay", 1.0, 2.0), Numeric("hour", 9.0, 4.0)),
    (Categorical("origin", ("EWR", "JFK")),),
)


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    return own_models.export(tmp_path_factory.mktemp("base"), SPEC)


@pytest.fixture(scope="session")
def rows():
    draw = np.random.default_rng(5)
    return pa.table(
        {
            "delay": draw.normal(1, 2, 37),
            "hour": draw.normal(9, 4, 37),
            "origin": draw.choice(["EWR", "JFK", "LGA"], 37),
        }
    )
