"""The page in a real Chromium without a network."""

from __future__ import annotations

import dataclasses
import html
import re

import pytest

from components.dashboard import report
from components.payloads import table
from components.payloads.findings import Finding
from components.payloads.table import Figure, Table
from tests.components.dashboard import made_benefits
from tests.components.dashboard.conftest import (
    EVIL,
    TOO_FEW_SILO,
    WORST,
    page_of,
)
from tests.components.dashboard.silo import made_runs
from tests.support.browser import grave_faults

ROWS = """
() => [...document.querySelectorAll("fairness-nb-container")].map((element) => {
  const board = element.shadowRoot?.querySelector("fairness-metrics-board");
  const summary = board?.shadowRoot?.querySelector("fairness-metric-summary");
  const table = summary?.shadowRoot?.querySelector("fairness-metrics-table");
  const rows = table?.shadowRoot?.querySelectorAll(".table-row, .baseline-row") ?? [];
  return [...rows].map(
    (row) => row.innerText.split("\\n").map((text) => text.trim()).filter(Boolean));
})
"""


CHARTS = (
    *("silos", "changes", "sizes", "ecdf", "lorenz", "heterogeneity"),
    *("gains", "ownmodels", "gainsizes", "contributions", "helps"),
    *("groups", "heat", "calibration", "training"),
)


def settle(frame) -> list[list[list[str]]]:
    """Wait until the first fairness view has drawn its table, and return the rows."""
    frame.locator(".tfma").first.scroll_into_view_if_needed()
    frame.wait_for_function(
        f"() => {{ const all = ({ROWS})(); "
        "return all.length && all.every((rows) => rows.length > 1); }"
    )
    rows: list[list[list[str]]] = frame.evaluate(ROWS)
    return rows


def draw(frame, name: str):
    """Scroll to a chart until it is drawn: sections grow when they come in sight."""
    frame.wait_for_function(
        """(name) => {
          const chart = document.querySelector(`figure[data-chart=${name}]`);
          chart.scrollIntoView({ block: "center" });
          return chart.querySelector(".plot svg");
        }""",
        arg=name,
    )
    return frame.locator(f"figure[data-chart={name}]")


def draw_all(page) -> None:
    """Open everything and bring each chart near the screen."""
    page.evaluate(
        "document.querySelectorAll('details').forEach((d) => (d.open = true))"
    )
    for name in CHARTS:
        draw(page, name)


def test_overall_and_the_worst_silos_are_preselected(browser, page_file):
    with browser.visit(page_file) as visit:
        by_silo = settle(visit.page)[0]
    shown = [row[0] for row in by_silo]
    expected = ["Overall", *(f"silo_id:{silo}" for silo in WORST[:8])]
    assert [name[:40] for name in shown] == [name[:40] for name in expected]
    assert not any(TOO_FEW_SILO in name for name in shown)


def test_each_chart_is_drawn_and_says_what_it_shows(browser, page_file):
    with browser.visit(page_file) as visit:
        draw_all(visit.page)
        for name in CHARTS:
            chart = visit.page.locator(f"figure[data-chart={name}]")
            assert len(chart.locator(".plot .unseen").text_content()) > 40, name
            assert chart.locator(".behind tbody tr").count() > 1, name
            for text in chart.locator(".plot svg text").all_text_contents():
                assert "NaN" not in text, name
                assert "undefined" not in text, name
        assert visit.requests == visit.complaints == []
        assert visit.page.locator("img[src='x']").count() == 0


def test_charts_wait_until_they_are_near_the_screen(browser, page_file):
    with browser.visit(page_file) as visit:
        chart = visit.page.locator("figure[data-chart=training]")
        assert chart.locator("svg").count() == 0
        draw(visit.page, "training")


def test_each_entry_of_the_contents_leads_to_its_heading(browser, page_file):
    with browser.visit(page_file, viewport={"width": 1280, "height": 900}) as visit:
        page = visit.page
        links = page.locator("nav[aria-label=Contents] a")
        names = [link.get_attribute("href")[1:] for link in links.all()]
        assert len(names) == 17
        for name in names:
            page.evaluate("window.scrollTo(0, 0)")
            links.nth(names.index(name)).click()
            page.wait_for_function(IS_SETTLED)
            page.wait_for_function(IS_AT_TOP, arg=name)
            assert page.evaluate("document.activeElement.id") == name


def test_an_address_with_a_heading_leads_there(browser, page_file, tmp_path):
    with browser.visit(page_file) as visit:
        visit.page.goto(f"{page_file.as_uri()}#calibration")
        visit.page.wait_for_function(IS_SETTLED)
        visit.page.wait_for_function(IS_AT_TOP, arg="calibration")


