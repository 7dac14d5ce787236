"""Each finding of the checks has a way out of its own."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard import silo_findings
from components.dashboard.report import SiloLine
from components.dashboard.silo_findings import MAX_SENTENCES, OTHERWISE, way_out
from components.errors import SiloError
from components.silo_validator import verdict
from components.silo_validator.settings import ValidationSettings
from components.silos.manifest import InputFile, Manifest, SiloEntry, Split
from components.silos.silo import Silo
from tests.components.dashboard.silo_runs import member


def entry(silo: str, train: int = 500, held_out: int = 100, **more) -> SiloEntry:
    splits = {"train": Split("t", "d", train), "eval": Split("e", "d", held_out)}
    return SiloEntry(Silo(silo, "/home"), splits=splits, **more)


def finding(kind: str, sentence: str, split: str = "train") -> dict[str, str]:
    return {"split": split, "column": "age", "kind": kind, "sentence": sentence}


LABELS = {"negative": 300, "positive": 200}


def judged() -> list[str]:
    """Return what the real checks write about silos with all kinds of faults."""
    broken = SiloError("e", "its folder", "no file", "one", "")
    entries = {
        "few": entry("few", train=3),
        "double": entry("double"),
        "constant": entry("constant"),
        "rare": entry("rare"),
        "words": entry("words"),
        "unlabelled": entry("unlabelled"),
        "held": entry("held", held_out=0),
        "hand": entry("hand"),
        "copy": entry("copy", inputs=(InputFile("/x/1.csv", "same", 4),)),
        "copied": entry("copied", inputs=(InputFile("/y/2.csv", "same", 4),)),
        "file": entry("file", unreadable=("1.csv: an empty file, expected a table",)),
        "broken": SiloEntry(Silo("broken", "/home"), error=broken.message),
        "failed": entry("failed"),
    }
    profiles = {silo: verdict.Profile(labels=LABELS) for silo in entries} | {
        "double": verdict.Profile(labels=LABELS, duplicates=40),
        "constant": verdict.Profile(labels={"negative": 500, "positive": 0}),
        "rare": verdict.Profile(labels={"negative": 498, "positive": 2}),
        "words": verdict.Profile(labels={"negative": 1, "positive": 1, "other": 9}),
        "unlabelled": verdict.Profile(labels={"negative": 0, "positive": 0}),
        "failed": verdict.Profile(failure="silo `failed`: profile: Permission denied"),
    }
    cohort = verdict.judge(
        Manifest("census", "", tuple(entries.values())),
        profiles,
        {"hand": "audit"},
        "label",
        ValidationSettings(),
    )
    return [
        sentence for one in cohort.members for sentence in (*one.reasons, *one.notes)
    ]


def test_all_that_the_checks_write_has_a_way_out_of_its_kind():
    sentences = judged()
    assert len(sentences) == 13
    ways = {sentence: way_out(sentence) for sentence in sentences}
    assert OTHERWISE not in ways.values(), ways
    assert len(set(ways.values())) == 7, ways


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "column `age`: found a Jensen-Shannon divergence of 0.300 between these "
            "training rows and those of span 6, expected at most 0.100",
            "drift_comparator",
        ),
        (
            "column `age`: found a Jensen-Shannon divergence of 0.300 between the "
            "training rows and the rows to be scored, expected at most 0.100 "
            "(split train)",
            "skew_comparator",
        ),
        (
            "column `age`: found 31% of 8,204 rows NaN, infinite or beyond float32, "
            "expected at most 5%",
            "divisions by zero",
        ),
        (
            "column `age`: found float values in 69.0% of 8,204 rows, expected float "
            "values in at least 95% of the rows",
            "as the schema expects it",
        ),
        (
            "the split as a whole: found none of the schema's columns among its 3, "
            "expected the schema's names in a header row",
            "header row",
        ),
        ("silo `x`: its folder: found a folder that can't be read (no)", "the right"),
        (
            "1.csv: a corrupt file (ArrowInvalid, 7 bytes), expected a readable CSV",
            "again",
        ),
        ("the moon is full", OTHERWISE),
    ],
)
def test_ways_out(sentence, expected):
    assert expected in way_out(sentence)


def test_what_keeps_it_out_comes_first():
    line = SiloLine(
        member=dataclasses.replace(
            member("a"), admitted=False, reasons=("too few rows: 3",), notes=("n",)
        ),
        faults=("1.csv: a corrupt file",),
        auc=None,
        next_auc=None,
        baseline_auc=None,
        left=(),
    )
    found = silo_findings.findings(line)
    assert [(one.keeps_out, one.sentences) for one in found] == [
        (True, ("too few rows: 3",)),
        (False, ("1.csv: a corrupt file",)),
        (False, ("n",)),
    ]
    assert "validation.min_rows" in found[0].way_out


def test_what_one_thing_mends_is_told_together_and_cut_where_it_is_long():
    columns = tuple(f"column `c{index}`: found none" for index in range(40))
    line = SiloLine(member("a", reasons=columns), (), None, None, None, ())
    (found,) = silo_findings.findings(line)
    assert found.sentences == columns
    assert found.shown == columns[:MAX_SENTENCES]
