"""The index: what stands there of each run, and what became of the silos."""

import dataclasses
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.payloads.findings import Finding
from pipelines.runs import charts, index
from pipelines.runs.charts import Axes
from pipelines.runs.index import Cohort
from pipelines.summary import Gate, Metrics, WorstSilo
from tests.pipelines.runs.conftest import ARABIC, DRIFT, EVIL, ended, silo, tables


def cohort_of(*runs):
    summaries = [ended(f"run-{n}", silos=tuple(silos)) for n, silos in enumerate(runs)]
    return [entry.cohort for entry in index.entries(summaries)]


def rendered(*summaries, pairs=()):
    return index.render("flights", index.entries(summaries), pairs)


def heading(html):
    return re.search(r'<h2 id="last"[^>]*><bdi>(.*?)</bdi></h2>', html).group(1)


WAIVED = (Gate("silo_gap", False, True, f"A. {EVIL}"),) * 2


def test_runs_of_one_span_are_kept_apart_and_runs_without_a_span_by_their_start():
    runs = [
        ended("a", span="2013-10"),
        ended("b", span="2013-11"),
        ended("c", span="2013-10"),
        ended("20261124-222803-latest", span=""),
        ended("0d1e-uuid", span=""),
    ]
    entries = index.entries(runs)
    assert [entry.label for entry in entries] == [
        "2013-10, run 1",
        "2013-11",
        "2013-10, run 2",
        "2026-11-24 22:28:03",
        "0d1e-uuid",
    ]


def test_the_first_run_has_no_changes_of_its_cohort():
    (first,) = cohort_of([silo("a"), silo("b", False)])
    assert first == Cohort(silos=2, admitted=1, drifted=0)


def test_silos_come_leave_are_quarantined_and_train_again():
    _, second = cohort_of(
        [silo("a"), silo("b"), silo("c", False), silo("d", False), silo("e")],
        [silo("b", False), silo("c"), silo("d", False), silo("e"), silo("f", False)],
    )
    assert second == Cohort(5, 2, 0, ("f",), ("a",), ("b",), ("c",))


def test_a_run_that_failed_early_is_not_taken_for_one_that_lost_all_silos():
    first, failed, third = cohort_of([silo("a"), silo("b")], [], [silo("a")])
    assert failed is None
    assert (third.came, third.left) == ((), ("b",))
    assert first.left == ()


def test_silos_with_drift_are_counted_once_be_it_a_reason_or_a_note():
    noted = dataclasses.replace(silo("b"), notes=(Finding(f"{DRIFT} (split train)"),))
    (cohort,) = cohort_of(
        [silo("a", False, (DRIFT, DRIFT)), noted, silo("c", False, ("too few rows",))]
    )
    assert cohort.drifted == 2


@pytest.mark.slow
def test_a_finding_of_drift_is_known_by_the_validators_own_sentence():
    import pyarrow as pa
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    from components.silo_validator import tfdv_checks

    schema = text_format.Parse(
        """feature { name: "x" type: INT drift_comparator {
             jensen_shannon_divergence { threshold: 0.1 } } }""",
        schema_pb2.Schema(),
    )
    now, before = (
        tfdv_checks.measure(pa.table({"x": values}), "train", schema)
        for values in ([1, 2, 3] * 40, [71, 82, 93] * 40)
    )
    (finding,) = tfdv_checks.drift(now, before, schema, "2013-10")
    assert index.DRIFT in finding.sentence


COHORTS = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.booleans(), min_size=1),
    min_size=2,
    max_size=5,
)


@given(COHORTS)
def test_changes_lead_from_each_cohort_to_the_next(cohorts):
    found = cohort_of(*([silo(*item) for item in one.items()] for one in cohorts))
    for (old, new), then in zip(itertools.pairwise(cohorts), found[1:], strict=True):
        assert {*old, *then.came} - {*then.left} == {*new}
        trained = {name for name in old if old[name] and name in new}
        train = {name for name in new if new[name] and name in old}
        assert (trained | {*then.released}) - {*then.quarantined} == train


# ---- the page --------------------------------------------------------------


def test_runs_stand_newest_first_and_only_the_latest_are_drawn():
    html = rendered(*(ended(f"run-{n:03d}") for n in range(73)))
    rows = tables(html)["All runs"]  # those beyond the first 50 are data
    assert (rows[0][0], rows[49][0]) == ("run-072", "run-023")
    assert html.count("a3 3 0 1 0 6 0a") == 60  # dots of AUC
    assert "60 of 73" in html


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("blessed", "✓ Blessed"),
        ("incomplete", "⚠ Blessed, incomplete"),
        ("not_blessed", "✗ Not blessed"),
        ("below_quorum", "✗ Nothing was trained"),
        ("failed", "✗ Failed"),
        ("running", "… Running"),
    ],
)
def test_each_status_has_a_sign_and_a_word(status, words):
    html = rendered(ended("run-1", status=status, span="7"))
    assert heading(html) == f"{words}: 7"
    assert tables(html)["All runs"][0][2] == words


def test_the_heading_and_the_trends_say_who_waived():
    html = rendered(ended("run-1"), ended("run-2", span="7", gates=WAIVED))
    assert heading(html).startswith("⚑ Blessed, 2 gates waived by A. &lt;/script&gt;")
    assert heading(html).endswith(": 7")
    assert '<span class="word waived">⚑ <bdi>Blessed, 2 gates waived' in html
    assert ">Blessed, waived</text>" in html
    refused = rendered(ended("run-1", status="not_blessed", gates=WAIVED))
    assert heading(refused).startswith("✗ Not blessed:")


def test_reasons_gates_worst_silo_and_gap_are_shown():
    run = ended(
        "run-1",
        status="not_blessed",
        reasons=("silo F9 loses 0.031 AUC", "another"),
        gates=(Gate("silo_change", False), Gate("silo_gap", False, True)),
        worst_silo=WorstSilo("F9", 0.67123),
        gap=0.2104,
    )
    (row,) = tables(rendered(run))["All runs"]
    assert row[3:] == [
        *("silo F9 loses 0.031 AUC", "silo_change", "silo_gap", "0.700", ""),
        *("F9", "0.671", "0.210", ""),
    ]


def test_verdicts_stand_in_the_trend():
    first = ended("a", verdicts={"contributes": 3, "rides": 1, "unknown": 9})
    html = rendered(first, ended("b"), ended("c", verdicts=first.verdicts))
    assert "Silos that contribute (blue), ride free (orange)" in html
    assert "No run has audited who contributes." in rendered(ended("a"))


def test_names_are_text_and_many_are_counted():
    silos = tuple(silo(name) for name in [EVIL, ARABIC, *"abcdefg"])
    html = rendered(ended("a", silos=(silo("x"),)), ended("b", silos=silos))
    assert EVIL not in html
    assert "and 3 more" in html


def test_empty_trends_say_so():
    html = rendered(ended("a", metrics=Metrics()))
    assert "No run has an AUC yet." in html
    assert "No silo has drifted in any run." in html
    assert html.count("<svg") == 1  # the decisions


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9))
def test_values_of_a_chart_lie_within_it_in_their_order(values):
    axes = Axes(["x"] * len(values), values)
    heights = [axes.y(value) for value in values]
    assert all(-1e-6 <= y <= charts.HEIGHT + 1e-6 for y in heights)
    ordered = sorted(zip(values, heights, strict=True))
    assert all(y >= z for (_, y), (_, z) in itertools.pairwise(ordered))