# The page has not moved for a while.
IS_SETTLED = """
() => new Promise((resolve) => {
  let [height, place] = [0, -1];
  const look = () => {
    const now = [document.documentElement.scrollHeight, window.scrollY];
    if (now[0] === height && now[1] === place) return resolve(true);
    [height, place] = now;
    setTimeout(look, 400);
  };
  look();
})
"""
# A heading is in the upper part, or the page is at its end.
IS_AT_TOP = """
(name) => {
  const { top } = document.getElementById(name).getBoundingClientRect();
  const end = document.documentElement.scrollHeight - window.innerHeight;
  return top >= -2 && (top < 150 || (window.scrollY > end - 2 && top < innerHeight));
}
"""


def test_what_silos_withhold_is_hatched_and_has_a_legend(browser, run, tmp_path):
    few = [
        Figure(
            *("candidate", "eval", "silo-07", "carrier", "too few", "rows", None),
            *(None, None, None, 31, None, "too few"),
        )
    ]
    hidden = ("silo-07", "carrier", "DL")
    known = [
        each for each in run.scores if (each.silo, each.slice, each.group) != hidden
    ]
    scores = table.make_table([*known, *few])
    found = report.of_evaluation(report.About("f", "7"), None, scores)
    path = tmp_path / "index.html"
    path.write_text(page_of(found), encoding="utf-8")
    with browser.visit(path) as visit:
        chart = draw(visit.page, "heat")
        hatched = chart.locator(".plot rect[fill^='url(']")
        # That one, and `rare` there and over all silos.
        assert hatched.count() == 3
        summary = chart.locator(".plot .unseen").text_content()
        assert "3 cells are withheld, 0 have no such figure." in summary
        hatched.last.hover()
        tip = chart.locator(".plot g[aria-label=tip]")
        tip.get_by_text("silo-07").wait_for()
        assert "withheld: too few rows, or none" in tip.text_content()
        assert "all withheld together: 31 rows" in tip.text_content()
        assert "withheld" in chart.locator(".legend").text_content()
        assert visit.complaints == []


def test_groups_inside_silos_stand_beside_the_baseline(browser, page_file):
    with browser.visit(page_file) as visit:
        chart = draw(visit.page, "heat")
        chart.locator("summary").click()
        heads = chart.locator(".behind thead th")
        heads.first.wait_for()
        assert "AUC, baseline" in " ".join(heads.all_inner_texts())
        row = chart.locator(".behind tbody tr", has_text="silo-07").first
        assert re.fullmatch(r"0\.\d{3}", row.locator("td").nth(4).inner_text())
        chart.locator("select[name=metric]").select_option("brier")
        assert "baseline" not in " ".join(heads.all_inner_texts())


def test_tables_of_a_run_fit_a_small_desktop(browser, page_file):
    with browser.visit(page_file, viewport={"width": 1280, "height": 900}) as visit:
        wide = visit.page.locator("[aria-label='All silos']").first
        wide.scroll_into_view_if_needed()
        words = wide.evaluate(
            """(wide) => [...wide.querySelectorAll("td")].filter(
              (cell) => cell.scrollWidth > cell.clientWidth + 1).length"""
        )
        assert words == 0
        size = wide.evaluate("(wide) => [wide.scrollWidth, wide.clientWidth]")
        assert size[0] <= size[1] + 1


def test_another_metric_is_chosen_by_keyboard(browser, page_file):
    with browser.visit(page_file) as visit:
        chart = draw(visit.page, "silos")
        chart.locator("select[name=metric]").select_option("tpr@0.25")
        summary = chart.locator(".plot .unseen").text_content()
        assert summary.startswith("True positive rate at 0.25 by silo. From ")
        chart.locator("summary").click()
        heading = chart.locator(".behind th").nth(3).inner_text()
        assert heading.startswith("True positive rate at 0.25, candidate")
        assert "too few (7)" in chart.locator(".behind tbody").inner_text()


def test_gains_are_the_report_s_for_each_model(browser, run, page_file):
    with browser.visit(page_file) as visit:
        chart = draw(visit.page, "gains")
        chart.locator("summary").click()
        for model in ("served", "base", "personal"):
            chart.locator("select[name=model]").select_option(f"gain_{model}")
            chart.locator(".behind tbody tr").first.wait_for()
            rows = chart.locator(".behind tbody tr").all()
            shown = [row.locator("th, td").all_inner_texts() for row in rows]
            assert {row[0]: row[3].replace("−", "-") for row in shown} == {  # noqa: RUF001
                one.silo: f"{one.gains[model]['auc'].value:+.3f}"
                for one in run.benefit.silos
            }
            assert [one[2] for one in sorted(shown)] == [
                one.served for one in run.benefit.silos
            ]
        lower = sum(one.gains["personal"]["auc"].high < 0 for one in run.benefit.silos)
        summary = chart.locator(".plot .unseen").text_content()
        assert f"{lower} surely worse" in summary
        first = chart.locator(".behind tbody td:nth-child(4)").first.inner_text()
        least = min(one.gains["personal"]["auc"].value for one in run.benefit.silos)
        assert float(first) == pytest.approx(least, abs=0.0006)


