"""The index: what stands there of each run, and what became of the silos."""

import dataclasses
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.payloads.findings import Finding
from pipelines.runs import index
from pipelines.runs.charts import Axes
from pipelines.runs.index import Cohort
from pipelines.summary import Gate, Metrics, WorstSilo
from tests.pipelines.runs.conftest import ARABIC, DRIFT, EVIL, ended, silo


def cohort_of(*runs):
    summaries = [ended(f"run-{n}", silos=tuple(silos)) for n, silos in enumerate(runs)]
    return [entry.cohort for entry in index.entries(summaries)]


def rendered(*summaries, num_compared=0):
    return index.render("flights", index.entries(summaries), num_compared)


def heading(html):
    return re.search(r'<h2 id="last"[^>]*>(.*?)</h2>', html).group(1)


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
        ("2013-10", "run 1"),
        ("2013-11",),
        ("2013-10", "run 2"),
        ("2026-11-24", "22:28:03"),
        ("0d1e-uuid",),
    ]
    assert [e.name for e in entries[2:4]] == ["2013-10, run 2", "2026-11-24 22:28:03"]


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
    rows = re.findall(r'<th scope="row" class="run"><bdi>(run-\d+)</bdi>', html)
    assert (rows[0], rows[72]) == ("run-072", "run-000")
    drawn = re.findall(r'<circle class="mark"[^>]*><title>(run-\d+)', html)
    assert (drawn[0], drawn[-1], len(drawn)) == ("run-013", "run-072", 60)
    assert "the last 60 of 73" in html


def test_each_status_has_a_sign_and_a_word():
    statuses = ["blessed", "not_blessed", "below_quorum", "failed", "running"]
    html = rendered(*(ended(f"run-{s}", status=s) for s in statuses))
    words = re.findall(r'<td data-sort="([^"]*)"><span class="word (\w+)">(\S)', html)
    assert words == [
        ("Running", "bad", "…"),
        ("Failed", "bad", "✗"),
        ("Nothing was trained", "bad", "✗"),
        ("Not blessed", "bad", "✗"),
        ("Blessed", "good", "✓"),
    ]


def test_the_heading_and_the_trends_say_who_waived():
    html = rendered(ended("run-1"), ended("run-2", span="7", gates=WAIVED))
    assert heading(html).startswith("⚑ Blessed, 2 gates waived by A. &lt;/script&gt;")
    assert heading(html).endswith(": <bdi>7</bdi>")
    assert 'class="decision blessed by-waiver"' in html
    assert '<span class="word waived">⚑ Blessed, 2 gates waived' in html
    assert '<text class="sign waived"' in html
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
    html = rendered(run)
    row = html[html.index("<tbody>") : html.index("</tbody>")]
    assert "silo F9 loses 0.031 AUC" in row
    assert "another" not in row
    assert "<bdi>silo_change</bdi>" in row
    assert "waived:</span> <bdi>silo_gap</bdi>" in row
    assert "0.671<br>" in row
    assert ">0.210</td>" in row
    assert "no page here" in row


def test_spans_and_comparisons_are_there_where_there_are_any():
    assert '<th scope="col">Span</th>' in rendered(ended("a", span="7"))
    assert ">Span<" not in rendered(ended("a", span="", silos=(silo("x"),)))
    assert "diff.html" not in rendered(ended("a"), num_compared=1)
    assert 'href="diff.html"' in rendered(ended("a"), ended("b"), num_compared=2)


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
    axes = Axes([("x",)] * len(values), values, ["x"] * len(values))
    heights = [axes.y(value) for value in values]
    assert all(14 <= y <= axes.height - 40 for y in heights)
    for (one, y), (other, z) in itertools.combinations(
        zip(values, heights, strict=True), 2
    ):
        assert (y >= z) if one <= other else (y <= z)
