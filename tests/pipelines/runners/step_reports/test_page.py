"""The page is small, inert and says where it was cut."""

import pytest

from components.dashboard.run.key_figures import KeyFigure
from components.dashboard.scores import Cell
from pipelines.runners.step_reports import page
from pipelines.runners.step_reports.content import Column, Content, Mark, Table
from pipelines.runners.step_reports.figures import axis, bar
from tests.pipelines.runners.step_reports import cases

HEADING = page.Heading("SiloValidator", "flights", "2013-02", "run-1", "3.0 s")


def of_rows(number: int, *columns: Column) -> Content:
    columns = (Column("Silo"), *columns)
    rows = tuple((f"silo-{index}",) * len(columns) for index in range(number))
    return Content("Done", tables=(Table("Silos", columns, rows, "A note."),))


def test_the_heading_says_which_step_of_which_run():
    told = cases.words(page.render(HEADING, Content("Done")))
    assert "SiloValidator flights, span 2013-02 Run run-1, 3.0 s Done" in told


def test_a_run_without_a_span_has_none_in_its_heading():
    heading = page.Heading("SiloValidator", "loans", "", "run-1")
    assert "loans Run run-1 Done" in cases.words(page.render(heading, Content("Done")))


@pytest.mark.parametrize(
    ("mood", "verdict", "style"),
    [
        ("good", "✓ Done", 'class="decision blessed"'),
        ("bad", "✗ Done", 'class="decision "'),
        ("plain", "Done", 'class="decision plain"'),
    ],
)
def test_the_verdict_can_be_read_without_colour(mood, verdict, style):
    html = page.render(HEADING, Content("Done", mood, ("Because.",)))
    assert f'<h2 id="verdict">{verdict}</bdi></h2>' in html.replace("<bdi>", "")
    assert style in html
    assert "Because." in cases.words(html)


@pytest.mark.parametrize("text", [cases.EVIL, cases.ARABIC, cases.LONG])
def test_every_text_is_read_as_it_is_and_does_nothing(text):
    table = Table(
        "Silos",
        (Column("Silo"), Column("Mark"), Column("List"), Column("Text")),
        ((text, Mark(False, "no", (text,)), (text,), text),),
    )
    content = Content(
        text,
        reasons=(text,),
        notices=(text,),
        figures=(KeyFigure("Worst", "0.6", text, text),),
        tables=(table,),
    )
    html = page.render(page.Heading("Run", text, text, text), content)
    assert cases.words(html).count(text) == 5 + 5 + 4  # heading and title, top, table
    assert not cases.tags(html) & {"script", "img", "onerror", "a", "link", "iframe"}
    assert f"<bdi>{cases.ARABIC}" in html or text != cases.ARABIC


def test_the_policy_allows_no_script_and_no_request():
    html = page.render(HEADING, Content("Done"))
    assert (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
    ) in html.replace("&#39;", "'")
    for road in ("url(", "http:", "https:", "src=", "href="):
        assert road not in html


def test_rows_above_the_limit_are_counted_not_shown():
    told = cases.words(page.render(HEADING, of_rows(page.MAX_ROWS + 1234)))
    assert "A note. The first 100 of 1,334; 1,234 more are not shown." in told
    assert f"silo-{page.MAX_ROWS - 1}" in told
    assert f"silo-{page.MAX_ROWS} " not in told


def test_a_table_within_the_limit_says_nothing_of_it():
    told = cases.words(page.render(HEADING, of_rows(page.MAX_ROWS)))
    assert "A note. Silo" in told
    assert "more" not in told


def test_a_table_without_rows_is_left_out():
    assert "Silos" not in cases.words(page.render(HEADING, of_rows(0)))


def test_sentences_above_the_limit_are_counted():
    reasons = tuple(f"reason {number}." for number in range(page.MAX_SENTENCES + 3))
    marks = tuple(f"cause {number}." for number in range(9))
    table = Table("Silos", (Column("Silo"), Column("Why")), (("a", marks),))
    told = cases.words(
        page.render(HEADING, Content("No", "bad", reasons, (), (), None, (table,)))
    )
    assert "reason 19. and 3 more" in told
    assert "cause 4. and 4 more" in told


def test_a_long_text_says_how_much_was_left_out():
    assert page.clip("x" * 600) == "x" * 600
    assert page.clip("x" * 601) == "x" * 600 + " … (1 more characters)"
    assert page.clip("x" * 2600).endswith(" … (2,000 more characters)")


def test_bars_are_drawn_on_their_axis():
    scale = axis([0.5, 0.8])
    drawn = bar(scale, Cell(0.7, 0.6, 0.8, 10, ""))
    table = Table(
        "AUC", (Column("Silo"), Column("AUC", axis=scale)), (("a", drawn), ("b", None))
    )
    html = page.render(HEADING, Content("Done", tables=(table,)))
    assert html.count('class="value-mark"') == 1
    assert f'cx="{drawn.value}%"' in html
    assert ">0.8</text>" in html


def test_the_same_content_gives_the_same_bytes():
    content = of_rows(3, Column("Rows", "number"))
    assert page.render(HEADING, content) == page.render(HEADING, content)
