"""The site in a real Chromium: from disk, and from a plain web server."""

from __future__ import annotations

import contextlib
import functools
import http.server
import pathlib
import threading

import pytest

from pipelines.site import build, diff, figures
from tests.pipelines.site.conftest import ARABIC, EVIL, FIRST, SECOND, figure, silo

ROOT = pathlib.Path(__file__).resolve().parents[3]
MINUS, DASH = "\N{MINUS SIGN}", "\N{EN DASH}"
AXE = ROOT / ".tools" / "axe-core" / "axe.min.js"
SERIOUS = """
async () => (await axe.run()).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`)
"""
TABLE = """
(id) => [...document.querySelectorAll(`[data-changes="${id}"] tbody tr`)].map(
  (row) => [...row.cells].map((cell) => cell.innerText.trim()))
"""


@pytest.fixture
def site(two_runs, tmp_path):
    build.build(two_runs.runs, tmp_path / "site")
    return tmp_path / "site"


@contextlib.contextmanager
def served(folder):
    """Serve a folder on a free port of this machine, and tell what was asked for."""
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


def signed(value):
    return f"{value:+.4f}".replace("-", MINUS)


def rows(page, table):
    return page.evaluate(TABLE, table)


def names(page, table):
    return [row[0] for row in rows(page, table)]


def follow(page, links, text):
    """Click the first such link, and wait for what it leads to."""
    with page.expect_navigation():
        page.locator(links, has_text=text).first.click()


def choose(page, **picks):
    for id_, label in picks.items():
        page.locator(f"#{id_}").select_option(label=label)


def test_the_trends_are_drawn_and_nothing_is_asked_of_the_network(browser, site):
    with browser.visit(site / "index.html") as visit:
        assert visit.page.locator("[data-plot] svg").count() >= 5
        assert visit.page.locator("[data-plot='auc'] svg").first.is_visible()
        drawn = visit.page.locator("[data-plot='decisions'] svg").text_content()
        assert "Not blessed" in drawn
        assert "2013-09" in drawn
        assert visit.page.locator("img").count() == 0
        assert visit.requests == visit.complaints == []


def test_one_comes_from_the_index_to_a_run_and_back(browser, site):
    with browser.visit(site / "index.html") as visit:
        follow(visit.page, "th a", FIRST)
        assert visit.page.title() == "run"
        follow(visit.page, "a", "All runs")
        assert visit.page.title() == "Runs: flights"
        follow(visit.page, "a", "What changed since")
        assert visit.page.title() == "Compare runs: flights"
        told = visit.page.locator("#told").inner_text()
        assert told.startswith(f"AUC over all rows: 0.720 to 0.700, {MINUS}0.0200")
        assert told.endswith(
            "Of 3 silos in both runs, 1 is surely worse and none is surely better."
        )
        assert visit.requests == visit.complaints == []


def test_the_biggest_losses_come_first_and_are_those_of_the_terminal(
    browser, site, two_runs
):
    tables = map(two_runs.runs.figures, two_runs.runs.summaries())
    found = diff.changes(*map(figures.of_table, tables))
    expected = [
        (change.subject.silo, change.change, change.interval)
        for change in found
        if change.subject.silo and change.question.metric == "auc"
    ]
    with browser.visit(site / "diff.html") as visit:
        shown = rows(visit.page, "silos")
    assert [row[0] for row in shown] == [silo for silo, *_ in expected]
    assert [row[0] for row in shown] == ["F9", ARABIC, "AA", EVIL]
    for row, (_, change, interval) in zip(shown, expected, strict=True):
        if change is None:
            assert row[3:6] == [DASH, "", "only after"]
            continue
        assert row[3] == signed(change)
        assert row[4] == f"{signed(interval.low)} to {signed(interval.high)}"
    assert shown[0][5] == "✗ worse"
    assert shown[0][1:3] == ["0.702 (0.682 to 0.732)", "0.571 (0.551 to 0.601)"]


def test_groups_and_all_metrics_are_compared(browser, site):
    with browser.visit(site / "diff.html") as visit:
        (group,) = rows(visit.page, "groups")
        assert (group[:2], group[4]) == (["sex", "Female"], "+0.0200")
        overall = {row[0]: row[3] for row in rows(visit.page, "overall")}
        assert overall["Log loss"] == "+0.0200"
        assert overall["TPR at 0.25"] == f"{MINUS}0.0200"
        assert overall["AUC gap, over sex"] == "+0.0000"
        assert overall["Variance of AUC, over the silos"] == "+0.00000"


def test_the_other_way_round_every_change_is_turned(browser, site):
    with browser.visit(site / "diff.html") as visit:
        choose(visit.page, before=f"{SECOND}: Not blessed", after=f"{FIRST}: Blessed")
        assert names(visit.page, "silos") == ["F9", "AA", ARABIC, EVIL]
        turned = {row[0]: row[3] for row in rows(visit.page, "silos")}
        assert turned["F9"] == "+0.1310"
        assert visit.page.url.endswith(f"#a={SECOND}&b={FIRST}")


