from __future__ import annotations

from components.fairness_evaluator.figures.place import Place
from components.payloads.table import Figure
from components.scoring.intervals import Interval

PLACE = Place("candidate", "eval", "F9", "origin", "EWR", 10, 4)


def test_a_figure_tells_its_place_and_its_interval():
    found = PLACE.figure("tpr", 0.5, Interval(0.4, 0.1, 0.8), "EWR")
    assert found == Figure(
        "candidate", "eval", "F9", "origin", "EWR", "tpr", 0.5, 0.4, 0.1, 0.8, 10, 4,
        "", "EWR",
    )  # fmt: skip


def test_a_number_alone_has_no_interval():
    found = PLACE.figure("variance_auc", None, 0.25)
    assert (found.value, found.low, found.high, found.note) == (0.25, None, None, "")


def test_what_is_not_there_says_why():
    for metric in ("auc", "tpr", "pr_auc"):
        assert PLACE.figure(metric, None, None).note == "one class"
    for metric in ("precision", "demographic_parity_ratio"):
        found = PLACE.figure(metric, 0.5, None)
        assert (found.value, found.low, found.note) == (None, None, "no rows")
    for metric in ("gini_tpr", "gini_fpr", "gini_positive_rate", "gini_precision"):
        assert PLACE.figure(metric, 0.5, None).note == "all zero"
    for metric in ("between_groups_theil", "theil", "generalized_entropy"):
        assert PLACE.figure(metric, 0.5, None).note == "all zero"


def test_a_long_list_of_names_is_cut():
    names = ", ".join(f"silo {number}" for number in range(100))
    about = PLACE.figure("worst_tenth_auc", None, 0.5, names).about
    assert len(about) == 200
    assert about.endswith("…")
    assert names.startswith(about[:-1])
