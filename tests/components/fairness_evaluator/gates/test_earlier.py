from __future__ import annotations

import pytest

from components.fairness_evaluator.gates.earlier import Earlier
from components.fairness_evaluator.gates.finding import CannotJudge


def test_it_is_named_by_its_span_where_there_is_one():
    assert Earlier("2013-10").name == "the model of 2013-10"
    assert Earlier("").name == "the earlier blessed model"


def test_one_that_is_there_can_be_compared_with():
    Earlier("2013-10", "d1", "/models/4").check()


def test_one_that_is_gone_says_which_it_was_and_where_it_was_looked_for():
    with pytest.raises(CannotJudge) as caught:
        Earlier("2013-10", "0123456789abcdef", "/models/4", is_gone=True).check()
    assert "of the model of 2013-10 (digest 0123456789ab) is" in caught.value.reason
    assert "/models/4" in caught.value.reason
    assert caught.value.way_out.startswith("put that folder back")
