import json

from components.silos import cohort
from components.silos.cohort import Cohort, Member
from components.silos.findings import Finding

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
    assert cohort.read(tmp_path) == COHORT


def test_a_cohort_of_an_earlier_version_is_read_with_its_findings_as_sentences(
    tmp_path,
):
    COHORT.write(tmp_path)
    path = tmp_path / cohort.FILE_NAME
    told = json.loads(path.read_text(encoding="utf-8"))
    for item in told["members"]:
        for kind in ("reasons", "notes"):
            item[kind] = [finding["sentence"] for finding in item[kind]]
    path.write_text(json.dumps(told), encoding="utf-8")
    found = cohort.read(tmp_path)
    assert found.admitted == COHORT.admitted
    assert found.members[0].notes == (Finding("a note"),)
    assert found.members[1].reasons == (Finding("zu wenig „Zeilen“"), Finding("東"))


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
