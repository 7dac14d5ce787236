"""Pages of both sizes: exact sizes, and large tables in a browser. Nothing is timed."""

from __future__ import annotations

import pytest

from components.errors import FairSiloError
from pipelines.benchmarks import pages

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def large() -> str:
    return pages.make_page(pages.LARGE)


def test_sixteen_silos_stay_below_three_megabytes():
    assert len(pages.make_page(pages.SMALL).encode()) < 3_000_000


def test_two_thousand_silos_stay_below_ten_megabytes(large):
    assert len(large.encode()) < 10_000_000


def test_a_table_of_all_silos_is_searched_and_sorted(browser, large, tmp_path):
    path = tmp_path / "large.html"
    path.write_text(large, encoding="utf-8")
    with browser.visit(path) as visit:
        page = visit.page
        region = page.locator("[aria-label='All silos']")
        search = page.get_by_role("searchbox", name="Search All silos")
        status = search.locator("xpath=../..").locator("[role=status]")
        assert status.text_content() == "50 of 2,410 rows shown"
        region.locator("button", has_text="Silo").first.click()
        assert region.locator("tbody th").first.text_content() == "silo 0000"
        search.fill("silo 1234")
        region.locator("tbody tr").nth(1).wait_for(state="detached")
        assert region.locator("tbody th").all_text_contents() == ["silo 1234"]
        page.locator("figure[data-chart=silos]").scroll_into_view_if_needed()
        page.locator("figure[data-chart=silos] svg").first.wait_for()
        assert page.evaluate(pages.MARK) > 0
        assert visit.requests == visit.complaints == []


def test_without_a_browser_the_bench_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(pages, "find_chromium", lambda: None)
    with pytest.raises(FairSiloError, match="found no browser, expected one of"):
        pages._open({})