def test_each_model_of_a_silo_has_its_mark_and_its_numbers(browser, run, page_file):
    with browser.visit(page_file) as visit:
        chart = draw(visit.page, "ownmodels")
        marks = chart.locator(".plot g[aria-label=dot] > *")
        assert marks.count() == 3 * len(run.benefit.silos)
        legend = chart.locator(".legend").inner_text().split()
        assert legend == ["base", "personal", "alone"]
        marks.first.hover()
        chart.locator(".plot g[aria-label=tip]", has_text="base: 0.").wait_for()
        chart.locator("summary").click()
        chart.locator(".behind tbody tr").first.wait_for()
        heads = chart.locator(".behind thead th").all_inner_texts()
        for one in run.benefit.silos[:3]:
            row = chart.locator(".behind tbody tr", has_text=one.silo).first
            cells = row.locator("th, td").all_inner_texts()
            for model, figures in one.figures.items():
                place = [head.startswith(f"AUC, {model}") for head in heads].index(True)
                assert cells[place] == f"{figures['auc'].value:.3f}"


def test_many_silos_gains_are_ranked_and_the_first_are_named(browser, tmp_path):
    names = [f"silo {number:03}" for number in range(70)]
    aucs = [made_runs.figure(name, "auc", 0.7) for name in names]
    found = made_runs.report(
        [made_runs.member(name) for name in names], table.make_table(aucs)
    )
    found = dataclasses.replace(
        found, parts=found.parts | {"benefit"}, benefit=made_benefits.report(names)
    )
    path = tmp_path / "index.html"
    path.write_text(page_of(found), encoding="utf-8")
    with browser.visit(path) as visit:
        for name in ("gains", "ownmodels"):
            chart = draw(visit.page, name)
            assert chart.locator(".plot svg").count() == 2
            assert "The first 30 of 70 by name:" in chart.inner_text()
        assert draw(visit.page, "gainsizes").locator(".plot svg").count() == 1
        assert visit.complaints == []


def test_rates_are_shown_at_the_threshold_that_is_chosen(browser, page_file):
    with browser.visit(page_file) as visit:
        region = visit.page.locator("[aria-label='Fairness between groups']")
        shown = region.locator("tbody td:nth-child(3)")
        assert {*shown.all_text_contents()} == {"0.5", ""}
        choice = region.locator("xpath=preceding-sibling::p[1]//select")
        choice.select_option("0.75")
        assert {*shown.all_text_contents()} == {"0.75", ""}


def test_a_long_table_is_searched_and_says_how_many_rows_match(browser, page_file):
    with browser.visit(page_file) as visit:
        page = visit.page
        place = page.locator("figure[data-chart=inside]")
        place.locator("summary").click()
        status = place.locator("[role=status]")
        assert status.inner_text() == "50 of 165 rows shown"
        place.locator("button.more").click()
        assert status.inner_text() == "165 of 165 rows shown"
        place.locator("input[type=search]").fill("silo-07 carrier")
        page.wait_for_function(
            "() => document.querySelector('[data-chart=inside] [role=status]')"
            ".innerText.startsWith('9 of 9 rows shown, 165 in all')"
        )
        names = place.locator("tbody th").all_inner_texts()
        assert {*names} == {"silo-07"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, page_file, scheme):
    with browser.visit(page_file, color_scheme=scheme, bypass_csp=True) as visit:
        draw_all(visit.page)
        settle(visit.page)
        assert grave_faults(visit.page, {"include": [["html"]]}) == []


def test_it_works_in_the_frame_that_kubeflow_puts_it_in(browser, page_file, tmp_path):
    inner = html.escape(page_file.read_text(encoding="utf-8"), quote=True)
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<!DOCTYPE html><iframe sandbox="allow-scripts" srcdoc="{inner}" '
        'width="1200" height="800"></iframe>',
        encoding="utf-8",
    )
    with browser.visit(outer) as visit:
        frame = visit.page.frames[1]
        assert settle(frame)[0][0][0] == "Overall"
        draw(frame, "heat")
        frame.locator("nav a", has_text="Training").click()
        assert frame.evaluate("document.activeElement.id") == "training"
        assert frame.evaluate("window.scrollY") > 1000
        assert visit.requests == []
        assert visit.complaints == []


