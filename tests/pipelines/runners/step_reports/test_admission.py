"""SiloValidator's page: who trains, and why the others don't."""

from components.dashboard import formats
from pipelines.runners.step_reports import admission
from pipelines.runners.step_reports.content import Mark
from tests.pipelines.runners.step_reports import cases


def test_quarantined_silos_come_first_with_every_reason(blessed):
    content = admission.describe(blessed)
    assert (content.verdict, content.mood) == ("3 of 4 silos were admitted", "good")
    rows = cases.rows(content, "Silos")
    assert list(rows) == [cases.EVIL, cases.LONG, cases.NORTH, cases.ARABIC]
    reasons = (f"`{cases.EVIL}` is missing", "too few rows")
    assert rows[cases.EVIL] == (
        Mark(False, "not admitted", reasons),
        (),
        "0",
        "0",
        formats.NONE,
    )
    assert rows[cases.LONG] == (
        Mark(True, "admitted"),
        ("column `weight`: drifted by 0.1",),
        "270",
        "45",
        "size (0.25)",
    )


def test_figures_have_the_quorum(blessed):
    content = admission.describe(blessed)
    assert cases.figure_of(content, "Silos admitted") == (
        "3 of 4",
        "the quorum is 2",
        "",
    )
    assert cases.figure_of(content, "Silos with a note")[0] == "1"
    assert content.metrics == {"silos admitted": 3, "silos quarantined": 1}


def test_below_the_quorum_nothing_may_be_trained(refused):
    content = admission.describe(refused)
    assert (content.verdict, content.mood) == ("Nothing may be trained", "bad")
    assert content.reasons == (cases.REFUSAL,)
    assert content.metrics["silos admitted"] == 3


def test_a_run_without_a_cohort_has_none(tmp_path):
    assert admission.find({}) is None
    assert admission.find(cases.nodes(tmp_path)) is None
