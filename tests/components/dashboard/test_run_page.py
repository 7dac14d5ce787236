from __future__ import annotations

import base64
import dataclasses
import hashlib
import html.parser
import re
from typing import Any

import pytest

from components.dashboard import report, run_page
from components.dashboard.page import STYLE
from components.dashboard.settings import DashboardSettings
from components.payloads.cohort import Cohort
from components.payloads.decision import GateResult
from components.payloads.ledger import NotScored
from components.payloads.model_run import Dropped
from tests.components.dashboard.conftest import (
    ARABIC,
    EMOJI,
    EVIL,
    LEFT_OUT,
    LONG,
    TOO_FEW_SILO,
    page_of,
)

VOID = {"meta", "img", "br", "link", "input", "base"}


class Reader(html.parser.HTMLParser):
    """Collects elements, texts by section and the rows of tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[str] = []
        self._skip = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in {"script", "style"}:
            self._skip = tag
            if tag == "script":
                self.scripts.append("")
        if tag == "tr":
            self.text.append("\n")

    def handle_endtag(self, tag):
        if tag == self._skip:
            self._skip = ""

    def handle_data(self, data):
        if self._skip == "script":
            self.scripts[-1] += data
        elif not self._skip:
            self.text.append(data)

    @property
    def words(self) -> str:
        return "".join(self.text)


def words_of(found: report.Report, **fields: Any) -> str:
    """Return what a page says, of a run with other fields."""
    return Reader(page_of(dataclasses.replace(found, **fields))).words


def test_the_decision_comes_before_everything_else(html_text):
    words = Reader(html_text).words
    assert words.index("✓ Blessed") < words.index("AUC on the following span")
    headings = re.findall(r'<h2 id="(\w+)" tabindex', html_text)
    assert headings[0] == "decision"
    assert re.findall(r'<li><a href="#(\w+)"', html_text) == headings


def test_a_refusal_says_why_in_sentences(run):
    decision = dataclasses.replace(
        run.decision,
        blessed=False,
        reasons=("Silo `a` has an AUC of 0.510; at least 0.600 is asked.",),
        gates=(
            GateResult("overall", True, "AUC 0.713 is enough."),
            GateResult("worst", False, "0.510 is too low.", "waive it in RUN"),
        ),
    )
    words = words_of(run, decision=decision)
    assert "✗ Not blessed" in words
    assert "Silo a has an AUC of 0.510; at least 0.600 is asked." in words
    assert "fairsilo report list flights" in words  # what RUN is in a hint
    assert words.index("0.510 is too low.") < words.index("AUC 0.713 is enough.")


def test_below_quorum_the_page_leads_with_the_reasons_and_the_silos(refused):
    text = page_of(refused)
    words = Reader(text).words
    assert "✗ Nothing was trained" in words
    assert words.index("the quorum is 16") < words.index(LEFT_OUT)
    assert "column dep_delay is missing in 31% of 8,204 rows" in words
    assert '<details class="family">' not in text
    assert len(text) < 700_000


NOT_SCORED = NotScored(EVIL, f"silo `{EVIL}`: score.parquet: no file")


def test_a_silo_that_was_not_scored_or_not_trained_leads_the_page(run):
    out = Dropped("silo-07", "silo `silo-07`: column `age`: found type string")
    rounds = tuple(
        dataclasses.replace(
            one, silos=tuple(silo for silo in one.silos if silo.silo != out.silo)
        )
        for one in run.run.rounds
    )
    text = words_of(
        run,
        ledger=dataclasses.replace(run.ledger, silos_not_scored=(NOT_SCORED,)),
        run=dataclasses.replace(run.run, rounds=rounds, left_out=(out,)),
    )
    head = text[: text.index("AUC on the following span")]
    assert "⚠ Blessed, incomplete" in head
    assert f"{EVIL} was not wholly scored. silo {EVIL}: score.parquet" in head
    assert "silo-07 was not trained. silo silo-07: column age: found type" in head


def test_where_validation_found_nothing_the_page_points_to_what_the_run_found(run):
    members = tuple(
        dataclasses.replace(one, admitted=True, reasons=(), notes=())
        for one in run.cohort.members
        if one.silo != LEFT_OUT
    )
    quiet = dataclasses.replace(run, cohort=Cohort(members, 3))
    not_scored = dataclasses.replace(run.ledger, silos_not_scored=(NOT_SCORED,))
    elsewhere = "Which silos could not be trained or scored, and why, stands at the"
    assert elsewhere in words_of(quiet, ledger=not_scored)
    assert elsewhere not in words_of(quiet)


@pytest.mark.parametrize("name", [EVIL, ARABIC, EMOJI, LONG])
def test_hostile_names_are_read_as_they_are(html_text, name):
    assert name in Reader(html_text).words


def test_hostile_names_make_no_element_and_no_handler(html_text):
    elements = Reader(html_text).elements
    assert "img" not in {tag for tag, _ in elements}
    handlers = [
        name for _, attrs in elements for name in attrs if name.startswith("on")
    ]
    assert handlers == []
    kinds = [attrs.get("type") for tag, attrs in elements if tag == "script"]
    assert kinds.count("application/json") == 2  # the charts' data, and one table
    assert kinds.count(None) == 12


def test_names_of_silos_are_isolated_from_the_text_around_them(html_text):
    assert f"<bdi>{ARABIC}</bdi>" in html_text
    assert f">{ARABIC}<" not in html_text.replace(f"<bdi>{ARABIC}</bdi>", "")


def test_the_policy_names_each_script_and_forbids_the_rest(html_text):
    reader = Reader(html_text)
    policy = next(
        attrs["content"]
        for tag, attrs in reader.elements
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    running = [text for text in reader.scripts if text[:1] not in "[{"]
    assert len(running) == 12
    for script in running:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_nothing_on_the_page_points_outside(html_text):
    for _, attrs in Reader(html_text).elements:
        for name in ("src", "href", "action", "data"):
            value = attrs.get(name)
            assert value is None or value.startswith("#"), (name, value)
    assert "url(" not in STYLE.read_text(encoding="utf-8")


def test_the_same_run_gives_the_same_bytes(run):
    assert page_of(run) == page_of(run)


def test_a_page_of_sixteen_silos_is_below_three_megabytes(html_text):
    assert len(html_text.encode()) < 3_000_000


def test_too_few_is_counted_and_never_a_number(html_text):
    rows = [
        row for row in html_text.split("<tr") if f"<bdi>{TOO_FEW_SILO}</bdi>" in row
    ]
    known = [row for row in rows if "too few (7)" in row]
    assert known
    for row in known:
        cells = re.findall(r'<td class="num"[^>]*>(.*?)</td>', row)
        assert not any(re.fullmatch(r"<bdi>0\.\d{3}</bdi>", cell) for cell in cells)


def test_each_chart_has_a_title_a_place_and_a_table_behind_it(html_text):
    charts = re.findall(r'<figure class="chart" data-chart="(\w+)"', html_text)
    assert charts == [
        *("silos", "changes", "sizes", "ecdf", "lorenz", "heterogeneity"),
        *("gains", "ownmodels", "gainsizes", "contributions", "helps"),
        *("groups", "heat", "inside", "gaps", "calibration", "training"),
    ]
    assert html_text.count('<div class="behind">') == len(charts)
    for name in charts:
        assert f'<h3 id="chart-{name}">' in html_text


def test_a_page_of_an_evaluation_alone_tells_nothing_of_a_run(run, views):
    about = report.About("scores made elsewhere", "")
    found = report.of_evaluation(about, None, run.scores)
    text = run_page.render(found, views, "", DashboardSettings())
    headings = re.findall(r'<h2 id="(\w+)" tabindex', text)
    assert headings == [
        *("decision", "figures", "gates", "fairness", "silos"),
        *("groups", "calibration", "versions"),
    ]
    assert "Measured, not judged" in text
    assert "No gate was asked" in text
    assert '<details class="family">' in text
    assert 'data-chart="training"' not in text
    for told in ("Rows to train", "Left the silo", "Dead letters", "cohort"):
        assert told not in text.split("<script")[0], told


def test_every_table_that_scrolls_can_be_reached_by_keyboard(html_text):
    for tag, attrs in Reader(html_text).elements:
        if tag == "div" and "wide" in (attrs.get("class") or ""):
            assert attrs["tabindex"] == "0"
            assert attrs.get("aria-label") or attrs.get("aria-labelledby")


def test_all_sections_of_the_issue_are_told(html_text):
    words = Reader(html_text).words
    for told in (
        "Compared with the baseline",
        "too few rows to judge",  # a silo that no gate judged
        "no answer in 60 s",  # a silo that dropped out
        "no held-out rows",  # a finding
        "Hint: export dep_delay again",
        "3 (500 bytes)",  # what left
        "pieces of work done by an earlier run",
        "What was read of each silo",
        "Features of the model",
        "tensorflow-model-analysis",
        "rounds: 5",
    ):
        assert told in words, told


def test_long_lists_are_cut_and_say_so(run):
    settings = DashboardSettings(groups_inside_silos=2)
    words = " ".join(Reader(page_of(run, settings)).words.split())
    assert "The page holds the first 2 of 165 groups" in words


def test_without_a_gate_nothing_is_called_judged(run):
    found = report.of_evaluation(report.About("f", ""), None, run.scores)
    words = Reader(page_of(found)).words
    assert "Across the measured silos" in words
    assert re.findall(r".*\bjudged.*", words.replace("Measured, not judged", "")) == []
