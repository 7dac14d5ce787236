"""The site in a real Chromium: from disk, and from a plain web server."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading

import pytest

from pipelines.runs import site as builder
from tests.pipelines.runs.conftest import EVIL, FIRST, SECOND, figure, silo
from tests.support.browser import AXE

SERIOUS = """
async () => (await axe.run()).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`)
"""
COMPARISON = f"diff/{FIRST}/{SECOND}.html"
PAGES = ["index.html", COMPARISON]


@pytest.fixture
def site(two_runs, tmp_path):
    builder.build(two_runs.runs, tmp_path / "site")
    return tmp_path / "site"


@contextlib.contextmanager
def served(folder):
    """Serve a folder on a free port of this machine, and list what was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def names(page):
    table = page.locator("[aria-label='AUC'] table").first
    return table.locator("tbody tr th").all_inner_texts()


def follow(page, links, text):
    """Click the first such link, and wait for what it leads to."""
    with page.expect_navigation():
        page.locator(links, has_text=text).first.click()


def test_one_comes_from_the_index_to_a_run_and_to_comparisons(browser, site):
    with browser.visit(site / "index.html") as visit:
        page = visit.page
        assert page.locator(".drawing svg").first.is_visible()
        follow(page, "th a", FIRST)
        assert page.title() == "run"
        page.go_back()
        follow(page, "a", "What changed since")
        assert names(page)[0] == "F9"
        follow(page, "main a", "All runs")
        follow(page, "td a", FIRST)
        assert page.url.endswith(COMPARISON)
        assert visit.requests == visit.complaints == []


def test_tables_are_sorted_and_searched_by_keyboard(browser, output, tmp_path):
    silos = [f"silo-{n:02d}" for n in range(60)]
    for run, step in ((FIRST, 3), (SECOND, 7)):
        output.add(
            run,
            [
                figure("auc", 0.6 + ((n * step) % 40) / 200, silo=name)
                for n, name in enumerate(silos)
            ],
            silos=tuple(silo(name) for name in silos),
        )
    builder.build(output.runs, tmp_path / "site")
    with browser.visit(tmp_path / "site" / COMPARISON) as visit:
        page = visit.page
        page.locator("thead button", has_text="Silo").first.focus()
        page.keyboard.press("Enter")
        shown = names(page)
        assert shown == silos[: len(shown)]
        page.locator("input[type='search']").first.focus()
        page.keyboard.type("silo-17")
        page.locator("[aria-label='AUC'] tbody tr").nth(1).wait_for(state="detached")
        assert names(page) == ["silo-17"]
        assert visit.requests == visit.complaints == []


@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_quiet_narrow_and_has_nothing_serious(browser, site, name):
    if not AXE.is_file():
        pytest.skip("axe-core is not here (make axe)")
    for scheme, width in (("light", 360), ("dark", 1280)):
        size = {"width": width, "height": 800}
        with browser.visit(site / name, viewport=size, color_scheme=scheme) as visit:
            wider = "document.documentElement.scrollWidth - window.innerWidth"
            assert visit.page.evaluate(wider) <= 0
            assert visit.page.locator("img").count() == 0
            visit.page.evaluate(AXE.read_text(encoding="utf-8"))
            assert visit.page.evaluate(SERIOUS) == []
            assert visit.requests == visit.complaints == []


def test_it_works_from_a_web_server_with_its_own_files_alone(browser, site):
    with served(site) as (address, asked):
        context = browser._chromium.new_context()
        try:
            page = context.new_page()
            complaints, requests = [], []
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: requests.append(request.url))
            page.goto(f"{address}/index.html")
            follow(page, "a", "What changed since")
            assert EVIL in page.locator("main").inner_text()
            follow(page, "main a", "All runs")
            follow(page, "th a", SECOND)
        finally:
            context.close()
    assert all(url.startswith(address) for url in requests)
    # The page of a run, made by hand here, has no icon of its own.
    assert set(asked) <= {
        *("/index.html", f"/{COMPARISON}", "/favicon.ico"),
        f"/runs/{SECOND}/index.html",
    }
    assert [
        text for text in complaints if "favicon" not in text and "404" not in text
    ] == []
