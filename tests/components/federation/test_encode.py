"""The silo task `encode`, on rows whose tensors are known by hand."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest

from components.federated_trainer import trainer
from components.federation import encode, tensor_files
from components.payloads.manifest import ChangedSplitError
from components.silos import homes, tasks
from tests.components.federated_trainer import support
from tests.support.at_once import age, at_once

ROWS = pa.table(
    {
        "distance": pa.array([14.0, None, 2.0]),
        "hour": pa.array([12, 17, 2], pa.int64()),
        "airport": pa.array(["LGA", "XXX", None]),
        "day": pa.array([1, None, 9], pa.int64()),
        support.LABEL: pa.array([1, 0, None], pa.int64()),
    }
)


@pytest.fixture
def silo(tmp_path):
    return homes.open_home(tmp_path, "north")


def arguments(silo, content=ROWS, **changes):
    split = support.write_split(silo, content)
    return {
        "split": {file.path: file.digest for file in split.files},
        "spec": support.SPEC.to_json(),
        "label": support.LABEL,
        "key": "k1",
        **changes,
    }


def read(silo, key="k1"):
    folder = silo.path(tensor_files.folder(key))
    return (
        np.fromfile(folder / tensor_files.FLOATS, "<f4").reshape(-1, 4),
        np.fromfile(folder / tensor_files.IDS, "<i4").reshape(-1, 2),
        np.fromfile(folder / tensor_files.LABELS, "<f4"),
    )


def test_known_rows_give_known_tensors_without_unlabelled_rows(silo):
    result = encode.encode(silo, arguments(silo))
    floats, ids, labels = read(silo)
    assert result.values["rows"] == 2
    np.testing.assert_allclose(floats, [[1, 0, 0, 0], [0, 1, 1, 0]])
    assert ids.tolist() == [[3, 2], [1, 0]]
    assert labels.tolist() == [1, 0]
    assert not result.payload


def test_batches_give_the_same_tensors_as_one(silo, monkeypatch):
    content = support.table(300, 1)
    whole = encode.encode(silo, arguments(silo, content)).values["digest"]
    monkeypatch.setattr(encode, "BATCH_ROWS", 37)
    parts = encode.encode(silo, arguments(silo, content, key="k2")).values["digest"]
    assert whole == parts


PEOPLE = pa.table(
    {
        "distance": pa.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
        "pilot": pa.array(["a", "b", None, "a", "x", None, "c", "b"]),
        support.LABEL: pa.array([1, 0, 1, 1, None, 0, 0, 1], pa.int64()),
    }
)


@pytest.mark.parametrize("batch_rows", [65_536, 3])
def test_people_are_numbered_and_a_row_without_one_is_alone(
    silo, monkeypatch, batch_rows
):
    monkeypatch.setattr(encode, "BATCH_ROWS", batch_rows)
    found = encode.encode(silo, arguments(silo, PEOPLE, person="pilot"))
    path = silo.path(tensor_files.folder("k1"), tensor_files.UNITS)
    # `x` has no label, so no row of theirs is there.
    assert np.fromfile(path, "<i4").tolist() == [0, 1, 2, 0, 3, 4, 1]
    assert {k: found.values[k] for k in ("rows", "units")} == {"rows": 7, "units": 5}


def test_people_are_part_of_the_tensors(silo):
    call = arguments(silo, PEOPLE)
    without = encode.encode(silo, call)
    assert "units" not in without.values
    path = silo.path(tensor_files.folder("k1"), tensor_files.UNITS)
    assert not path.exists()
    # Of the same key, as where a silo's own model made them again.
    found = encode.encode(silo, {**call, "person": "pilot"})
    assert found.values["digest"] != without.values["digest"]
    assert encode.encode(silo, call) == found, "who needs no people can use them"
    written = path.read_bytes()
    path.write_bytes(written[::-1])
    assert encode.encode(silo, {**call, "person": "pilot"}) == found
    assert path.read_bytes() == written


def test_a_silo_without_the_column_of_people_is_refused(silo):
    failure = tasks.attempt(trainer.ENCODE, silo, arguments(silo, person="pilot"))
    assert isinstance(failure, tasks.Failure)
    assert failure.reason == (
        "silo `north`: `pilot` of its training split: found no such column, expected "
        "the column of `privacy.person`, which tells people apart"
    )


def test_tensors_are_used_again_until_they_change(silo):
    call = arguments(silo)
    first = encode.encode(silo, call)
    file = silo.path(tensor_files.folder("k1"), tensor_files.LABELS)
    written = file.stat().st_mtime_ns
    assert encode.encode(silo, call) == first
    assert file.stat().st_mtime_ns == written
    file.write_bytes(b"tampered")
    assert encode.encode(silo, call) == first
    assert read(silo)[2].tolist() == [1, 0]


def test_a_changed_split_is_refused_where_it_would_be_read(silo):
    call = arguments(silo)
    first = encode.encode(silo, call)
    support.write_split(silo, support.table(9, 1))
    assert encode.encode(silo, call) == first, "the tensors are of the split as listed"
    with pytest.raises(ChangedSplitError):
        encode.encode(silo, {**call, "key": "k2"})
    silo.path(tensor_files.folder("k1"), tensor_files.LABELS).write_bytes(b"tampered")
    with pytest.raises(ChangedSplitError):
        encode.encode(silo, call)


def test_tensors_that_are_read_now_are_mended_in_place(silo):
    call = arguments(silo)
    encode.encode(silo, call)
    folder = silo.path(tensor_files.folder("k1"))
    with (folder / tensor_files.FLOATS).open("rb") as file:
        before = folder.stat().st_ino
        (folder / tensor_files.LABELS).write_bytes(b"tampered")
        encode.encode(silo, call)
        assert folder.stat().st_ino == before
        assert file.read() == (folder / tensor_files.FLOATS).read_bytes()


def test_tensors_that_no_run_has_used_for_days_do_not_pile_up(silo):
    for key in ("old", "used", "recent"):
        encode.encode(silo, arguments(silo, key=key))
        age(silo.path("training", key), 9 if key != "recent" else 7)
    killed = silo.path("training", ".partial-1")
    killed.mkdir()
    age(killed, 9)
    encode.encode(silo, arguments(silo, key="used"))
    names = sorted(path.name for path in silo.path("training").iterdir())
    assert names == ["recent", "used"]


def test_two_runs_at_once_write_whole_and_equal_tensors(silo):
    call = arguments(silo, support.table(300, 1))

    def run(number):
        result = encode.encode(silo, {**call, "key": str(number)})
        folder = silo.path(tensor_files.folder(str(number)))
        assert encode._digest(folder) == result.values["digest"]
        return result

    found = at_once(run, 15)
    assert {str(result) for pair in found for result in pair} == {str(found[0][0])}
    assert not list(silo.path("training").glob(".*"))


def test_tensors_belong_to_the_silo(silo):
    encode.encode(silo, arguments(silo))
    for path in [silo.path("training"), *silo.path("training").rglob("*")]:
        assert path.stat().st_uid == homes.uid_of(silo)


def with_label(values):
    return ROWS.set_column(4, support.LABEL, pa.array(values))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (with_label([2, 0, -1]), "2 of 3 values beside 0 and 1"),
        (with_label([2**25 + 1, 0, 2**62]), "2 of 3 values beside 0 and 1"),
        (with_label(["a", "b", "c"]), "type string"),
        (with_label([datetime.date(2013, 1, 1)] * 3), "type date32[day]"),
        (with_label([None] * 3), "no row with a label"),
        (ROWS.drop([support.LABEL]), "no such column"),
    ],
    ids=["values", "large", "strings", "dates", "nulls", "absent"],
)
def test_unusable_label_is_refused(silo, content, found):
    failure = tasks.attempt(trainer.ENCODE, silo, arguments(silo, content))
    assert isinstance(failure, tasks.Failure)
    assert failure.reason == (
        f"silo `north`: label `late` of its training split: found {found}, "
        "expected the values 0 and 1"
    )
    assert "export" in failure.hint
    assert not list(silo.path("training").iterdir())


def test_boolean_and_float_labels_are_accepted(silo):
    for index, values in enumerate([[True, False, None], [1.0, 0.0, None]]):
        key = f"k{index}"
        encode.encode(silo, arguments(silo, with_label(values), key=key))
        assert read(silo, key)[2].tolist() == [1, 0]
