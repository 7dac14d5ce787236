"""The whole node on a real store: who trains, why not, and what was written."""

import dataclasses
import json
import pathlib
import re

import numpy as np
import pytest

from components import temporary_faults
from components.payloads import egress, statistics
from components.payloads.egress import Egress
from components.payloads.findings import Finding, sentences
from components.payloads.manifest import SiloEntry
from components.payloads.silo import Silo
from components.silo_validator import component, driver, executor
from components.silos import engine
from tests.support import silos
from tests.support.engines import faulty
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER, properties_of

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
    assert sentences(found["doubled"].reasons) == (
        "duplicates: found at least 40 of 40 held-out rows also among the training "
        "rows, expected at most 1.0%",
    )
    everything = [f for m in found.cohort.members for f in (*m.reasons, *m.notes)]
    assert [f.sentence for f in everything if not f.hint] == []


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
    for silo, (measured, sketched, told) in left.items():
        path = statistics.path(found.folder / "statistics", silo)
        assert (measured.kind, measured.count) == ("statistics", 1)
        assert measured.bytes == path.stat().st_size
        assert (sketched.kind, sketched.count) == ("row sketches", 4)
        assert 4 * 1280 > sketched.bytes > 3 * 1280, "one subset repeats"
        assert (told.kind, told.count) == ("findings", 0)
        assert told.bytes > 0


def test_a_changed_split_is_refused_and_one_that_is_not_read_is_not_asked_for(runs):
    tables = {"north": {**splits(), "next": silos.rows(9)}, "south": splits(seed=1)}
    manifest = runs.manifest(tables, "")
    for silo, split in (("north", "next"), ("south", "train")):
        (path,) = manifest[silo].splits[split].paths
        damaged = pathlib.Path(path)
        damaged.write_bytes(damaged.read_bytes()[:-1])
    found = runs.run(manifest)
    assert found["north"].admitted
    assert "bytes that were changed or damaged" in found["south"].reasons[0].sentence


RED = {"colour": "red"}


def federation(seed, **north):
    """Return three silos' training rows; those of `north` as told."""
    sizes = silos.SIZES.items()
    changes = {"north": north}
    return {
        silo: {
            "train": silos.rows(size, seed=seed + place, **changes.get(silo, {})),
            "eval": silos.rows(40, seed=seed + place + 50, **changes.get(silo, {})),
        }
        for place, (silo, size) in enumerate(sizes)
    }


def test_a_quarantined_drifted_silo_does_not_become_its_own_reference(runs):
    first = runs.run(federation(0), "2013-9")
    assert first.cohort.admitted == ["north", "south", "west"]
    assert json.loads(first.properties["earlier_statistics"]) == {}
    for seed, span in enumerate(("2013-10", "2013-11"), 1):
        drifted = runs.run(federation(10 * seed, **RED), span)
        assert drifted.cohort.admitted == ["south", "west"], drifted.cohort
        (told,) = sentences(drifted["north"].reasons)
        assert told.startswith("column `colour`: found a largest difference in share")
        assert "these training rows and those of span 2013-9, " in told
        assert "expected at most 0.200" in told
    found = json.loads(drifted.properties["earlier_statistics"])
    assert {silo: item[0] for silo, item in found.items()} == {
        "north": "2013-9",
        "south": "2013-10",
        "west": "2013-10",
    }
    assert all(len(digest) == 64 for _, _, digest in found.values())


def test_a_backfilled_earlier_span_is_not_compared_with_a_later_one(runs):
    runs.run(federation(0), "2013-10")
    backfilled = runs.run(federation(10, **RED), "2013-9")
    assert json.loads(backfilled.properties["earlier_statistics"]) == {}
    assert backfilled.cohort.admitted == ["north", "south", "west"]


def test_parameters_are_those_that_executor_and_driver_read():
    read = properties_of(executor)[0] | properties_of(driver)[0]
    declared = component.SiloValidatorSpec.PARAMETERS
    assert set(declared) - read == {"code"}, "for the cache alone"
    assert read <= set(declared)
    optional = {name for name, parameter in declared.items() if parameter.optional}
    assert optional == {"earlier_statistics", "reminders"}, "the driver adds these"


def test_manual_decisions_count_from_the_next_run_which_the_cache_tells_apart(runs):
    tables = runs.manifest(federation(0), "1")
    first, again = runs.run(tables), runs.run(tables)
    assert first.properties == again.properties
    assert first.written() == again.written()
    runs.state.quarantine("west", "under audit — 監査")
    held = runs.run(tables)
    (reason,) = sentences(held["west"].reasons)
    assert reason == "quarantined manually: under audit — 監査"
    changed = {k for k, v in held.properties.items() if v != first.properties[k]}
    assert changed == {"quarantined", "attempt"}  # an attempt of another key
    runs.state.release("west", "audit passed")
    assert runs.run(tables).properties == first.properties


def test_a_silo_may_have_the_name_of_a_file_of_ours(runs):
    names = (Egress.FILE_NAME, statistics.FOLDER, statistics.FILE_NAME)
    found = runs.run({name: splits(seed=i) for i, name in enumerate(names)})
    assert found.cohort.admitted == sorted(names)
    folder = found.folder / "statistics"
    assert sorted(egress.read(folder)) == sorted(names)
    assert all(statistics.read(folder, name).datasets for name in names)


def test_a_silo_whose_profile_met_a_fault_is_admitted_by_the_next_run(runs):
    tables = runs.manifest(federation(0), "1")
    with engine.using(faulty("profile", "north", KeyError(CANARY))):
        first = runs.run(tables)
    assert first.cohort.admitted == ["south", "west"]
    (reason,) = first["north"].reasons
    told = "silo `north`: profile: FairSilo failed with KeyError in"
    assert reason.sentence.startswith(told)
    assert reason.hint == temporary_faults.BUG_HINT
    assert CANARY not in str(first)
    second = runs.run(tables)
    assert second.properties["attempt"] != first.properties["attempt"]
    assert second.cohort.admitted == ["north", "south", "west"]
    assert runs.run(tables).properties == second.properties, "the cache may give it"


@pytest.mark.parametrize("consequence", ["note", "quarantine"])
def test_a_column_in_another_unit_leads_to_what_the_settings_say(runs, consequence):
    tables = {silo: splits(seed=i) for i, silo in enumerate("abcde")}
    tables["b"] = {
        name: table.assign(weight=1000 * table["weight"])
        for name, table in tables["b"].items()
    }
    found = runs.run(tables, column_faults=consequence)
    kept, other = found["b"].notes, found["b"].reasons
    if consequence == "quarantine":
        kept, other = other, kept
    assert [one.sentence.split(":")[0] for one in kept] == ["column `weight`"]
    assert "grams for kilograms" in kept[0].sentence
    assert kept[0].hint.startswith("look up in the source which unit")
    assert not other
    assert "b" not in found.cohort.admitted or consequence == "note"
    assert {*"acde"} <= {*found.cohort.admitted}
    assert not any(found[silo].notes for silo in "acde")