def test_what_may_be_chance_is_drawn_pale(browser, site):
    with browser.visit(site / "diff.html") as visit:
        drawn = visit.page.locator("[data-losses] [aria-label='link'] path")
        strokes = drawn.evaluate_all(
            "all => all.map((one) => one.getAttribute('stroke'))"
        )
        assert strokes == ["var(--bad)", "var(--other)", "var(--other)"]
        dots = visit.page.locator("[data-losses] [aria-label='dot']").nth(1)
        opacities = dots.locator("circle").evaluate_all(
            "all => all.map((one) => one.getAttribute('fill-opacity'))"
        )
        assert opacities == ["1", "0.5", "0.5"]


def test_runs_without_spans_are_labelled_and_empty_trends_say_so(
    browser, output, tmp_path
):
    for second in (3, 4):
        run_id = f"20261124-22280{second}-latest"
        gates = [{"gate": "change", "passed": False, "waived": True, "waived_by": "A."}]
        figures = [figure("auc", 0.7)]
        output.add(run_id, figures, span="", silos=[silo("a")], gates=gates)
    build.build(output.runs, tmp_path / "site")
    with browser.visit(tmp_path / "site" / "index.html") as visit:
        page = visit.page
        drawn = page.locator("[data-plot='auc'] svg").first
        assert "2026-11-24" in drawn.text_content()
        assert "22:28:04" in drawn.text_content()
        for plot in ("drift", "cohort"):
            text = page.locator(f"[data-plot='{plot}']").inner_text()
            assert text == "None in any run."
        decisions = page.locator("[data-plot='decisions'] svg").first
        assert "Blessed with waivers" in decisions.text_content()
        assert visit.complaints == []


def test_a_link_names_the_runs(browser, site):
    with browser.visit(site / "diff.html") as visit:
        visit.page.goto(f"{(site / 'diff.html').as_uri()}#a={SECOND}&b={SECOND}")
        assert {row[3] for row in rows(visit.page, "silos")} == {"+0.0000"}
        told = visit.page.locator("#told").inner_text()
        assert told == "Both are the same run, so nothing differs."
        visit.page.evaluate(f"location.hash = '#a=gone&b={SECOND}'")
        visit.page.locator("#told", has_text="The link names gone").wait_for()
        assert visit.complaints == []


def test_tables_are_sorted_and_searched_by_keyboard(browser, output, tmp_path):
    silos = [f"silo-{n:02d}" for n in range(40)]
    for run, step in ((FIRST, 3), (SECOND, 7)):
        output.add(
            run,
            [
                figure("auc", 0.6 + ((n * step) % 40) / 200, silo=name)
                for n, name in enumerate(silos)
            ],
            silos=[silo(name) for name in silos],
        )
    build.build(output.runs, tmp_path / "site")
    with browser.visit(tmp_path / "site" / "diff.html") as visit:
        page = visit.page
        table = page.locator("[data-changes='silos']")
        table.locator("thead button", has_text="Silo").focus()
        page.keyboard.press("Enter")
        assert names(page, "silos") == silos
        page.keyboard.press("Enter")
        assert names(page, "silos") == silos[::-1]
        heading = table.locator("thead th").first
        assert heading.get_attribute("aria-sort") == "descending"
        table.locator("input[type='search']").focus()
        page.keyboard.type("silo-17")
        table.locator("tbody tr").nth(1).wait_for(state="detached")
        assert names(page, "silos") == ["silo-17"]
        assert visit.requests == visit.complaints == []


def test_hostile_names_are_text(browser, site):
    for name in ("index.html", "diff.html"):
        with browser.visit(site / name) as visit:
            assert visit.page.locator("img").count() == 0
            assert EVIL in visit.page.locator("main").inner_text()
            assert visit.complaints == []


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
            assert names(page, "silos")[0] == "F9"
            follow(page, "nav a", "All runs")
            follow(page, "th a", SECOND)
            assert page.title() == "run"
        finally:
            context.close()
    assert complaints == []
    assert all(url.startswith(address) for url in requests)
    assert {path.partition("#")[0] for path in asked} <= {
        *("/index.html", "/diff.html", "/favicon.ico"),
        f"/runs/{SECOND}/index.html",
    }


def test_the_page_before_any_run_is_quiet(browser, output, tmp_path):
    build.build(output.runs, tmp_path)
    for name in ("index.html", "diff.html"):
        with browser.visit(tmp_path / name) as visit:
            assert visit.page.locator("h1").is_visible()
            assert visit.requests == visit.complaints == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["index.html", "diff.html"])
def test_nothing_is_wider_than_the_window(browser, site, name, width):
    with browser.visit(site / name, viewport={"width": width, "height": 800}) as visit:
        wider = "document.documentElement.scrollWidth - window.innerWidth"
        assert visit.page.evaluate(wider) <= 0


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not here (make axe)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "diff.html"])
def test_axe_finds_nothing_serious(browser, site, name, scheme):
    with browser.visit(site / name, color_scheme=scheme) as visit:
        visit.page.evaluate(AXE.read_text(encoding="utf-8"))
        assert visit.page.evaluate(SERIOUS) == []


def test_without_scripts_the_index_reads_the_same(browser, site):
    with browser.visit(site / "index.html", java_script_enabled=False) as visit:
        text = visit.page.locator("main").inner_text()
    assert "silo_change" in text
    assert "The charts need scripts" in text
