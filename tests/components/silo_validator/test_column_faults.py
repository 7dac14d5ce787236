"""What is found in a silo's columns, and what is not, on disclosed statistics."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.silo_validator import column_faults, disclosure, units

NAMES = ["north", "south", "east", "west", "centre", "coast"]
OWN = "north"


def disclosed(columns):
    """Return the statistics that a silo with these columns discloses."""
    table = pa.table(columns)
    dataset = statistics_pb2.DatasetFeatureStatistics(name="train")
    for field in table.schema:
        feature = dataset.features.add(path={"step": [field.name]})
        if pa.types.is_string(field.type):
            feature.string_stats.SetInParent()
            feature.type = statistics_pb2.FeatureNameStatistics.STRING
        else:
            feature.num_stats.SetInParent()
    return disclosure.reduce(dataset, table, 10)


def numbers(seed, n=400):
    """Return columns of people, in a silo that differs a bit from all others."""
    rng = np.random.default_rng(seed)
    return {
        "age": rng.normal(45 + rng.normal(0, 2), 12, n).clip(18, 95),
        "amount": rng.lognormal(4 + rng.normal(0, 0.1), 0.6, n),
        "celsius": rng.normal(12 + rng.normal(0, 1), 6, n),
        "minute": rng.normal(780 + rng.normal(0, 20), 150, n) % 1440,
        "flag": rng.integers(0, 2, n),
    }


def texts(seed, n=400):
    rng = np.random.default_rng(seed)
    return {
        "city": rng.choice(["Århus", "Genève", "Rom"], n, p=rng.dirichlet([9, 9, 9])),
        "code": rng.choice(["7", "12", "101"], n),
        "grade": rng.choice(["low", "mid", "high"], n),
    }


def tables(silos=6):
    return {
        name: {**numbers(seed), **texts(seed)}
        for seed, name in enumerate([*NAMES, "a", "b"][:silos])
    }


def find(tables, silo=OWN):
    found = column_faults.find({s: disclosed(one) for s, one in tables.items()})
    others = [one for name, one in found.items() if name != silo]
    assert not any(others), others
    return [one.sentence for one in found[silo]]


def found_with(**changed):
    every = tables()
    every[OWN] |= changed
    return find(every)


def test_silos_that_differ_a_bit_have_no_finding():
    assert find(tables()) == []


@pytest.mark.parametrize(
    ("column", "change", "words"),
    [
        ("age", lambda x: 12 * x, "12 times as large, likely months for years"),
        ("age", lambda x: x / 12, "12 times as small, likely years for months"),
        ("amount", lambda x: 100 * x, "100 times as large, likely cents for euros"),
        ("amount", lambda x: x / 1000, "1000 times as small, likely seconds for mi"),
        ("celsius", lambda x: 1.8 * x + 32, "likely Fahrenheit for Celsius"),
        ("celsius", lambda x: x + 273.15, "likely kelvins for Celsius"),
        ("age", lambda x: x + 25569, "likely days since 1900 (Excel)"),
        ("minute", lambda x: (x + 300) % 1440, "5 hours later in the day, likely anot"),
        ("minute", lambda x: (x - 420) % 1440, "7 hours earlier in the day, likely an"),
    ],
)
def test_another_unit_scale_epoch_or_zone_is_named(column, change, words):
    (found,) = found_with(**{column: change(tables()[OWN][column])})
    assert found.startswith(f"column `{column}`: found a mean of ")
    assert words in found


def test_the_silos_figure_and_the_others_range_stand_in_two_digits():
    age = {silo: one["age"].mean() for silo, one in tables().items()}
    theirs = [f"{mean:.2g}" for silo, mean in age.items() if silo != OWN]
    (found,) = found_with(age=12 * tables()[OWN]["age"])
    assert f"{min(theirs)} to {max(theirs)}" in found
    assert not any(name in found for name in NAMES)


SLOPES = [slope for slope, offset in units.CHANGES if not offset]
FACTORS = [*SLOPES, *(1 / slope for slope in SLOPES)]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(FACTORS), st.sampled_from(["age", "amount"]), st.integers(5, 8))
def test_a_listed_factor_is_found_in_one_silo_and_not_where_all_have_it(
    factor, column, silos
):
    every = tables(silos)
    if max(factor, 1 / factor) > 6:  # less is hardly more than what silos differ by
        own = {**every[OWN], column: factor * every[OWN][column]}
        (found,) = find({**every, OWN: own})
        size = "large" if factor > 1 else "small"
        assert f"{max(factor, 1 / factor):.6g} times as {size}" in found
    alike = {silo: {**one, column: factor * one[column]} for silo, one in every.items()}
    assert find(alike) == []


def test_a_factor_that_is_none_of_the_listed_has_no_finding():
    assert found_with(age=5 * tables()[OWN]["age"]) == []


def test_where_silos_differ_by_as_much_a_factor_tells_nothing():
    every = tables()
    for times, one in zip((60, 1, 3, 9, 27, 81), every.values(), strict=True):
        one["amount"] = times * one["amount"]
    assert find(every) == []


def test_values_elsewhere_of_another_width_are_no_other_unit():
    rng = np.random.default_rng(9)
    assert found_with(age=rng.normal(45 * 60, 12, 400)) == []


def test_zero_and_one_tell_no_unit():
    assert found_with(flag=100 * tables()[OWN]["flag"]) == []


def test_another_schedule_is_no_other_time_zone():
    rng = np.random.default_rng(5)
    for mean, deviation in ((1080, 60), (420, 60), (780, 30)):
        assert found_with(minute=rng.normal(mean, deviation, 400) % 1440) == []
    every = tables()
    for silo, mean in zip(NAMES[1:], (500, 600, 700, 900, 1100), strict=True):
        every[silo]["minute"] = rng.normal(mean, 100, 400)
    every[OWN]["minute"] = rng.normal(1200, 100, 400)
    assert find(every) == []


@pytest.mark.parametrize(
    ("one", "other"), [("age", "minute"), ("celsius", "minute"), ("city", "grade")]
)
def test_swapped_columns_are_one_finding(one, other):
    own = tables()[OWN]
    (found,) = found_with(**{one: own[other], other: own[one]})
    first, last = sorted([one, other])
    assert found.startswith(f"columns `{first}` and `{last}`: found values in each as")
    assert found.endswith("the two are swapped")


def test_columns_that_are_alike_with_all_silos_can_not_be_told_apart():
    every = tables()
    for seed, one in enumerate(every.values()):
        one["age_then"] = numbers(100 + seed)["age"]
        one["place"] = texts(100 + seed)["city"]
    own = every[OWN]
    own["age"], own["age_then"] = own["age_then"], own["age"]
    own["city"], own["place"] = own["place"], own["city"]
    assert find(every) == []


def test_the_order_of_columns_tells_nothing():
    every = tables()
    every[OWN] = dict(reversed(every[OWN].items()))
    assert find(every) == []


@pytest.mark.parametrize(
    ("column", "write", "words"),
    [
        ("city", str.upper, "another silo has, too, expected at least 100%"),
        ("city", str.upper, "differ by upper and lower case"),
        ("city", lambda text: f" {text}", "differ by blanks"),
        (
            "city",
            lambda text: text.replace("Å", "A").replace("è", "e"),
            "differ by accents",
        ),
        ("code", lambda text: text.zfill(5), "differ by leading zeros"),
        ("code", lambda text: f"{text}.0", "differ by a decimal point"),
        ("city", lambda text: f"{text} ".upper(), "case, accents, blanks and leading"),
        ("city", lambda text: str(len(text)), "likely codes for names"),
        ("grade", lambda text: f"g{text[0]}7", "likely codes for names"),
        ("code", lambda text: "abcdefgh"[len(text) :], "likely names for codes"),
        ("city", lambda text: f"the {len(text) * 'x'}", "likely another list of"),
    ],
)
def test_another_writing_or_code_list_is_named(column, write, words):
    values = [write(text) for text in tables()[OWN][column]]
    (found,) = found_with(**{column: values})
    assert found.startswith(f"column `{column}`: found ")
    assert words in found


def test_values_of_a_silos_own_are_no_other_code_list():
    # One place that no other has; and a column in which each silo has its own.
    assert found_with(city=["Bergen"] * 200 + ["Rom"] * 200) == []
    every = tables()
    for silo, one in every.items():
        one["city"] = [f"{silo} {text}" for text in one["city"]]
    assert find(every) == []
    every = tables()
    every[OWN]["city"] = [text.upper() for text in every[OWN]["city"]]
    every["south"]["city"] = every[OWN]["city"]
    assert find(every) == []  # two write it so


@pytest.mark.parametrize(
    ("column", "value"), [("age", 40.0), ("city", "Rom"), ("city", "default")]
)
def test_a_constant_column_is_named_unless_it_is_so_with_others_too(column, value):
    filled = {column: [value] * 400}
    (found,) = found_with(**filled)
    assert "found one value in at least 99% of rows" in found
    every = {silo: {**one, **filled} for silo, one in tables().items()}
    assert find(every) == []


def test_a_silo_that_is_narrow_by_nature_has_no_constant_column():
    own = tables()[OWN]
    names = ("age", "city", "grade")
    assert found_with(**{name: [own[name][0]] * 400 for name in names}) == []


@pytest.mark.parametrize(
    ("column", "filler"),
    [("age", 0), ("age", -1), ("age", 999), ("celsius", -999), ("amount", 99999)],
)
@pytest.mark.parametrize("share", [0.1, 0.4])
def test_what_stands_for_missing_numbers_is_named(column, filler, share):
    values = tables()[OWN][column].copy()
    values[: int(share * len(values))] = filler
    (found,) = found_with(**{column: values})
    assert found.startswith(f"column `{column}`: found `{filler}` in some {share:.0%}")


def test_what_stands_for_missing_texts_is_named():
    own = [*tables()[OWN]["city"][:360], *["Unknown"] * 40]
    (found,) = found_with(city=own)
    assert "found `Unknown` in some 10% of rows, expected it in at most 1%" in found


def test_fillers_that_others_have_too_are_not_named():
    every = tables()
    for one in every.values():
        one["age"][:80] = 0
        one["city"] = [*one["city"][:360], *["unknown"] * 40]
    every[OWN]["age"][:200] = 0
    assert find(every) == []


def test_three_others_are_needed_and_rows_enough():
    every = tables(4)
    every[OWN]["age"] = 12 * every[OWN]["age"]
    assert len(find(every)) == 1
    few = {silo: one for silo, one in every.items() if silo != "west"}
    assert find(few) == []
    del every["west"]["age"]
    assert find(every) == []
    every = tables()
    every[OWN] = {name: values[:40] for name, values in every[OWN].items()}
    every[OWN]["age"] = 12 * every[OWN]["age"]
    assert find(every) == []


def test_of_a_silo_that_is_unlike_in_most_columns_nothing_is_said():
    own = tables()[OWN]
    names = ("age", "amount", "celsius")
    changed = {name: 1000 * own[name] for name in names}
    assert len(found_with(**changed)) == 3
    changed |= {
        name: [text.upper() for text in own[name]] for name in ("city", "grade")
    }
    assert found_with(**changed) == []


def test_a_column_of_another_type_is_not_compared():
    assert found_with(city=np.arange(400.0)) == []
    assert column_faults.find({}) == {}
