"""The label's two values are those of most silos; which is positive is said."""

from __future__ import annotations

import pathlib
from collections import Counter

import pytest

from components.errors import SettingsError
from pipelines.scaffold.label import decide
from pipelines.scaffold.survey import Silo


def _silos(*labels: dict[str, int]) -> list[Silo]:
    return [
        Silo(f"s{i}", pathlib.Path(), sum(one.values()), {}, Counter(one), {}, (), ())
        for i, one in enumerate(labels)
    ]


def test_the_rarer_word_is_positive_unless_said_otherwise():
    silos = _silos({"no": 1, "yes": 9}, {"no": 2, "yes": 1})
    found = decide(silos, "paid", None)
    assert (found.values, found.reason) == (("yes", "no"), "the rarer value")
    assert (found.num_negative, found.num_positive) == (10, 3)
    turned = decide(silos, "paid", "yes")
    assert (turned.values, turned.reason) == (("no", "yes"), "as --positive says")


def test_0_and_1_need_no_mapping():
    silos = _silos({"0": 1, "1": 9})
    for positive in (None, "1", "true"):
        assert decide(silos, "paid", positive).values is None
    for positive in ("0", "False"):
        assert decide(silos, "paid", positive).values == ("1", "0")


def test_words_of_one_silo_do_not_replace_those_of_the_others():
    plain = {"0": 3, "1": 3}
    assert decide(_silos(plain, {"no": 90, "yes": 90}, plain), "y", None).values is None


def test_silo_with_one_of_the_values_is_no_reason_to_ask():
    assert decide(_silos({"a": 3}, {"b": 4}), "y", None).values == ("b", "a")


@pytest.mark.parametrize(
    ("silos", "told"),
    [
        ([{}], "found 0 distinct values, expected two"),
        ([{"1": 3}], "found 1 distinct values, expected two: 1 in `s0`"),
        ([{"a": 1, "b": 1, "c": 1}], "found 3 distinct values, expected two: a, b, c"),
        (
            [{"0": 1, "1": 1}, {"no": 1, "yes": 1}],
            "found 4 distinct values, expected two: 0, 1 in `s0`; no, yes in `s1`",
        ),
        ([{str(i): 1 for i in range(21)}], "found more than 20 distinct values"),
    ],
)
def test_label_without_two_values_is_refused_with_what_was_found(silos, told):
    with pytest.raises(SettingsError) as caught:
        decide(_silos(*silos), "y", None)
    assert caught.value.message.startswith(f"--label y: {told}")
    assert "two values" in caught.value.hint


def test_positive_value_that_does_not_occur_is_refused():
    with pytest.raises(SettingsError, match="found the values no, yes in `paid`"):
        decide(_silos({"no": 1, "yes": 9}), "paid", "maybe")
