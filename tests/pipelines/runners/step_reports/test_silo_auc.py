"""The worst judged silo and the gap, whatever silos no gate judged."""

from components.dashboard.scores import Cell, of_table
from components.payloads.table import Table
from pipelines.runners.step_reports import silo_auc
from pipelines.runners.step_reports.figures import Bar
from pipelines.runners.step_reports.silo_auc import SiloAuc
from tests.pipelines.runners.step_reports import cases


def of_run() -> silo_auc.SiloAucs:
    return silo_auc.of_scores(of_table(cases.evaluation()), {cases.EVIL, cases.LONG})


def test_a_silo_that_was_not_judged_is_shown_and_is_not_the_worst():
    found = of_run()
    assert [line.silo for line in found.silos] == [
        cases.EVIL,
        cases.NORTH,
        cases.ARABIC,
        cases.LONG,
    ]
    assert found.judged == [(cases.NORTH, 0.61), (cases.ARABIC, 0.74)]
    assert found.metrics == {
        "worst silo AUC": 0.61,
        "worst silo": "north",
        "AUC gap": 0.74 - 0.61,
    }


def test_where_all_silos_were_judged_the_worst_is_the_worst_of_all():
    found = silo_auc.of_scores(of_table(cases.evaluation()), ())
    assert found.judged[0] == (cases.EVIL, 0.55)


def test_the_table_has_intervals_the_baseline_and_who_was_not_judged():
    table = of_run().table()
    names, judged, bars, *numbers = zip(*table.rows, strict=True)
    assert names == (cases.EVIL, cases.NORTH, cases.ARABIC, cases.LONG)
    assert judged == ("not judged", "", "", "not judged")
    assert [isinstance(mark, Bar) for mark in bars] == [True, True, True, False]
    assert list(zip(*numbers, strict=True)) == [
        ("0.550", "0.530 to 0.580", "", "1,234"),
        ("0.610", "0.590 to 0.640", "0.630", "1,234"),
        ("0.740", "0.720 to 0.770", "", "1,234"),
        ("too few (7)", "", "", ""),
    ]


def test_one_judged_silo_has_no_gap_and_none_has_no_worst():
    one = silo_auc.of_lines([SiloAuc("a", True, Cell(0.7, None, None, 9, ""))])
    worst, gap = one.key_figures
    assert (worst.value, worst.silo, one.gap) == ("0.700", "a", None)
    assert gap.detail == "needs two judged silos with an AUC"
    nothing = silo_auc.of_scores(of_table(Table()), ())
    assert nothing.metrics == {
        "worst silo AUC": None,
        "worst silo": None,
        "AUC gap": None,
    }
    assert nothing.key_figures[0].detail == "no judged silo has an AUC"
    assert nothing.table().rows == ()
