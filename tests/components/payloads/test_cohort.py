from components.payloads.cohort import Cohort, Member
from components.payloads.findings import Finding

COHORT = Cohort(
    (
        Member(
            "north",
            admitted=True,
            notes=(Finding("a note", "a hint"),),
            rows={"train": 80, "eval": 20},
            share=0.8,
            heterogeneity={"weight": 0.25},
        ),
        Member(
            "süd",
            admitted=False,
            reasons=(Finding("zu wenig „Zeilen“"), Finding("東", "北")),
        ),
        Member("west", admitted=True, rows={"train": 20}, share=0.2),
    ),
    quorum=2,
)


def test_a_cohort_reads_back_as_it_was_written(tmp_path):
    COHORT.write(tmp_path)
    assert Cohort.read(tmp_path) == COHORT


def test_the_admitted_are_those_without_a_reason():
    assert COHORT.admitted == ["north", "west"]


def test_a_cohort_that_meets_its_quorum_refuses_nothing():
    assert COHORT.refusal == ""


def test_a_cohort_below_its_quorum_says_so_in_numbers():
    refused = Cohort(COHORT.members, quorum=3)
    assert refused.refusal == "2 of 3 silos were admitted; the quorum is 3"
