from __future__ import annotations

import copy

from components.fairness_evaluator.gates.finding import CannotJudge


def test_what_can_not_be_judged_keeps_its_words():
    found = copy.copy(CannotJudge("no rows", "add rows"))
    assert (found.reason, found.way_out) == ("no rows", "add rows")
