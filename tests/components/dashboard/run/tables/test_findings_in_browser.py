"""Findings in rows that the page's script makes, in a real Chromium."""

from __future__ import annotations

import pytest

from components.dashboard.run import page
from components.dashboard.settings import DashboardSettings
from components.payloads.findings import Finding
from components.payloads.table import Table
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import member

pytestmark = pytest.mark.slow

EVIL = "<img src=x onerror=alert(1)>"


def _words(text: str) -> str:
    return "".join(text.split())


def test_ways_out_are_told_searched_and_inert_in_rows_that_come_later(
    browser, tmp_path
):
    notes = tuple(Finding(f"column `{name}` is new", f"drop {EVIL}") for name in "ab")
    more = (Finding("no held-out rows"),)
    silos = [member(f"silo {n:03}", notes=notes + more) for n in range(60)]
    silos[-1] = member("silo 059", notes=(Finding("skewed", "mend the skew"),))
    report = made_runs.report(silos, Table())
    path = tmp_path / "page.html"
    html = page.render(report, (), "", DashboardSettings())
    path.write_text(html, encoding="utf-8")
    with browser.visit(path) as visit:
        rows = visit.page.locator("[aria-label='Validation findings'] tbody tr")
        assert rows.count() == 50
        written = rows.first.locator("td").last.text_content()
        search = visit.page.get_by_role("searchbox", name="Search Validation findings")
        search.fill("silo 055")
        rows.nth(1).wait_for(state="detached")
        made = rows.first.locator("td").last
        told = made.locator("li, p").all_text_contents()
        assert told == [
            "column a is new",
            "column b is new",
            f"Way out: drop {EVIL}",
            "no held-out rows",
        ]
        assert _words(made.text_content()) == _words(written), "as the template does"
        search.fill("mend the skew")
        rows.filter(has_text="silo 059").wait_for()
        assert rows.count() == 1
        assert visit.requests == visit.complaints == []
