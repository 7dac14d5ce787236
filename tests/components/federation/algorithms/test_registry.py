"""Algorithms are found by name."""

from __future__ import annotations

import pytest

from components.errors import SettingsError
from components.federation.algorithms import fed_avg, registry


def test_every_name_leads_to_a_builder():
    for name in registry.ALGORITHMS:
        assert callable(registry.load(name))
    assert registry.load("fed_avg") is fed_avg.build


def test_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(SettingsError, match=r"`scaffold`, expected one of \['fed"):
        registry.load("scaffold")
