"""No text about a silo names another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dashboard.silo.names import ANOTHER, SiloNames

NAMES = SiloNames(["north", "north east", "F9", "مطار القاهرة", "<b>", "a(b", "_"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "has user id 20003 of silo `north`",
            "has user id 20003 of silo `another silo`",
        ),
        (
            "same rows as north east, and F9",
            "same rows as another silo, and another silo",
        ),
        ("northern F91 F9a", "northern F91 F9a"),
        ("مطار القاهرة!", "another silo!"),
        ("like <b>, a(b and _", "like another silo, another silo and another silo"),
        ("silo `F9`: 3 rows", "silo `another silo`: 3 rows"),
        ("", ""),
    ],
)
def test_other_names_are_hidden(text, shown):
    assert NAMES.hide_others(text, "south") == shown


def test_its_own_name_stays_also_where_it_holds_another():
    text = "silo `north east`: like north"
    assert NAMES.hide_others(text, "north east") == f"silo `north east`: like {ANOTHER}"


names = st.text(alphabet="Qzü -(.", min_size=1, max_size=6).filter(str.strip)


@given(st.lists(names, min_size=2, max_size=6, unique_by=str.strip), st.data())
def test_a_name_between_other_words_is_always_found(silos, data):
    own, other = silos[0].strip(), silos[1].strip()
    found = SiloNames(silos).hide_others(f"as in `{other}`", own)
    assert found != f"as in `{other}`" or own.startswith(other)
