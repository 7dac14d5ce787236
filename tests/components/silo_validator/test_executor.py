"""The whole node over faulty silos: who trains, why not, and what was written."""

import dataclasses
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.payloads import egress, statistics
from components.payloads.egress import Egress
from components.payloads.findings import Finding, sentences
from components.payloads.manifest import DataFile, SiloEntry
from components.payloads.silo import Silo
from components.silo_validator.settings import ValidationSettings
from tests.support import silos
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER

pytestmark = pytest.mark.beam

FLOOD = np.where(np.arange(120) % 3, np.nan, -np.inf)
FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "missing": ({"weight": None}, "column `weight`: found no such column, expected"),
    "typed": ({"weight": "heavy"}, "column `weight`: "),
    "label": (
        {"late": np.arange(120) % 4},
        "found at least 60 training rows with values outs",
    ),
    "constant": ({"late": 0}, "label `late` is constant: found 0 in all training rows"),
    "flood": ({"weight": FLOOD}, "column `weight`: found 33% of 120 rows NaN, infi"),
}


def splits(rows=120, seed=0, **columns):
    return {
        "train": silos.rows(rows, seed=seed, **columns),
        "eval": silos.rows(40, seed=seed + 500),
    }


def test_each_fault_costs_its_silo_the_admission_and_no_other(runs):
    tables = {s: splits(seed=i, **f[0]) for i, (s, f) in enumerate(FAULTS.items())}
    tables["good"], tables["more"] = splits(seed=20), splits(205, seed=21)
    tables["few"] = splits(49, seed=22)
    tables["renamed"] = {
        name: table.rename(columns={"weight": "mass"})
        for name, table in splits(seed=23).items()
    }
    both = splits(seed=24)
    tables["doubled"] = {**both, "eval": both["train"].head(40)}
    found = runs.run(tables)
    assert found.cohort.admitted == ["good", "more"]
    for silo, (_, sentence) in FAULTS.items():
        told = [r for r in found[silo].reasons if sentence in r.sentence]
        assert told, (silo, found[silo].reasons)
    assert found["few"].reasons[0].sentence == (
        "too few rows: found 49 to train on, expected at least 50"
    )
    assert sentences(found["renamed"].reasons) == (
        "column `weight`: found no such column, expected float values in at least "
        "50% of the rows",
    )
    assert any("column `mass`" in note.sentence for note in found["renamed"].notes)
    assert sentences(found["doubled"].reasons) == (
        "duplicates: found at least 40 of 40 held-out rows also among the training "
        "rows, expected at most 1.0%",
    )
    everything = [f for m in found.cohort.members for f in (*m.reasons, *m.notes)]
    assert [f.sentence for f in everything if not f.hint] == []


def test_numbers_that_are_not_numbers_are_told_from_missing_ones(runs):
    manifest = runs.manifest({"north": splits(), "south": splits(seed=1)}, "")
    path = manifest["north"].splits["train"].paths[0]
    table = pq.read_table(path)
    values = np.where(np.arange(table.num_rows) % 4, 70.0, np.nan)
    place = table.column_names.index("weight")
    # By way of pandas they would turn into missing values.
    pq.write_table(table.set_column(place, "weight", pa.array(values)), path)
    now = silos.listed_as_they_are(manifest)
    assert sentences(runs.run(now)["north"].reasons) == (
        "column `weight`: found 25% of 120 rows NaN, infinite or beyond float32, "
        "expected at most 5%",
    )


@pytest.mark.parametrize("consequence", ["note", "quarantine"])
def test_skew_leads_to_what_the_settings_say(runs, consequence):
    served = silos.rows(60, seed=9, late=None, colour="red")
    tables = {"north": {**splits(), "score": served}, "south": splits(seed=1)}
    settings = ValidationSettings.model_validate({"skew": consequence})
    north = runs.run(tables, settings=settings)["north"]
    told = [*north.notes, *north.reasons]
    assert len(told) == 1
    assert "between the training rows and the rows to be scored" in told[0].sentence
    assert "`skew_comparator`" in told[0].hint
    assert north.admitted == (consequence == "note")


def test_the_same_file_in_two_silos_quarantines_both(runs):
    names = ("north", "south", "west")
    tables = {name: splits(seed=i) for i, name in enumerate(names)}
    manifest = runs.manifest(tables, "")
    copied = DataFile("/their/rows.csv", "same", 120)
    entries = [
        dataclasses.replace(entry, inputs=(copied,))
        if entry.silo.id != "west"
        else entry
        for entry in manifest
    ]
    found = runs.run(dataclasses.replace(manifest, entries=tuple(entries)))
    assert found.cohort.admitted == ["west"]
    assert found.cohort.refusal == "1 of 3 silos were admitted; the quorum is 2"


def test_no_value_of_a_row_is_in_anything_that_was_written(runs):
    table = silos.rows(130)
    table.loc[3, "colour"] = CANARY
    table.loc[4, "weight"] = CANARY_NUMBER
    table.loc[5, "id"] = f"{CANARY}-id"
    table.loc[6, "day"] = f"{CANARY}-day"
    odd = silos.rows(120, seed=1, weight=[f"{CANARY}-{i}" for i in range(120)])
    wide = silos.rows(120, seed=2, note=CANARY)
    scored = silos.rows(40, seed=3, late=None)
    scored.loc[:8, "size"] = int(CANARY_DIGITS)  # in one row less than may be told
    found = runs.run(
        {
            "north": {"train": table, "score": scored},
            "odd": {"train": odd},
            "wide": {"train": wide},
        }
    )
    assert not found["odd"].admitted, "the canaries were looked at"
    assert CANARY.encode() not in found.written()
    assert CANARY_DIGITS.encode() not in found.written()
    disclosed = str(statistics.read(found.folder / "statistics", "north"))
    assert not re.search(r"8675309|8\.675309", disclosed)
    assert "red" in disclosed, "what many rows hold is told"


def test_what_left_is_accounted_and_a_silo_without_data_let_nothing_out(runs):
    manifest = runs.manifest({"north": splits(), "south": splits(seed=1)}, "")
    gone = SiloEntry(
        Silo("gone", str(runs.folder)), error=Finding("its folder is empty")
    )
    found = runs.run(dataclasses.replace(manifest, entries=(gone, *manifest.entries)))
    assert found["gone"].reasons == (Finding("its folder is empty"),)
    left = egress.read(found.folder / "statistics")
    assert sorted(left) == ["north", "south"]
    for silo, (measured, told) in left.items():
        path = statistics.path(found.folder / "statistics", silo)
        assert (measured.kind, measured.count) == ("statistics", 1)
        assert measured.bytes == path.stat().st_size
        # Three labels and the duplicates; nothing was found.
        assert (told.kind, told.count) == ("findings and label counts", 4)
        assert told.bytes > len('{"negative": 80, "positive": 40, "other": 0}')


def test_a_silo_may_have_the_name_of_a_file_of_ours(runs):
    names = (Egress.FILE_NAME, statistics.FOLDER, statistics.FILE_NAME)
    found = runs.run({name: splits(seed=i) for i, name in enumerate(names)})
    assert found.cohort.admitted == sorted(names)
    folder = found.folder / "statistics"
    assert sorted(egress.read(folder)) == sorted(names)
    assert all(statistics.read(folder, name).datasets for name in names)
    assert runs.run({name: splits(seed=i) for i, name in enumerate(names)}, "2").cohort


def test_the_same_silos_give_the_same_bytes(runs):
    manifest = runs.manifest({"north": splits(), "south": splits(seed=1)}, "")
    assert runs.run(manifest).written() == runs.run(manifest).written()
