"""The page that compares two runs: what it holds, and what it says it lacks."""

from pipelines.site import comparison, trends
from pipelines.site.figures import Figure, Question, Subject
from tests.pipelines.site.conftest import embedded, told

AUC = Question("auc")


def run(name, silos=1):
    (entry,) = trends.entries([told(name)])
    figures = {
        (Subject(f"silo-{n:05d}"), AUC): Figure(0.7, 0.6912, 0.7214, 1234)
        for n in range(silos)
    }
    return entry, figures


def test_it_holds_all_runs_newest_first_when_they_fit():
    html, held = comparison.render("flights", [run("run-2"), run("run-1")], [])
    assert held == ["run-2", "run-1"]
    assert embedded(html)["runs"] == [
        {"id": "run-2", "word": "Blessed"},
        {"id": "run-1", "word": "Blessed"},
    ]
    assert "last" not in html[html.index("</form>") : html.index("<details>")]


def test_a_waived_run_is_told_as_such():
    entry, figures = run("run-2")
    gate = {"gate": "change", "passed": False, "waived": True, "waived_by": "A. R."}
    (waived,) = trends.entries([told("run-2", gates=[gate])])
    html, _ = comparison.render("flights", [(waived, figures), (entry, figures)], [])
    assert embedded(html)["runs"][0]["word"] == "Blessed, 1 gate waived by A. R."


def test_it_says_how_many_runs_fitted():
    runs = [run(f"run-{n}", silos=400) for n in range(5)]
    html, held = comparison.render("flights", runs, [], max_bytes=25_000)
    assert 2 <= len(held) < 5
    assert f"Of the last 5 runs with figures, the last {len(held)} fit" in html
    assert "fairsilo report diff flights RUN_A RUN_B" in html


def test_it_says_that_there_may_be_older_runs():
    runs = [run(f"run-{n:02d}") for n in range(comparison.MOST_RUNS)]
    html, held = comparison.render("flights", runs, [])
    assert len(held) == 30
    assert "This page holds the last 30 runs with figures" in html


def test_runs_whose_figures_are_gone_are_named_up_to_five():
    html, _ = comparison.render(
        "flights", [run("a"), run("b")], [f"g{n}" for n in range(7)]
    )
    assert "No figures are left of g0, g1, g2, g3, g4 and 2 more." in html


def test_one_run_alone_has_nothing_to_compare_with():
    html, held = comparison.render("flights", [run("run-1")], ["run-0"])
    assert held == ["run-1"]
    assert "<script" not in html
    assert "Comparing takes two runs that were evaluated" in html
    assert "No figures are left of run-0." in html


def test_many_silos_stay_below_eight_megabytes():
    runs = [run(f"run-{n:02d}", silos=2410) for n in range(comparison.MOST_RUNS)]
    html, held = comparison.render("flights", runs, [])
    assert len(held) == 30
    assert len(html.encode()) < 3_000_000
