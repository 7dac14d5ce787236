"""All silos are taken in; one that fails is an entry, and the others go on."""

import dataclasses
import json
import shutil

import pytest

from components import digests
from components.silo_example_gen import discovery, node
from tests.support import silos

pytestmark = pytest.mark.beam


@pytest.fixture
def world(tmp_path):
    silos.federation(tmp_path / "data", span="1")
    source = silos.source(tmp_path / "data", score="all")
    return source, str(tmp_path / "homes"), tmp_path / "data"


def take_in(world):
    source, homes, _ = world
    found = discovery.discover(source, homes)
    window = discovery.window(found, source, "")
    return node.take_in("shapes", found, window, source, silos.schema(), "code")


def test_every_row_lands_in_its_own_silos_home_once(world):
    manifest = take_in(world)
    for entry in manifest:
        rows = silos.SIZES[entry.silo.id]
        assert entry.rows("train") + entry.rows("eval") == rows == entry.rows("score")
        for split in entry.splits.values():
            assert split.path.startswith(entry.silo.home + "/splits/")
            assert digests.of_file(split.path) == split.digest


def test_unchanged_input_gives_the_same_manifest_and_input_stays_as_it_was(world):
    before = silos.snapshot(world[2])
    first = take_in(world)
    assert take_in(world) == first
    assert silos.snapshot(world[2]) == before


def test_changed_input_gets_a_new_folder_and_the_old_one_stays(world):
    first = take_in(world)
    silos.write(world[2], "west", "1.parquet", silos.rows(205, seed=99))
    second = take_in(world)
    assert second["west"].splits["train"].path != first["west"].splits["train"].path
    assert second["north"] == first["north"]
    old = first["west"].splits["train"]
    assert digests.of_file(old.path) == old.digest


def test_silo_whose_folder_goes_in_mid_run_is_an_entry_with_its_reason(world):
    source, homes, data = world
    found = discovery.discover(source, homes)
    shutil.rmtree(data / "west")
    window = discovery.window(found, source, "")
    manifest = node.take_in("shapes", found, window, source, silos.schema(), "code")
    assert "No such file or directory" in manifest["west"].error.sentence
    assert manifest["north"].rows("train")


def test_a_silo_without_files_is_told_from_one_that_cannot_be_read(world):
    source, homes, data = world
    (data / "idle").mkdir()
    (data / "cut").mkdir()
    (data / "cut" / "1.parquet").write_bytes(b"PAR1 no table")
    manifest = take_in((source, homes, data))
    assert {entry.silo.id: entry.has_no_file for entry in manifest} == {
        "idle": True,
        "cut": False,
        "north": False,
        "south": False,
        "west": False,
    }
    assert manifest["idle"].error
    assert manifest["cut"].error


def test_what_left_is_counts_and_digests_only(world):
    source, homes, _ = world
    found = discovery.discover(source, homes)
    left = node.departures(take_in(world), found)
    assert set(left) == set(silos.SIZES)
    assert {d.kind for items in left.values() for d in items} == {"counts and digests"}


def test_what_left_holds_each_byte_that_the_entry_and_the_listing_hold(world):
    source, homes, data = world
    (data / "west" / "2.parquet").write_text("no Parquet")
    found = discovery.discover(source, homes)
    manifest = take_in(world)
    west = next(silo for silo in found if silo.silo.id == "west")
    listed, said = node.departures(manifest, found)["west"]
    told = dataclasses.asdict(manifest["west"])
    assert listed.kind == "counts and digests"
    assert listed.count == len(west.files) + len(told["splits"])
    values = [*told["inputs"], *told["splits"].values(), west.files[1]]
    assert listed.bytes == len(json.dumps(values).encode())
    entry = manifest["west"]
    number = len(entry.unreadable + entry.unscored + entry.notes)
    assert (said.kind, said.count) == ("findings and label counts", number)
    assert said.bytes > len(manifest["west"].unreadable[0].sentence)


def test_a_silo_that_lacks_a_span_is_told_which(tmp_path):
    for silo, span in [("north", "1"), ("north", "2"), ("west", "2"), ("west", "3")]:
        silos.write(tmp_path / "data", silo, f"{span}.csv", silos.rows(9, int(span)))
    source = silos.source(tmp_path / "data", "{silo}/{span}.csv")
    found = discovery.discover(source, str(tmp_path / "homes"))
    window = discovery.window(found, source, "3")
    north, west = node.take_in("shapes", found, window, source, silos.schema(), "code")
    assert north.notes == ()
    assert west.notes[0].sentence == "no file of 1 of 2 spans to learn from: 1"
