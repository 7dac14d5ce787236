"""What the index tells of each run, and what became of the silos between runs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.site import trends
from tests.pipelines.site.conftest import DRIFT, silo, told


def cohort_of(*runs):
    return [
        entry.cohort
        for entry in trends.entries(
            [told(f"run-{n}", silos=silos) for n, silos in enumerate(runs)]
        )
    ]


def test_a_run_is_told_with_its_first_reason_and_its_gates():
    (entry,) = trends.entries(
        [
            told(
                "run-1",
                status="not_blessed",
                reasons=["silo F9 loses 0.031 AUC", "the gap is 0.21"],
                metrics={"auc": 0.7, "auc_next_span": 0.6},
                gates=[
                    {"gate": "silo_floor", "passed": True, "waived": False},
                    {"gate": "silo_change", "passed": False, "waived": False},
                    {"gate": "silo_gap", "passed": False, "waived": True},
                ],
                worst_silo={"silo": "F9", "auc": 0.671},
                gap=0.21,
            )
        ]
    )
    assert (entry.run_id, entry.status) == ("run-1", "not_blessed")
    assert entry.reason == "silo F9 loses 0.031 AUC"
    assert (entry.failed, entry.waived) == (("silo_change",), ("silo_gap",))
    assert (entry.worst_silo, entry.worst_auc, entry.gap) == ("F9", 0.671, 0.21)
    assert entry.auc == 0.7


def waiver(by="A. Reviewer"):
    return {"gate": "silo_gap", "passed": False, "waived": True, "waived_by": by}


def test_a_waiver_is_told_where_it_let_a_model_pass():
    blessed, refused = trends.entries(
        [
            told("run-1", gates=[waiver(), waiver()]),
            told("run-2", status="not_blessed", gates=[waiver()]),
        ]
    )
    assert blessed.waivers == "2 gates waived by A. Reviewer"
    assert refused.waivers == ""


def test_runs_of_one_span_are_told_apart_and_runs_without_a_span_by_their_start():
    runs = [
        told("a", span="2013-10"),
        told("b", span="2013-11"),
        told("c", span="2013-10"),
        told("20261124-222803-latest", span=""),
        told("20261124-222804", span=""),
        told("0d1e-uuid", span=""),
    ]
    assert [entry.label for entry in trends.entries(runs)] == [
        ("2013-10", "run 1"),
        ("2013-11",),
        ("2013-10", "run 2"),
        ("2026-11-24", "22:28:03"),
        ("2026-11-24", "22:28:04"),
        ("0d1e-uuid",),
    ]


def test_what_an_older_summary_does_not_tell_is_none():
    (entry,) = trends.entries([told("run-1")])
    assert (entry.failed, entry.waived) == ((), ())
    assert (entry.worst_silo, entry.worst_auc, entry.gap) == ("", None, None)
    assert entry.cohort is None


def test_the_first_run_has_no_changes_of_its_cohort():
    (first,) = cohort_of([silo("a"), silo("b", False)])
    assert first == trends.Cohort(silos=2, admitted=1, drifted=0)


def test_silos_come_leave_are_quarantined_and_train_again():
    _, second = cohort_of(
        [silo("a"), silo("b"), silo("c", False), silo("d", False), silo("e")],
        [silo("b", False), silo("c"), silo("d", False), silo("e"), silo("f", False)],
    )
    assert second == trends.Cohort(
        silos=5,
        admitted=2,
        drifted=0,
        came=("f",),
        left=("a",),
        quarantined=("b",),
        released=("c",),
    )


def test_a_run_that_failed_early_is_not_taken_for_one_that_lost_all_silos():
    first, failed, third = cohort_of([silo("a"), silo("b")], [], [silo("a")])
    assert failed is None
    assert (third.came, third.left) == ((), ("b",))
    assert first.left == ()


def test_silos_with_drift_are_counted_once_be_it_a_reason_or_a_note():
    noted = {**silo("b"), "notes": [f"{DRIFT} (split train)"]}
    (cohort,) = cohort_of(
        [silo("a", False, (DRIFT, DRIFT)), noted, silo("c", False, ("too few rows",))]
    )
    assert cohort.drifted == 2


def test_drift_is_known_in_findings_with_ways_out_too():
    drifted = {**silo("a", False), "reasons": [{"sentence": DRIFT, "hint": "look"}]}
    (cohort,) = cohort_of([drifted, silo("b")])
    assert cohort.drifted == 1


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
    assert trends.DRIFT in finding.sentence


COHORTS = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.booleans(), min_size=1),
    min_size=2,
    max_size=5,
)


@given(COHORTS)
def test_changes_lead_from_each_cohort_to_the_next(cohorts):
    found = cohort_of(*([silo(*item) for item in one.items()] for one in cohorts))
    for (old, new), told_of in zip(itertools.pairwise(cohorts), found[1:], strict=True):
        assert {*old, *told_of.came} - {*told_of.left} == {*new}
        trained = {name for name in old if old[name] and name in new}
        train = {name for name in new if new[name] and name in old}
        assert (trained | {*told_of.released}) - {*told_of.quarantined} == train
