import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.payloads.findings import Finding, sentences
from components.payloads.manifest import DataFile, Manifest, SiloEntry, Split
from components.payloads.silo import Silo
from components.silo_example_gen import conform
from components.silo_validator import tfdv_checks, verdict
from components.silo_validator.verdict import Profile


def entry(silo="north", train=120, held_out=30, **fields):
    splits = {"train": Split.of("t", "d", train), "eval": Split.of("e", "d", held_out)}
    return SiloEntry(Silo(silo, ""), **{"splits": splits, **fields})


def judge(*entries, profiles=None, quarantined=None, quorum=2):
    return verdict.judge(
        Manifest("shapes", "", entries),
        profiles or {},
        quarantined or {},
        quorum,
        {"north": {"weight": 0.5}},
    )


def only(*entries, **arguments):
    (member,) = judge(*entries, **arguments).members
    return member


def test_a_silo_without_a_fault_is_admitted_with_its_rows():
    member = only(entry())
    assert member.admitted
    assert (member.reasons, member.notes) == ((), ())
    assert member.rows == {"train": 120, "eval": 30}
    assert member.heterogeneity == {"weight": 0.5}


def test_shares_follow_the_training_rows_also_of_those_who_do_not_train():
    few = {"c": Profile((Finding("too few rows"),))}
    entries = entry("a", 60), entry("b", 120), entry("c", 20)
    cohort = judge(*entries, profiles=few, quorum=3)
    assert [member.share for member in cohort.members] == [0.3, 0.6, 0.1]
    assert cohort.admitted == ["a", "b"]
    assert cohort.refusal == "2 of 3 silos were admitted; the quorum is 3"


def test_a_silo_that_could_not_be_read_has_its_error_and_no_other_reason():
    gone = Finding("silo `north`: gone", "look for it")
    member = only(entry(splits={}, error=gone))
    assert member.reasons == (gone,)
    assert member.notes == ()


def test_unreadable_files_come_before_what_the_checks_found():
    empty = Finding("a.csv: an empty file", "export it again")
    few, skewed = Finding("too few", "more"), Finding("skewed", "look")
    profiles = {"north": Profile((few,), (skewed,))}
    member = only(entry(unreadable=(empty,)), profiles=profiles)
    assert member.reasons == (
        Finding(f"unreadable: {empty.sentence}", empty.hint),
        few,
    )
    assert member.notes == (skewed,)


@pytest.mark.beam
def test_a_missing_column_s_reason_names_the_spelling_that_the_file_has():
    table = pa.table({"Age": [1], "other": [1], "Size": [1]})
    schema = schema_pb2.Schema()
    for name in ("age", "size", "weight"):
        schema.feature.add(name=name, type=schema_pb2.INT)
    notes = tuple(conform.not_in_schema(table, schema))
    measured = tfdv_checks.measure(pa.table({"weight": [1]}), "train", schema)
    schema.feature[0].presence.min_fraction = 1.0
    missing = tfdv_checks.against_schema(measured, schema, "TRAINING")
    reasons = (*(one.finding for one in missing), Finding("too few", "more"))
    assert [one.column for one in missing] == ["age"]
    member = only(entry(notes=notes), profiles={"north": Profile(reasons)})
    spelled, few = member.reasons
    assert spelled.sentence == (
        "column `age`: found no such column, expected int values in at least 100% of "
        "the rows; column `Age`: not read, as the schema writes it `age`"
    )
    assert spelled.hint == "rename the column to `age` in the silo's export"
    assert few == reasons[1]
    assert member.notes == notes
    other = only(entry(notes=notes[1:]), profiles={"north": Profile(reasons)})
    assert other.reasons == reasons


def test_a_quarantine_by_hand_comes_first_with_the_operators_words():
    member = only(
        entry(error=Finding("gone")), quarantined={"north": "audit", "nobody": "gone"}
    )
    assert member.reasons[0].sentence == "quarantined manually: audit"
    assert "`fairsilo silo release`" in member.reasons[0].hint
    assert len(member.reasons) == 2


def test_without_held_out_rows_nobody_can_judge_the_silo():
    member = only(entry(held_out=0))
    assert member.admitted
    assert member.notes == (verdict.NOT_EVALUATED,)


def test_the_same_file_in_two_silos_is_a_reason_for_both_if_it_holds_rows():
    def file(path, digest="same", rows=10):
        return DataFile(path, digest, rows)

    empty = file("/data/x/0.csv", "header only", 0)
    cohort = judge(
        entry("a", inputs=(file("/data/x/a.csv"), empty)),
        entry("b", inputs=(file("/data/y/b.csv"), empty)),
        entry("c", inputs=(file("/z/a.csv", "own"), file("/z/b.csv", "own"))),
    )
    assert [sentences(member.reasons) for member in cohort.members] == [
        ("file a.csv is the same, byte for byte, as one of another silo",),
        ("file b.csv is the same, byte for byte, as one of another silo",),
        (),
    ]
