from __future__ import annotations

import dataclasses

from components.dashboard.run.tables import departures
from components.payloads.egress import Departure
from tests.components.dashboard.run.tables.reading import texts


def test_what_left_is_added_up_over_silos_first(run):
    found = run.report()
    uneven = [
        dataclasses.replace(line, left=(Departure("statistics", 2 + i, 100 * i),))
        for i, line in enumerate(found.silos[:3])
    ]
    made = departures.left_silos(dataclasses.replace(found, silos=tuple(uneven)))
    assert [column.name for column in made.columns] == [
        *("Silo", "Statistics", "Together")
    ]
    assert texts(made)[0] == ["All silos", "9 (300 bytes)", "300 bytes"]