def test_injected_markup_would_not_run(browser, page_file, tmp_path):
    """Even where an escape were forgotten, the policy runs no foreign script."""
    broken = tmp_path / "broken.html"
    text = page_file.read_text(encoding="utf-8")
    evil = "<script>document.title = 'run'</script><img src=x onerror=alert(1)>"
    main = '<main class="long">'
    broken.write_text(text.replace(main, main + evil), encoding="utf-8")
    with browser.visit(broken) as visit:
        settle(visit.page)
        assert visit.page.title() == "Blessed: flights, span 7"
        assert not any("dialog" in text for text in visit.complaints)


def test_tables_are_sorted_by_keyboard(browser, page_file):
    with browser.visit(page_file) as visit:
        table = visit.page.locator("[aria-label='All silos'] table")
        table.locator("button", has_text="Rows to train").focus()
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Enter")
        rows = table.locator("tbody tr td:nth-child(8)").all_text_contents()
        numbers = [int(text.replace(",", "")) for text in rows]
        assert numbers == sorted(numbers, reverse=True)
        table.locator("button", has_text="AUC").first.focus()
        visit.page.keyboard.press("Enter")
        last = table.locator("tbody tr th").last.text_content()
        assert last == TOO_FEW_SILO


def test_what_is_folded_away_is_printed(browser, page_file):
    with browser.visit(page_file) as visit:
        visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        visit.page.emulate_media(media="print")
        closed = visit.page.locator("details:not([open])").count()
        assert closed == 0
        for name in CHARTS:
            chart = visit.page.locator(f"figure[data-chart={name}]")
            assert chart.locator(".plot svg").count() > 0, name
        assert visit.page.locator("pre").first.is_visible()
        visit.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert visit.page.locator("details[open]").count() == 1  # TFMA's by silo


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_themes(browser, page_file, scheme):
    with browser.visit(page_file, color_scheme=scheme) as visit:
        worst = visit.page.evaluate(CONTRAST)
    assert worst >= 4.5  # WCAG 2.1, 1.4.3


CONTRAST = """
() => {
  const probe = document.createElement("canvas").getContext("2d");
  const channels = (colour) => {
    probe.fillStyle = colour; probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3).map((c) => {
      c /= 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
  };
  const light = (colour) => {
    const [r, g, b] = channels(colour);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.documentElement);
  const get = (name) => light(style.getPropertyValue(name).trim());
  const ratios = [];
  for (const ink of ["--ink", "--soft", "--good", "--bad"])
    for (const paper of ["--paper", "--panel"]) {
      const [a, b] = [get(ink), get(paper)].sort((x, y) => y - x);
      ratios.push((a + 0.05) / (b + 0.05));
    }
  return Math.min(...ratios);
}
"""


def test_a_page_below_quorum_is_quiet_too(browser, refused, tmp_path):
    path = tmp_path / "refused.html"
    path.write_text(page_of(refused), encoding="utf-8")
    with browser.visit(path) as visit:
        assert visit.page.locator("h2").first.inner_text() == "✗ Nothing was trained"
        assert EVIL in visit.page.locator("[aria-label='All silos']").text_content()
        assert visit.requests == visit.complaints == []


def test_hints_are_searched_and_inert_in_rows_that_come_later(browser, tmp_path):
    """Rows that the script makes read as those that the template writes."""
    evil = "<img src=x onerror=alert(1)>"
    notes = tuple(Finding(f"column `{name}` is new", f"drop {evil}") for name in "ab")
    more = (Finding("no held-out rows"),)
    silos = [made_runs.member(f"silo {n:03}", notes=notes + more) for n in range(60)]
    silos[-1] = made_runs.member("silo 059", notes=(Finding("skewed", "mend skew"),))
    path = tmp_path / "page.html"
    path.write_text(page_of(made_runs.report(silos, Table())), encoding="utf-8")
    with browser.visit(path) as visit:
        rows = visit.page.locator("[aria-label='Validation findings'] tbody tr")
        assert rows.count() == 50
        written = rows.first.locator("td").last.text_content()
        search = visit.page.get_by_role("searchbox", name="Search Validation findings")
        search.fill("silo 055")
        rows.nth(1).wait_for(state="detached")
        made = rows.first.locator("td").last
        assert made.locator("li, p").all_text_contents() == [
            *("column a is new", "column b is new"),
            *(f"Hint: drop {evil}", "no held-out rows"),
        ]
        assert "".join(made.text_content().split()) == "".join(written.split())
        search.fill("mend skew")
        rows.filter(has_text="silo 059").wait_for()
        assert rows.count() == 1
        assert visit.requests == visit.complaints == []
