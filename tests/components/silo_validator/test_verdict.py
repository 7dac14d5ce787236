import dataclasses

import pytest

from components.payloads.findings import Finding, sentences
from components.payloads.manifest import DataFile, Manifest, SiloEntry, Split
from components.payloads.silo import Silo
from components.silo_validator import verdict
from components.silo_validator.settings import ValidationSettings
from components.silo_validator.verdict import Profile

LABELS = {"negative": 80, "positive": 40, "other": 0}


def entry(silo="north", train=120, held_out=30, **fields):
    splits = {"train": Split.of("t", "d", train), "eval": Split.of("e", "d", held_out)}
    return SiloEntry(Silo(silo, ""), **{"splits": splits, **fields})


def judge(*entries, profiles=None, by_hand=None, **settings):
    given = profiles or {}
    profiles = {
        e.silo.id: given.get(e.silo.id, Profile(labels=LABELS)) for e in entries
    }
    return verdict.judge(
        Manifest("shapes", "", entries),
        profiles,
        by_hand or {},
        "late",
        ValidationSettings(**settings),
    )


def only(*entries, **arguments):
    (member,) = judge(*entries, **arguments).members
    return member


def finding(kind, split="train", column="weight", sentence="a sentence"):
    place = {"kind": kind, "split": split, "column": column}
    return {**place, "sentence": sentence, "hint": "a hint"}


def test_a_silo_without_a_fault_is_admitted_with_its_rows():
    member = only(entry())
    assert member.admitted
    assert (member.reasons, member.notes) == ((), ())
    assert member.rows == {"train": 120, "eval": 30}


def test_shares_follow_the_training_rows_also_of_those_who_do_not_train():
    cohort = judge(entry("a", 60), entry("b", 120), entry("c", 20), quorum=3)
    assert [member.share for member in cohort.members] == [0.3, 0.6, 0.1]
    assert cohort.admitted == ["a", "b"]
    assert cohort.refusal == "2 of 3 silos were admitted; the quorum is 3"


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (
            {"negative": 100, "positive": 15, "other": 5},
            "label `late`: found at least 5 training rows with values outside its "
            "domain, expected 0 or 1 (or rows.label_values)",
        ),
        (
            {"negative": 120, "positive": 0},
            "label `late` is constant: found 0 in all training rows, expected both "
            "values",
        ),
        (
            {"negative": 0, "positive": 120},
            "label `late` is constant: found 1 in all training rows, expected both "
            "values",
        ),
        (
            {"negative": 117, "positive": 3},
            "label `late`: found too few training rows of the rarer value, expected at "
            "least 5",
        ),
        (
            {"negative": 0, "positive": 0},
            "label `late`: found no value, expected 0 or 1 in each training row",
        ),
    ],
)
def test_a_label_that_nothing_can_be_learned_from_is_a_reason(labels, told):
    member = only(entry(), profiles={"north": Profile(labels=labels)})
    assert sentences(member.reasons) == (told,)
    assert not member.admitted


@pytest.mark.parametrize("train", [0, 1, 49])
def test_too_few_rows_are_a_reason_and_spare_the_label(train):
    profile = Profile(labels={"negative": train, "positive": 0})
    member = only(entry(train=train), profiles={"north": profile})
    assert sentences(member.reasons) == (
        f"too few rows: found {train} to train on, expected at least 50",
    )


def test_the_bound_itself_is_enough():
    assert only(entry(train=50)).admitted


def test_a_silo_that_could_not_be_read_has_its_error_and_no_other_reason():
    gone = Finding("silo `north`: gone", "look for it")
    member = only(entry(splits={}, error=gone))
    assert member.reasons == (gone,)
    assert member.notes == ()


def test_an_unreadable_file_is_a_reason_beside_the_others():
    empty = Finding("a.csv: an empty file", "export it again")
    member = only(entry(train=3, unreadable=(empty,)))
    assert member.reasons[0] == Finding(f"unreadable: {empty.sentence}", empty.hint)
    assert member.reasons[1].sentence.startswith("too few rows")


