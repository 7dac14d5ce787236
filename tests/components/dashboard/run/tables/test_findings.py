from __future__ import annotations

import dataclasses

from components.dashboard.run.tables import findings
from components.payloads.findings import Finding, Group
from tests.components.dashboard.conftest import ARABIC, EVIL, LEFT_OUT, MISSING
from tests.components.dashboard.run.tables.reading import texts


def test_findings_name_quarantined_silos_first_with_the_reason(run):
    made = findings.findings(run.report())
    assert made is not None
    assert [row[0] for row in texts(made)] == [LEFT_OUT, EVIL, ARABIC]
    assert made.rows[0].cells[1].mood == "bad"
    _, _, why, others = made.rows[0].cells
    assert why.findings == (Group(MISSING.hint, (MISSING.sentence,)),)
    assert others.findings == ()
    assert made.rows[1].cells[3].findings[0].hint == f"leave `{EVIL}` out"
    assert made.rows[2].cells[3].findings == (Group("", ("no held-out rows",)),)


def test_one_way_out_is_told_once_for_all_that_it_mends(run):
    found = run.report()
    columns = tuple(Finding(f"column `c{n}`: found none", "export it") for n in "ab")
    member = dataclasses.replace(found.silos[0].member, notes=columns)
    line = dataclasses.replace(found.silos[0], member=member)
    made = findings.findings(dataclasses.replace(found, silos=(line,)))
    assert made is not None
    assert made.rows[0].cells[3].findings == (
        Group("export it", ("column `ca`: found none", "column `cb`: found none")),
    )


def test_where_nothing_was_found_there_is_no_table(run):
    found = run.report()
    clean = [line for line in found.silos if not line.has_findings]
    assert findings.findings(dataclasses.replace(found, silos=tuple(clean))) is None
