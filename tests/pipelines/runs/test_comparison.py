"""Two tables of a few rows, compared by hand."""

import pytest

from components.payloads import table
from pipelines.site import diff, figures
from pipelines.site.figures import Question, Subject
from tests.pipelines.site.conftest import figure

F9, AA = Subject("F9"), Subject("AA")
AUC = Question("auc")


def of(*rows):
    return figures.of_table(table.of(rows).to_arrow())


def compared(before, after):
    return {
        (change.subject, change.question): change
        for change in diff.changes(of(*before), of(*after))
    }


def test_a_change_by_hand():
    found = compared(
        [figure("auc", 0.702, silo="F9", low=0.69, high=0.718, rows=300)],
        [figure("auc", 0.671, silo="F9", low=0.641, high=0.68, rows=250)],
    )[F9, AUC]
    assert found.change == pytest.approx(-0.031)
    assert found.loss == pytest.approx(0.031)
    # 0.671 - 0.641 = 0.030 and 0.718 - 0.702 = 0.016: a triangle of 16, 30, 34;
    # 0.680 - 0.671 = 0.009 and 0.702 - 0.690 = 0.012: one of 9, 12, 15.
    assert found.interval == pytest.approx((-0.031, -0.031 - 0.034, -0.031 + 0.015))
    assert (found.before.rows, found.after.rows) == (300, 250)


@pytest.mark.parametrize(
    ("metric", "loss"),
    [("auc", -0.1), ("log_loss", 0.1), ("gap_auc", 0.1), ("positive_rate", None)],
)
def test_a_loss_is_a_change_for_the_worse(metric, loss):
    found = compared([figure(metric, 0.3)], [figure(metric, 0.4)])
    ((change),) = found.values()
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
        (change.subject.silo, change.question.metric)
        for change in diff.changes(before, after)
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
    ("after", "is_sure"), [(0.6, True), (0.68, False), (0.72, False), (0.8, True)]
)
def test_a_change_is_sure_where_its_whole_interval_lies_on_one_side(after, is_sure):
    (change,) = diff.changes(of(figure("auc", 0.7)), of(figure("auc", after)))
    assert change.is_sure is is_sure


def test_without_an_interval_no_change_is_sure():
    bare = figure("auc", 0.7, low=None, high=None)
    (change,) = diff.changes(of(bare), of(figure("auc", 0.9)))
    assert not change.is_sure


def test_what_one_run_lacks_has_no_change():
    (change,) = diff.changes(of(), of(figure("auc", 0.7)))
    assert (change.before, change.change, change.loss) == (None, None, None)
    assert change.interval is None


def test_without_both_intervals_there_is_none_of_the_change():
    bare = figure("auc", 0.7, low=None, high=None)
    for before, after, by in [
        (bare, figure("auc", 0.6), -0.1),
        (figure("auc", 0.6), bare, 0.1),
    ]:
        (change,) = diff.changes(of(before), of(after))
        assert change.interval is None
        assert change.change == pytest.approx(by)


def test_a_run_compared_with_itself_has_not_changed():
    same = of(figure("auc", 0.7), figure("tpr", 0.4, threshold=0.5))
    for change in diff.changes(same, same):
        interval = change.interval
        assert change.change == 0
        assert interval.low < 0 < interval.high