def test_a_failed_profile_is_a_reason():
    failure = Finding("silo `north`: profile: KeyError in profile.py:3", "look there")
    member = only(entry(), profiles={"north": Profile(failure=failure)})
    assert member.reasons == (failure,)


@pytest.mark.parametrize(
    ("found", "settings", "is_reason"),
    [
        (finding("SCHEMA_MISSING_COLUMN"), {}, True),
        (finding("UNEXPECTED_DATA_TYPE", "eval"), {}, True),
        (finding("UNEXPECTED_DATA_TYPE", "score"), {}, False),
        (finding("SCHEMA_NEW_COLUMN"), {}, False),
        (finding("non-finite"), {}, True),
        (finding("skew"), {}, False),
        (finding("skew"), {"skew": "quarantine"}, True),
        (finding("drift"), {}, True),
        (finding("drift"), {"drift": "note"}, False),
    ],
)
def test_a_finding_is_a_reason_or_a_note(found, settings, is_reason):
    profile = Profile((found,), LABELS)
    member = only(entry(), profiles={"north": profile}, **settings)
    if is_reason:
        assert (member.reasons, member.notes) == (
            (Finding("a sentence", "a hint"),),
            (),
        )
    else:
        told = Finding(f"a sentence (split {found['split']})", "a hint")
        assert (member.reasons, member.notes) == ((), (told,))


def test_duplicates_between_the_splits_are_a_reason_beyond_the_bound():
    few, many = (Profile(labels=LABELS, duplicates=number) for number in (1, 4))
    assert only(entry(held_out=100), profiles={"north": few}).admitted
    member = only(entry(held_out=100), profiles={"north": many})
    assert sentences(member.reasons) == (
        "duplicates: found at least 4 of 100 held-out rows also among the training "
        "rows, expected at most 1.0%",
    )


def test_without_held_out_rows_nobody_can_judge_the_silo():
    member = only(entry(held_out=0))
    assert member.admitted
    assert sentences(member.notes) == (
        "no held-out rows: the model can't be evaluated for this silo",
    )


def test_a_quarantine_by_hand_comes_first_with_the_operators_words():
    member = only(entry(train=3), by_hand={"north": "audit", "nobody": "gone"})
    assert member.reasons[0].sentence == "quarantined by hand: audit"
    assert "`fairsilo silo release`" in member.reasons[0].hint
    assert len(member.reasons) == 2


def test_the_same_file_in_two_silos_is_a_reason_for_both():
    same = DataFile("/data/x/a.csv", "same", 10)
    cohort = judge(
        entry("a", inputs=(same,)),
        entry("b", inputs=(dataclasses.replace(same, path="/data/y/b.csv"),)),
        entry("c", inputs=(DataFile("/data/z/a.csv", "other", 10),)),
    )
    assert [sentences(member.reasons) for member in cohort.members] == [
        ("file a.csv is the same, byte for byte, as one of another silo",),
        ("file b.csv is the same, byte for byte, as one of another silo",),
        (),
    ]


def test_files_without_a_row_may_be_the_same():
    empty = DataFile("/data/x/a.csv", "header only", 0)
    cohort = judge(entry("a", inputs=(empty,)), entry("b", inputs=(empty,)))
    assert cohort.admitted == ["a", "b"]


def test_one_silo_may_hold_a_file_twice():
    files = (DataFile("/x/a.csv", "same", 10), DataFile("/x/b.csv", "same", 10))
    assert only(entry(inputs=files)).admitted


def test_the_same_fault_in_several_splits_is_told_once_of_train_first():
    values = {
        "findings": [
            finding("BAD", "train", sentence="in train"),
            finding("BAD", "score", sentence="in score"),
            finding("BAD", "eval", sentence="in eval"),
            finding("BAD", "score", column="size", sentence="only in score"),
        ],
        "labels": LABELS,
        "duplicates": 2,
    }
    profile = verdict.from_values(values, [finding("drift", sentence="drifted")])
    assert [f["sentence"] for f in profile.findings] == [
        "only in score",
        "drifted",
        "in train",
    ]
    assert (profile.labels, profile.duplicates) == (LABELS, 2)
