import dataclasses
import json

import pytest

from components.batch_inferrer import records
from components.batch_inferrer.records import Reader, Work, Writer
from components.batch_inferrer.scoring import Outcome
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError, SettingsError
from components.payloads.predictions import Part
from tests.components.batch_inferrer.cases import items_of

PART = Part("a.parquet", "süd/score.parquet", "t", 5, 3, 99, "d", ("age",))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / records.RECORDS).mkdir()
    return tmp_path


def test_work_comes_back_as_it_was_written(federate, model, tmp_path):
    items = items_of(federate(), model.job(), 150)
    file = items[0].file._replace(partition=(("day", "mon"), ("x", None)))
    items[0] = dataclasses.replace(items[0], file=file)
    settings = InferenceSettings(input="/lake/{silo}/*", workers=2)
    work = Work(model.job(), tuple(items), settings, ((0, 2), (1,)))
    work.write(tmp_path)
    assert records.read_work(tmp_path) == work


def test_outcomes_are_read_as_they_come_each_once(folder):
    one, two, reader = Writer(folder, "one"), Writer(folder, "two"), Reader(folder)
    done = Outcome(PART, resumed=True, began=1.5, ended=2.5, cpu=0.1)
    one.began(0)
    two.began(1)
    reader.poll()
    assert (reader.outcomes, reader.in_hand) == ({}, {"one": 0, "two": 1})
    one.done(0, done)
    two.done(1, Outcome(failure="silo `süd`: no file"))
    one.began(2)
    reader.poll()
    reader.poll()
    assert reader.outcomes == {0: done, 1: Outcome(failure="silo `süd`: no file")}
    assert (reader.in_hand, dict(reader.lines)) == ({"one": 2}, {"one": 3, "two": 2})


@pytest.mark.parametrize("cut", [1, 9, 40, 400])
def test_a_line_that_a_kill_cut_off_is_passed_over_and_its_item_done_again(folder, cut):
    Writer(folder, "one").done(0, Outcome(PART))
    path = folder / records.RECORDS / "one.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:cut][: len(whole) - 2])
    reader = Reader(folder)
    reader.poll()
    assert list(reader.outcomes) == [0]
    again = Writer(folder, "one")  # the process that was started in its place
    reader.poll()
    again.began(1)
    again.done(1, Outcome(PART))
    reader.poll()
    assert reader.outcomes == {0: Outcome(PART), 1: Outcome(PART)}
    assert (reader.in_hand, reader.lines["one"]) == ({}, 3)
    fresh = Reader(folder)
    fresh.poll()
    assert fresh.outcomes == reader.outcomes


def test_half_a_line_is_left_until_the_rest_is_there(folder):
    path = folder / records.RECORDS / "one.jsonl"
    line = json.dumps(["began", 7]).encode() + b"\n"
    path.write_bytes(line[:5])
    reader = Reader(folder)
    reader.poll()
    with path.open("ab") as file:
        file.write(line[5:])
    reader.poll()
    assert reader.in_hand == {"one": 7}


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (SettingsError("no key", "name one"), "no key", "name one"),
        (ValueError("Jane"), "inference failed with ValueError", ""),
    ],
)
def test_a_fault_of_no_item_reaches_all_who_read(folder, error, said, hint):
    records.stop(folder, error)
    with pytest.raises(FairSiloError) as caught:
        Reader(folder).poll()
    assert caught.value.message.startswith(said)
    assert (caught.value.hint, "Jane" in str(caught.value)) == (hint, False)
