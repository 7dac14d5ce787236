"""The pages in a real Chromium, in the frame that Kubeflow's UI puts them in."""

from __future__ import annotations

import html

import pytest

from components.federation.workers import ONE_USER_ID
from components.payloads.model_run import RunRecord
from pipelines import summary
from pipelines.places import Places
from pipelines.runners import step_report
from pipelines.runners.step_report import About
from tests.pipelines.runners import cases
from tests.support.browser import grave_faults

ABOUT = About("run-1", cases.EVIL, "")
NARROW = 640  # about the width of the side panel
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def pages(tmp_path) -> dict[str, str]:
    """A page a step of a run, and those of one whose silos share a user id."""
    nodes = cases.blessed(tmp_path / "run")
    cases.train(nodes, ONE_USER_ID)
    made = {
        node: step_report.of_node(node, ABOUT, nodes).html
        for node in (*step_report.STEPS, "Pusher")
    }
    told = summary.of_run("run-1", "flights", Places(tmp_path), nodes)
    made["decide"] = step_report.of_summary(ABOUT, told).html
    made["open-run"] = step_report.of_message(
        ABOUT, cases.ARABIC, [cases.LONG], {"evil": cases.EVIL}
    ).html
    made["missing"] = step_report.of_node("Dashboard", ABOUT, {}).html
    refused = cases.refused(tmp_path / "refused")
    RunRecord("fed_avg", refusal=cases.EVIL).write(
        refused["FederatedTrainer"].outputs["model_run"]
    )
    made["refused"] = step_report.of_node("FederatedTrainer", ABOUT, refused).html
    return made


@pytest.fixture
def framed(pages, tmp_path):
    """One file with all pages, each in a frame as the UI makes it."""
    path = tmp_path / "ui.html"
    frames = "".join(
        f'<iframe sandbox="allow-scripts" width="{NARROW}" height="900" '
        f'srcdoc="{html.escape(page, quote=True)}"></iframe>'
        for page in pages.values()
    )
    path.write_text(f'<!DOCTYPE html><meta charset="utf-8">{frames}', encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_quiet_and_fits_its_frame(browser, framed, pages, scheme):
    with browser.visit(framed, color_scheme=scheme) as visit:
        frames = visit.page.frames[1:]
        assert len(frames) == len(pages)
        for step, frame in zip(pages, frames, strict=True):
            assert frame.locator("h2").first.is_visible(), step
            assert cases.EVIL in frame.locator("header").inner_text(), step
            assert frame.locator("img, iframe").count() == 0, step
            assert frame.evaluate(OVERFLOW) == 0, step
        assert visit.requests == []
        assert visit.complaints == []


def test_a_notice_a_chart_and_tables_that_sort_are_there(browser, pages, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(pages["FederatedTrainer"], encoding="utf-8")
    with browser.visit(path) as visit:
        frame = visit.page
        note = frame.get_by_role("note").inner_text()
        assert note.startswith("Isolation of the silos: one user id")
        frame.locator("figure[data-chart=training]").scroll_into_view_if_needed()
        frame.locator("figure[data-chart=training] svg").first.wait_for()
        table = frame.locator("[aria-label='Silos in the last round'] table")
        table.locator("button", has_text="Silo").focus()
        frame.keyboard.press("Enter")
        assert table.locator("th[aria-sort=ascending]").count() == 1
        names = table.locator("tbody th").all_text_contents()
        assert names == sorted(names)
        assert visit.requests == visit.complaints == []


@pytest.mark.parametrize("step", ["FairnessEvaluator", "FederatedTrainer", "decide"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser, pages, tmp_path, step, scheme):
    path = tmp_path / "page.html"
    path.write_text(pages[step], encoding="utf-8")
    with browser.visit(path, color_scheme=scheme, bypass_csp=True) as visit:
        visit.page.locator("figure svg").first.wait_for(state="attached")
        assert grave_faults(visit.page, {"include": [["html"]]}) == []


def test_injected_markup_would_not_run(browser, pages, tmp_path):
    """Even where an escape were forgotten, the policy runs no script."""
    evil = "<script>document.title = 'run'</script><img src=x onerror=alert(1)>"
    main = '<main class="long">'
    path = tmp_path / "broken.html"
    path.write_text(pages["Pusher"].replace(main, main + evil), encoding="utf-8")
    with browser.visit(path) as visit:
        assert visit.page.title().startswith("Pusher: ")
        assert visit.complaints
        assert not any("dialog" in text for text in visit.complaints)


def test_all_of_a_page_is_printed(browser, pages, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(pages["FairnessEvaluator"], encoding="utf-8")
    with browser.visit(path, color_scheme="dark") as visit:
        visit.page.emulate_media(media="print")
        paper = "getComputedStyle(document.body).backgroundColor"
        assert visit.page.evaluate(paper) == "rgb(255, 255, 255)"
        assert visit.page.get_by_role(
            "heading", name="All silos", exact=True
        ).is_visible()
