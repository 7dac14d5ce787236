from components.silos import cohort
from components.silos.cohort import Cohort, Member

COHORT = Cohort(
    (
        Member(
            "north",
            admitted=True,
            notes=("a note",),
            rows={"train": 80, "eval": 20},
            share=0.8,
            heterogeneity={"weight": 0.25},
        ),
        Member("süd", admitted=False, reasons=("zu wenig „Zeilen“", "東")),
        Member("west", admitted=True, rows={"train": 20}, share=0.2),
    ),
    quorum=2,
)


def test_a_cohort_reads_back_as_it_was_written(tmp_path):
    COHORT.write(tmp_path)
    assert cohort.read(tmp_path) == COHORT


def test_the_admitted_are_those_without_a_reason():
    assert COHORT.admitted == ["north", "west"]


def test_a_cohort_that_meets_its_quorum_refuses_nothing():
    assert COHORT.refusal == ""


def test_a_cohort_below_its_quorum_says_so_in_numbers():
    refused = Cohort(COHORT.members, quorum=3)
    assert refused.refusal == "2 of 3 silos were admitted; the quorum is 3"


def test_the_same_cohort_has_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        COHORT.write(tmp_path / name)
    a, b = (tmp_path / name / cohort.FILE_NAME for name in ("a", "b"))
    assert a.read_bytes() == b.read_bytes()
