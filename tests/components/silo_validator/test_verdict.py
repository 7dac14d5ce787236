"""Each rule is seen to admit and to quarantine, with its sentence."""

import dataclasses

import pytest

from components.silo_validator import verdict
from components.silo_validator.settings import ValidationSettings
from components.silo_validator.verdict import Profile
from components.silos.manifest import InputFile, Manifest, SiloEntry, Split
from components.silos.silo import Silo

SETTINGS = ValidationSettings(min_rows=50, min_rows_per_class=5, quorum=2)
HEALTHY = Profile(labels={"negative": 60, "positive": 40, "other": 0})


def entry(silo="north", train=100, held_out=20, **more):
    splits = {
        "train": Split("train.parquet", "t", train),
        "eval": Split("eval.parquet", "e", held_out),
    }
    return SiloEntry(Silo(silo, f"/{silo}"), splits=splits, **more)


def judge(entries, profiles, settings=SETTINGS, by_hand=()):
    manifest = Manifest("flights", "1", tuple(entries))
    return verdict.judge(manifest, profiles, dict(by_hand), "late", settings)


def reasons(profile, settings=SETTINGS, **changes):
    [member] = judge([entry(**changes)], {"north": profile}, settings).members
    assert member.admitted == (not member.reasons)
    return member.reasons


def finding(kind, split="train"):
    return {"split": split, "column": "x", "kind": kind, "sentence": f"{kind}!"}


def test_healthy_silo_is_admitted():
    assert reasons(HEALTHY) == ()


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ((60, 40, 3), "found 3 of 103 values outside its domain"),
        ((100, 0, 0), "is constant: found 0 in all 100 training rows"),
        ((0, 100, 0), "is constant: found 1 in all 100 training rows"),
        ((0, 0, 0), "found no value"),
        ((97, 3, 0), "found 3 training rows of the rarer value, expected at least 5"),
    ],
)
def test_label_that_can_not_teach_is_a_reason(labels, told):
    counts = dict(zip(("negative", "positive", "other"), labels, strict=True))
    assert told in reasons(dataclasses.replace(HEALTHY, labels=counts))[0]


def test_too_few_rows_are_a_reason():
    assert reasons(HEALTHY, train=49) == (
        "too few rows: found 49 to train on, expected at least 50",
    )


def test_duplicates_beyond_the_share_are_a_reason():
    assert reasons(dataclasses.replace(HEALTHY, duplicates=0)) == ()
    told = reasons(dataclasses.replace(HEALTHY, duplicates=5))
    assert told[0].startswith("duplicates: found 5 of 20 held-out rows")


@pytest.mark.parametrize("kind", ["skew", "drift"])
@pytest.mark.parametrize("consequence", ["note", "quarantine"])
def test_skew_and_drift_lead_to_what_the_settings_say(kind, consequence):
    settings = SETTINGS.model_copy(update={kind: consequence})
    profile = dataclasses.replace(HEALTHY, findings=(finding(kind),))
    assert bool(reasons(profile, settings)) == (consequence == "quarantine")


def test_fault_in_rows_to_be_scored_is_a_note():
    profile = dataclasses.replace(
        HEALTHY, findings=(finding("FLOAT_TYPE_NOT_FLOAT", "score"),)
    )
    [member] = judge([entry()], {"north": profile}).members
    assert member.admitted
    assert member.notes == ("FLOAT_TYPE_NOT_FLOAT! (split score)",)


def test_silo_without_data_keeps_its_own_reason():
    gone = SiloEntry(Silo("north", "/north"), error="its folder is gone")
    [member] = judge([gone], {}).members
    assert member.reasons == ("its folder is gone",)


def test_same_file_in_two_silos_quarantines_both_and_names_neither():
    file = InputFile("/data/a/1.parquet", "digest", 9)
    entries = [entry(name, inputs=(file,)) for name in ("north", "west")]
    entries.append(entry("south", inputs=(dataclasses.replace(file, digest="own"),)))
    cohort = judge(entries, dict.fromkeys(("north", "west", "south"), HEALTHY))
    assert cohort.admitted == ["south"]
    told = cohort.members[0].reasons[0]
    assert told == ("file 1.parquet is the same, byte for byte, as one of another silo")


def test_quarantine_by_hand_comes_first_and_below_quorum_is_told():
    cohort = judge([entry()], {"north": HEALTHY}, by_hand={"north": "audit"}.items())
    assert cohort.members[0].reasons == ("quarantined by hand: audit",)
    assert cohort.refusal == "0 of 1 silos were admitted; the quorum is 2"


def test_same_fault_in_two_splits_is_told_once_of_train_first():
    values = {
        "findings": [
            {**finding("X", "eval"), "sentence": "in eval"},
            {**finding("X", "train"), "sentence": "in train"},
        ],
        "labels": HEALTHY.labels,
        "duplicates": 0,
    }
    found = verdict.from_values(values, [finding("drift")])
    assert [f["sentence"] for f in found.findings] == ["drift!", "in train"]
