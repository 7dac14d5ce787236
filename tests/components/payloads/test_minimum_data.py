from __future__ import annotations

import pytest

from components.payloads.minimum_data import MinimumData


@pytest.mark.parametrize(
    ("rows", "positives", "enough"),
    [
        (49, 20, False),
        (50, 5, True),
        (50, 4, False),
        (50, 46, False),
        (50, None, True),
    ],
)
def test_rows_and_rows_of_each_label_are_asked(rows, positives, enough):
    needed = MinimumData(rows=50, rows_of_each_label=5)
    assert needed.has_enough(rows, positives) is enough
