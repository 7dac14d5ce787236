"""Two tables of a few rows, compared by hand."""

import dataclasses

import pytest

from components.dashboard import formats
from components.payloads import table
from components.payloads.table import OVER_SILOS, MetricKey, Slice
from pipelines.runs import comparison, figures
from tests.pipelines.runs.conftest import EVIL, figure, tables
from tests.pipelines.runs.conftest import figures as made

F9 = Slice("F9")
AUC = MetricKey("auc")


def of(*rows):
    return figures.of_table(table.make_table(rows).to_arrow())


def compared(before, after):
    return {
        change.key: change for change in comparison.changes(of(*before), of(*after))
    }


def test_only_figures_of_the_candidate_on_held_out_rows_are_compared():
    found = of(
        figure("auc", 0.7),
        figure("rows", 900.0),
        figure("calibration_observed", 0.4, threshold=0.5),
        figure("auc", 0.6, model="baseline"),
        figure("auc", 0.6, split="next"),
        figure("brier", 0.1, silo="F9"),
        figure("theil", 0.1, silo="F9"),
        figure("auc", 0.1, silo="F9", slice="sex", group="Female"),
        figure("auc", 0.1, slice="sex", group="Female"),
        dataclasses.replace(figure("pr_auc", 0.5), value=None, note="too few"),
    )
    assert set(found) == {
        AUC,
        MetricKey("brier", F9),
        MetricKey("auc", Slice("", "sex", "Female")),
    }


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (AUC, "AUC"),
        (MetricKey("tpr", threshold=0.25), "TPR at 0.25"),
        (MetricKey("worst_tenth_log_loss", OVER_SILOS), "Worst tenth in log loss"),
        (
            MetricKey("gap_tpr", Slice("", "sex"), threshold=0.5),
            "Gap in TPR at 0.5, over sex",
        ),
        (MetricKey("variance_auc", OVER_SILOS), "Variance of AUC, over the silos"),
    ],
)
def test_metrics_have_names_for_people(key, words):
    assert figures.label(key).startswith(words)


def test_a_change_by_hand():
    found = compared(
        [figure("auc", 0.702, silo="F9", low=0.69, high=0.718, rows=300)],
        [figure("auc", 0.671, silo="F9", low=0.641, high=0.68, rows=250)],
    )[MetricKey("auc", F9)]
    assert found.change == pytest.approx(-0.031)
    assert found.loss == pytest.approx(0.031)
    # 0.671 - 0.641 = 0.030 and 0.718 - 0.702 = 0.016: a triangle of 16, 30, 34;
    # 0.680 - 0.671 = 0.009 and 0.702 - 0.690 = 0.012: one of 9, 12, 15.
    assert found.interval == pytest.approx((-0.031, -0.031 - 0.034, -0.031 + 0.015))


@pytest.mark.parametrize(
    ("metric", "loss"),
    [("auc", -0.1), ("log_loss", 0.1), ("gap_auc", 0.1), ("positive_rate", None)],
)
def test_a_loss_is_a_change_for_the_worse(metric, loss):
    ((change),) = compared([figure(metric, 0.3)], [figure(metric, 0.4)]).values()
    assert change.change == pytest.approx(0.1)
    assert change.loss == (None if loss is None else pytest.approx(loss))


def test_sure_changes_come_first_then_the_biggest_losses_and_what_one_run_lacks_last():
    before = of(
        figure("auc", 0.7),
        figure("auc", 0.7, silo="a"),
        figure("auc", 0.7, silo="b"),
        figure("auc", 0.7, silo="gone"),
        figure("base_rate", 0.1),
        figure("base_rate", 0.1, silo="a"),
        figure("log_loss", 0.5),
    )
    after = of(
        figure("auc", 0.69),
        figure("auc", 0.8, silo="a"),
        figure("auc", 0.5, silo="b"),
        figure("base_rate", 0.2),
        figure("base_rate", 0.4, silo="a"),
        figure("log_loss", 0.55),
    )
    found = [
        (change.key.slice.silo, change.key.metric)
        for change in comparison.changes(before, after)
    ]
    assert found == [
        ("b", "auc"),
        ("", "log_loss"),
        ("a", "auc"),
        ("", "auc"),
        ("a", "base_rate"),
        ("", "base_rate"),
        ("gone", "auc"),
    ]


