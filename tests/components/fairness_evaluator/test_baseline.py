from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.blessed_models import BlessedModel
from components.fairness_evaluator.baseline import choose


def blessed(id_: int, span: str, name: str = "") -> BlessedModel:
    name = name or span
    return BlessedModel(f"/{name}", f"digest of {name}", span, id_)


MODELS = [
    blessed(1, "2013-03"),
    blessed(2, "2013-05"),
    blessed(9, "2013-04"),  # a backfill, trained last
]


def test_the_baseline_is_the_newest_earlier_span_whichever_was_trained_last():
    assert choose(MODELS, "2013-06", "d").span == "2013-05"


def test_a_backfill_is_compared_with_what_came_before_its_own_span():
    assert choose(MODELS, "2013-04", "d").span == "2013-03"


def test_of_one_span_the_latest_blessing_counts():
    again = blessed(10, "2013-05", "again")
    assert choose([*MODELS, again], "2013-06", "d").uri == "/again"


def test_there_is_no_baseline_for_the_first_span():
    assert choose(MODELS, "2013-03", "d") is None


def test_an_equal_model_of_an_earlier_span_is_a_baseline():
    assert choose(MODELS, "2013-06", "digest of 2013-05").span == "2013-05"


def test_spans_are_ordered_as_people_count():
    assert choose([blessed(1, "9"), blessed(2, "8")], "10", "d").span == "9"


def test_without_spans_the_latest_other_model_counts():
    models = [blessed(1, "", "one"), blessed(2, "", "two")]
    assert choose(models, "", "digest of three").uri == "/two"
    assert choose(models, "", "digest of two").uri == "/one"  # not itself


def test_a_model_without_a_span_is_no_baseline_of_one_with_a_span():
    assert choose([blessed(1, "", "one")], "2013", "d") is None


@given(st.permutations(MODELS))
def test_the_order_of_blessings_does_not_matter(models):
    assert choose(models, "2013-06", "d") == MODELS[1]
