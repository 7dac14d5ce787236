"""A silo's page in a real Chromium without a network."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard.silo import page as silo_page
from components.dashboard.silo.location import file_name
from components.payloads import table
from components.payloads.cohort import Member
from components.payloads.findings import Finding
from tests.components.dashboard import made_benefits
from tests.components.dashboard.conftest import ARABIC, EMOJI, EVIL, LONG, PLAIN
from tests.components.dashboard.silo import made_runs
from tests.support.browser import AXE

HIDDEN_WITHOUT_A_POLICY = "<img src=x onerror=alert(1)><script>alert(2)</script>"
NAMES = [EVIL, ARABIC, EMOJI, LONG, *PLAIN]
METRICS = ("auc", "pr_auc", "log_loss", "brier", "calibration_error", "base_rate")
RATES = ("tpr", "fpr", "positive_rate", "precision")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixteen silos, four of them with hostile names, and their pages."""
    figures = table.make_table(
        one
        for index, silo in enumerate(NAMES)
        for one in made_runs.silo_figures(
            silo,
            {
                metric: 0.2 + 0.04 * ((3 * index + 5 * place) % 16)
                for place, metric in enumerate(METRICS + RATES)
            },
            ("women", EVIL, ARABIC),
        )
    )
    members = [made_runs.member(silo) for silo in NAMES]
    reason = f"column `{EVIL}`: found no such column, expected float values"
    found = Finding(reason, f"export `{EVIL}`"), Finding(f"file {LONG} is new")
    members[1] = Member(ARABIC, False, found[:1], found[1:])
    training = made_runs.rounds(NAMES, 15)
    made = tmp_path_factory.mktemp("site")
    run = made_runs.report(members, figures, training=training)
    benefit = made_benefits.report(NAMES, pooled=True)
    run = dataclasses.replace(run, parts=run.parts | {"benefit"}, benefit=benefit)
    silo_page.write(run, made)
    return made / "silos"


def place(folder, silo):
    return folder / file_name(silo)


@pytest.mark.parametrize("silo", [EVIL, ARABIC, EMOJI, LONG, PLAIN[0]])
def test_no_request_no_error_no_dialog(browser, folder, silo):
    with browser.visit(place(folder, silo)) as visit:
        assert visit.page.locator("h1").inner_text() == silo
        assert visit.requests == []
        assert visit.complaints == []
        assert visit.page.locator("img, script").count() == 0


def test_its_style_sheet_is_let_in(browser, folder):
    with browser.visit(place(folder, PLAIN[0])) as visit:
        bar = visit.page.locator(".drawing path.own").first
        fill = bar.evaluate("element => getComputedStyle(element).fill")
        assert fill == "rgb(0, 114, 178)"


def test_injected_markup_would_not_run(browser, folder, tmp_path):
    """Even where an escape were forgotten, the policy runs no script."""
    broken = tmp_path / "broken.html"
    text = place(folder, PLAIN[0]).read_text(encoding="utf-8")
    broken.write_text(
        text.replace("<main ", f"{HIDDEN_WITHOUT_A_POLICY}<main "), encoding="utf-8"
    )
    with browser.visit(broken) as visit:
        assert visit.page.locator("img").count() == 1
        assert not any("dialog" in text for text in visit.complaints)
        assert visit.requests == []


def test_it_is_read_by_keyboard(browser, folder):
    with browser.visit(place(folder, PLAIN[0])) as visit:
        visit.page.keyboard.press("Tab")
        assert visit.page.evaluate("document.activeElement.className") == "skip"
        visit.page.locator("summary", has_text="The numbers behind").first.focus()
        visit.page.keyboard.press("Enter")
        assert visit.page.locator("details[open] td").first.is_visible()
        visit.page.locator("nav a", has_text="What left you").focus()
        visit.page.keyboard.press("Enter")
        assert visit.page.evaluate("document.activeElement.id") == "left"


@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_runs_over_the_edge(browser, folder, width):
    for silo in (LONG, EVIL, PLAIN[0]):
        size = {"width": width, "height": 800}
        with browser.visit(place(folder, silo), viewport=size) as visit:
            found = visit.page.evaluate("document.documentElement.scrollWidth")
        assert found <= width


def test_the_counts_are_printed(browser, folder):
    with browser.visit(place(folder, PLAIN[0])) as visit:
        counts = visit.page.locator("details:not([open]) table").first
        assert not counts.evaluate(SEEN)
        visit.page.emulate_media(media="print")
        assert counts.evaluate(SEEN)


SEEN = "table => table.closest('details').getBoundingClientRect().height > 60"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("silo", [PLAIN[0], ARABIC])
def test_axe_finds_nothing(browser, folder, scheme, silo):
    if not AXE.exists():
        pytest.skip("axe-core is not here (make axe)")
    with browser.visit(place(folder, silo), color_scheme=scheme) as visit:
        visit.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = visit.page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