@pytest.mark.parametrize(
    ("after", "reading"), [(0.6, "worse"), (0.68, ""), (0.72, ""), (0.8, "better")]
)
def test_a_change_is_sure_where_its_whole_interval_lies_on_one_side(after, reading):
    (change,) = comparison.changes(of(figure("auc", 0.7)), of(figure("auc", after)))
    assert change.is_sure is bool(reading)
    assert change.reading == reading


def test_without_both_figures_or_intervals_there_is_no_interval_of_the_change():
    bare = figure("auc", 0.7, low=None, high=None)
    for before, after in [(bare, figure("auc", 0.6)), (figure("auc", 0.6), bare)]:
        (change,) = comparison.changes(of(before), of(after))
        assert (change.interval, change.is_sure) == (None, False)
        assert change.change == pytest.approx(after.number - before.number)
    (change,) = comparison.changes(of(), of(bare))
    assert (change.before, change.change, change.loss) == (None, None, None)
    assert change.reading == "only after"


# ---- the page --------------------------------------------------------------

BEFORE = of(*made({"AA": 0.71, "F9": 0.702, "west": 0.65}, 0.72, 0.69))
AFTER = of(*made({"AA": 0.73, "F9": 0.571, "west": 0.64, EVIL: 0.6}, 0.7, 0.71))


def page(before, after, one="one", other="other"):
    changes = comparison.changes(before, after)
    html = comparison.render("flights", one, other, changes)
    return html, tables(html)


def test_a_page_holds_silos_then_groups_then_every_metric():
    html, found = page(BEFORE, AFTER)
    assert list(found) == ["AUC", "Groups", "All metrics"]
    assert found["AUC"][0] == [
        "F9",
        "0.702 (0.682 to 0.732)",
        "0.571 (0.551 to 0.601)",
        "-0.1310",
        "-0.1671 to -0.0949",
        "✗ worse",
        "50",
    ]
    assert [row[0] for row in found["AUC"]] == ["F9", "west", "AA", EVIL]
    assert found["AUC"][3][3:6] == [formats.NONE, "", "only after"]
    (group,) = [row for row in found["Groups"] if row[2] == "AUC"]
    assert (group[:2], group[5]) == (["sex", "Female"], "+0.0200")
    rows = {row[0]: row[3] for row in found["All metrics"]}
    assert rows["Log loss"] == "+0.0200"
    assert rows["TPR at 0.25"] == "-0.0200"
    assert rows["Variance of AUC, over the silos"] == "+0.00000"
    assert "AUC over all rows: 0.720 to 0.700, -0.0200 (95 %" in html
    assert "Silos in both runs: 3. Surely worse in AUC: 1; surely better: 0." in html
    assert EVIL not in html
    _, turned = page(AFTER, BEFORE)
    assert {row[0]: row[3:6:2] for row in turned["AUC"]}["F9"] == [
        "+0.1310",
        "✓ better",
    ]


def test_a_run_compared_with_itself_and_runs_without_silos_say_so():
    html, _ = page(BEFORE, BEFORE, "one", "one")
    assert "Both are the same run, so nothing differs." in html
    html, found = page(of(figure("auc", 0.7)), of(figure("auc", 0.7)))
    assert "No silo has an AUC in both runs." in html
    assert html.count("Neither run has such figures.") == 2
    assert list(found) == ["All metrics"]


def test_other_metrics_than_auc_are_cut_and_the_page_says_so(monkeypatch):
    monkeypatch.setattr(comparison, "MOST_ROWS", 2)
    rows = [
        figure(metric, 0.3, silo=f"silo {n}")
        for metric in ("auc", "brier", "log_loss")
        for n in range(5)
    ]
    html, found = page(of(*rows), of(*rows))
    assert [len(rows) for rows in found.values()] == [5, 4]
    assert "<caption>4 of 10;" in html
