"""TFMA's elements as the page patches them: their colours, names, roles and keys."""

from __future__ import annotations

import contextlib

import pytest

from tests.components.dashboard.test_run_page_in_browser import settle
from tests.support.browser import grave_faults

# Where things lie: names of elements, each in the shadow root of the one before.
FAIRNESS = ("fairness-nb-container",)
SELECTOR = (*FAIRNESS, "fairness-metric-and-slice-selector")
BOARD = (*FAIRNESS, "fairness-metrics-board")
SUMMARY = (*BOARD, "fairness-metric-summary")
TABLE = (*SUMMARY, "fairness-metrics-table")
OVERLAYS = {  # what opens over the rest
    "metrics, explained": (*SELECTOR, "paper-dialog"),
    "baselines": (*BOARD, "paper-dropdown-menu"),
    "slices": (*SUMMARY, "iron-dropdown"),
}
GROUNDS = (
    (*FAIRNESS, "paper-card"),
    (*SELECTOR, "paper-listbox"),
    (*SELECTOR, "paper-dialog"),
    (*TABLE, ".table-row"),
    (*TABLE, ".table-head-row"),
    (*TABLE, ".baseline-row"),
)

REACH = """
(path) => path.reduce((at, name) => (at.shadowRoot ?? at).querySelector(name), document)
"""
BRIGHTNESS = """
(element) => {
  for (let at = element; at; at = at.parentNode ?? at.host) {
    if (!(at instanceof Element)) continue;
    const [r, g, b, alpha = 1] = getComputedStyle(at).backgroundColor
      .match(/[\\d.]+/g).map(Number);
    if (alpha > 0.5) return (r + g + b) / 3 / 255;
  }
  return 1;
}
"""
OVERLAY = """
(element, [turn, turned]) => new Promise((done) => {
  element.addEventListener(turned, () => done(), { once: true });
  element[turn]();
})
"""
CHOSEN = "([option, state]) => option.getAttribute('aria-selected') === state"


@contextlib.contextmanager
def views(browser, path, **options):
    """Open the page, with TFMA's views of the first family drawn."""
    with browser.visit(path, **options) as visit:
        settle(visit.page)
        yield visit.page


def reach(page, path):
    return page.evaluate_handle(REACH, list(path)).as_element()


def attribute(page, path, name):
    return reach(page, path).get_attribute(name)


@contextlib.contextmanager
def opened(page, path):
    """Open an overlay, and close it after.

    Both wait until it has faded in or out: half there, it has no contrast.
    """
    element = reach(page, path)
    element.evaluate(OVERLAY, ["open", "iron-overlay-opened"])
    yield element
    element.evaluate(OVERLAY, ["close", "iron-overlay-closed"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_opens(browser, page_file, scheme):
    with views(browser, page_file, color_scheme=scheme, bypass_csp=True) as page:
        for name, path in OVERLAYS.items():
            with opened(page, path):
                assert grave_faults(page, {"include": [[".tfma"]]}) == [], name


def test_grounds_are_dark_in_dark_mode_and_light_on_paper(browser, page_file):
    with views(browser, page_file, color_scheme="dark") as page:
        grounds = [reach(page, path) for path in GROUNDS]
        assert max(ground.evaluate(BRIGHTNESS) for ground in grounds) < 0.15
        page.emulate_media(media="print")
        assert min(ground.evaluate(BRIGHTNESS) for ground in grounds) > 0.95
        page.emulate_media(media="screen", color_scheme="light")
        assert min(ground.evaluate(BRIGHTNESS) for ground in grounds) > 0.95


def test_an_option_is_chosen_by_keyboard_and_holds_no_checkbox(browser, page_file):
    option = (*SELECTOR, "paper-listbox > paper-item:nth-child(2)")
    with views(browser, page_file) as page:
        assert attribute(page, (*option[:-1], "paper-listbox"), "aria-label")
        reach(page, option).focus()
        page.keyboard.press("Space")
        page.wait_for_function(CHOSEN, arg=[reach(page, option), "true"])
        box = reach(page, option).query_selector("paper-checkbox")
        assert box.evaluate("(each) => each.checked")
        for name in ("tabindex", "aria-checked", "aria-disabled"):
            assert box.get_attribute(name) is None
        page.keyboard.press("Space")
        page.wait_for_function(CHOSEN, arg=[reach(page, option), "false"])


def test_a_dialog_has_a_name_and_gives_the_focus_back(browser, page_file):
    icon = (*SELECTOR, "paper-icon-button")
    with views(browser, page_file) as page:
        assert attribute(page, icon, "aria-label") == "About: Metrics"
        reach(page, icon).focus()
        page.keyboard.press("Enter")
        dialog = reach(page, (*SELECTOR, "paper-dialog"))
        page.wait_for_function("(each) => each.opened", arg=dialog)
        assert dialog.get_attribute("aria-label") == "Metrics"
        page.keyboard.press("Escape")
        page.wait_for_function("(each) => !each.opened", arg=dialog)
        has_focus = "(each) => each.getRootNode().activeElement === each"
        page.wait_for_function(has_focus, arg=reach(page, icon))


def test_a_dialog_is_not_cut_at_its_section(browser, page_file):
    with views(browser, page_file, viewport={"width": 1400, "height": 900}) as page:
        reach(page, (*SUMMARY, "paper-icon-button")).scroll_into_view_if_needed()
        with opened(page, (*SUMMARY, "paper-dialog")) as dialog:
            left = dialog.bounding_box()["x"]
            assert left < page.locator(".tfma").first.bounding_box()["x"]
            middle = page.viewport_size["height"] / 2
            there = "([x, y]) => document.elementFromPoint(x, y).localName"
            assert page.evaluate(there, [left + 5, middle]) == FAIRNESS[0]


def test_the_table_of_the_fairness_view_is_one(browser, page_file):
    with views(browser, page_file) as page:
        table = reach(page, (*TABLE, "#table"))
        assert table.get_attribute("role") == "table"
        assert table.get_attribute("aria-label") == "auc by slice"
        rows = table.query_selector_all("[role=row]")
        assert len(rows) == 1 + len(settle(page)[0])
        for row, role in zip(rows, ("columnheader", "cell"), strict=False):
            cells = row.query_selector_all("> div")
            roles = [cell.get_attribute("role") for cell in cells]
            assert roles[1:] == [role] * (len(roles) - 1)
        assert rows[1].query_selector("[role=rowheader]").inner_text() == "Overall"


def test_a_menu_says_what_is_chosen(browser, page_file):
    with views(browser, page_file) as page:
        menu = (*BOARD, "paper-dropdown-menu")
        field = (*menu, "paper-input", "input")
        assert attribute(page, field, "role") is None
        assert reach(page, field).evaluate("(each) => each.value") == "Overall"
        assert attribute(page, (*BOARD, "paper-listbox"), "aria-label") == "Baseline"
