from __future__ import annotations

import math

import pytest

from components.dashboard import formats
from components.dashboard.scores import Cell


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2_340_000, "2.3 MB")],
)
def test_bytes_are_read_in_the_largest_unit_that_fits(size, text):
    assert formats.size(size) == text


def test_huge_sizes_have_a_unit_too():
    assert formats.size(7 * 10**12) == "7.0 TB"


def test_counts_have_their_thousands_apart():
    assert formats.count(1234567) == "1,234,567"


def test_no_number_is_a_dash():
    assert formats.metric(None) == formats.metric(math.nan) == formats.NONE
    assert formats.cell(None) == formats.NONE


def test_a_noted_cell_reads_as_its_note_even_with_a_value():
    cell = Cell(0.5, 0.4, 0.6, 3, "too few")
    assert formats.cell(cell) == "too few (3)"
    assert formats.interval(cell) == ""


def test_an_interval_reads_from_low_to_high():
    assert formats.interval(Cell(0.7, 0.6512, 0.74, 90, "")) == "0.651 to 0.740"
    assert formats.interval(Cell(0.7, None, None, 90, "")) == ""


def test_shares_and_changes_and_digests():
    assert formats.share(0.0625) == "6.2 %"
    assert formats.signed(0.0134) == "+0.013"
    assert formats.short("a" * 64) == "a" * 12
    assert formats.short("") == formats.NONE
