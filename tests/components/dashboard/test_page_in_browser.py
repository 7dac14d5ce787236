"""The page in a real Chromium without a network."""

from __future__ import annotations

import html

import pytest

from tests.components.dashboard.conftest import EVIL, TOO_FEW_SILO, WORST

ROWS = """
() => [...document.querySelectorAll("fairness-nb-container")].map((element) => {
  const board = element.shadowRoot.querySelector("fairness-metrics-board");
  const summary = board.shadowRoot.querySelector("fairness-metric-summary");
  const table = summary.shadowRoot.querySelector("fairness-metrics-table");
  return [...table.shadowRoot.querySelectorAll(".table-row, .baseline-row")].map(
    (row) => row.innerText.split("\\n").map((text) => text.trim()).filter(Boolean));
})
"""


@pytest.fixture
def page_file(run, tmp_path):
    path = tmp_path / "index.html"
    path.write_text(run.render(), encoding="utf-8")
    return path


def settle(frame) -> list[list[list[str]]]:
    """Wait until each fairness view has drawn its table, and return the rows."""
    frame.wait_for_function(f"({ROWS})().every((rows) => rows.length > 1)")
    rows: list[list[list[str]]] = frame.evaluate(ROWS)
    return rows


def test_overall_and_the_worst_silos_are_preselected(browser, page_file):
    with browser.visit(page_file) as visit:
        by_silo = settle(visit.page)[0]
    shown = [row[0] for row in by_silo]
    expected = ["Overall", *(f"silo_id:{silo}" for silo in WORST[:8])]
    assert [name[:40] for name in shown] == [name[:40] for name in expected]
    assert not any(TOO_FEW_SILO in name for name in shown)


def test_no_request_no_error_no_dialog(browser, page_file):
    with browser.visit(page_file) as visit:
        settle(visit.page)
        assert visit.requests == []
        assert visit.complaints == []
        assert visit.page.locator("img[src='x']").count() == 0


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
    broken.write_text(text.replace("<main>", f"<main>{evil}"), encoding="utf-8")
    with browser.visit(broken) as visit:
        settle(visit.page)
        assert visit.page.title() == "Blessed: flights, span 7"
        assert not any("dialog" in text for text in visit.complaints)


def test_tables_are_sorted_by_keyboard(browser, page_file):
    with browser.visit(page_file) as visit:
        table = visit.page.locator("table.sortable").first
        table.locator("button", has_text="Rows to train").focus()
        visit.page.keyboard.press("Enter")
        visit.page.keyboard.press("Enter")
        rows = table.locator("tbody tr td:nth-child(3)").all_inner_texts()
        numbers = [int(text.replace(",", "")) for text in rows]
        assert numbers == sorted(numbers, reverse=True)
        table.locator("button", has_text="AUC").first.focus()
        visit.page.keyboard.press("Enter")
        last = table.locator("tbody tr th").last.inner_text()
        assert last == TOO_FEW_SILO


def test_what_is_folded_away_is_printed(browser, page_file):
    with browser.visit(page_file) as visit:
        visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        visit.page.emulate_media(media="print")
        closed = visit.page.locator("details:not([open])").count()
        assert closed == 0
        assert visit.page.locator("pre").first.is_visible()
        visit.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert visit.page.locator("details[open]").count() == 0


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
    path.write_text(refused.render(), encoding="utf-8")
    with browser.visit(path) as visit:
        assert visit.page.locator("h2").first.inner_text() == "✗ Nothing was trained"
        assert EVIL in visit.page.locator("#silos ~ *").all_inner_texts()[-1]
        assert visit.requests == visit.complaints == []
