import dataclasses
import datetime
import pathlib
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components import digests
from components.batch_inferrer import beam_steps
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.scoring import Job, Outcome, score_item
from components.errors import SiloError
from components.payloads.manifest import ChangedSplitError
from components.payloads.predictions import Part
from components.scoring.batches import FileError
from components.scoring.model import Scorer
from tests.components.batch_inferrer.cases import (
    KEY,
    SIZES,
    Exported,
    Federate,
    expected_scores,
    items_of,
    table,
)
from tests.support.at_once import at_once


def only(federate: Federate, rows: pa.Table, **options: Any) -> WorkItem:
    """Return the one item of a federation with one silo."""
    job = Job("/model", "feed" * 16, KEY, 64)
    return items_of(federate({"süd": rows}, **options), job)[0]


def as_it_is(item: WorkItem) -> WorkItem:
    """Return the item as the manifest would list its file now."""
    path = item.file.path
    file = item.file._replace(tag=digests.of_file(path))
    return dataclasses.replace(item, file=file, rows=pq.read_metadata(path).num_rows)


def score(item: WorkItem, model: Exported, **changes: Any) -> Outcome:
    return score_item(
        item, dataclasses.replace(model.job(), **changes), beam_steps.load
    )


def part(outcome: Outcome) -> Part:
    """Return what was made; there is something."""
    assert outcome.part is not None
    return outcome.part


def written(item: WorkItem) -> pa.Table:
    """Return an item's predictions as any reader sees them."""
    return pq.ParquetFile(item.target).read()


def rows_of(item: WorkItem) -> pa.Table:
    return pq.ParquetFile(item.file.path).read()


def files_below(item: WorkItem) -> list[pathlib.Path]:
    found = pathlib.Path(item.folder).rglob("*")
    return [path for path in found if path.is_file()]


def test_scores_equal_a_plain_loop_on_the_same_rows_and_keys_are_kept(federate, model):
    manifest = federate()
    for item in items_of(manifest, model.job()):
        made = part(score(item, model, scored_at=1e9 + 0.25))
        rows, found = rows_of(item), written(item)
        names = ["id", "day", "score", "model", "served", "scored_at"]
        assert found.column_names == names
        assert found["id"].to_pylist() == rows["id"].to_pylist()
        assert found["day"].to_pylist() == rows["day"].to_pylist()
        assert set(found["model"].to_pylist()) == {model.digest}
        assert set(found["served"].to_pylist()) == {"base"}
        at = datetime.datetime(2001, 9, 9, 1, 46, 40, 250_000, datetime.UTC)
        assert set(found["scored_at"].to_pylist()) == {at}
        assert found["score"].type == pa.float32()
        np.testing.assert_allclose(
            found["score"].to_numpy(), expected_scores(rows, model.linear), atol=1e-6
        )
        assert (made.rows, made.dead_letters) == (SIZES[item.silo.id], 0)
        path = pathlib.Path(item.target)
        assert (made.digest, made.bytes) == (digests.of_file(path), path.stat().st_size)
        assert (made.name, made.input) == (path.name, "score.parquet")
        assert made.tag == digests.of_file(item.file.path)


def test_parts_of_a_whale_hold_each_row_once_and_in_order(federate, model):
    manifest = federate()
    parts = [i for i in items_of(manifest, model.job(), 150) if i.silo.id == "süd-東"]
    assert sum(part(score(item, model)).rows for item in parts) == 500
    ids = [i for item in parts for i in written(item)["id"].to_pylist()]
    assert ids == rows_of(parts[0])["id"].to_pylist()


def test_an_item_that_is_done_is_not_scored_again(federate, model):
    item = only(federate, table(20, 1))
    first = score(item, model)
    stamp = pathlib.Path(item.target).stat().st_mtime_ns

    def load(item, job):
        raise AssertionError("the model was loaded for nothing")

    again = score_item(item, model.job(), load)
    assert (first.resumed, again.resumed) == (False, True)
    assert pathlib.Path(item.target).stat().st_mtime_ns == stamp
    assert first.part == again.part


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-9], lambda _: b"", lambda _: b"PAR1 PAR1"]
)
def test_a_damaged_file_of_predictions_is_written_again(federate, model, damage):
    item = only(federate, table(20, 1))
    first, path = score(item, model), pathlib.Path(item.target)
    path.write_bytes(damage(path.read_bytes()))
    again = score(item, model)
    assert (again.resumed, again.part) == (False, first.part)
    assert score(item, model).resumed


def test_dead_letters_that_are_gone_are_written_again(federate, model):
    item = only(federate, with_infinite(table(10, 1)))
    first = score(item, model)
    pathlib.Path(item.dead_letters).unlink()
    again = score(item, model)
    assert (again.resumed, again.part) == (False, first.part)
    assert pq.ParquetFile(item.dead_letters).metadata.num_rows == 2


def with_infinite(rows: pa.Table) -> pa.Table:
    """Make row 0 infinite in both columns, row 3 in one, and row 4 NaN."""
    age, hours = rows["age"].to_pylist(), rows["hours"].to_pylist()
    age[0], hours[0], hours[3], hours[4] = np.inf, np.inf, -np.inf, np.nan
    return rows.set_column(2, "age", pa.array(age)).set_column(
        3, "hours", pa.array(hours)
    )


def test_rows_with_an_infinite_value_become_dead_letters_with_the_reason(
    federate, model
):
    rows = with_infinite(table(10, 1))
    item = only(federate, rows)
    made = part(score(item, model))
    assert (made.rows, made.dead_letters) == (8, 2)
    dead = pq.ParquetFile(item.dead_letters).read().to_pydict()
    assert dead == {
        "id": [0, 3],
        "day": [rows["day"][0].as_py(), rows["day"][3].as_py()],
        "reason": ["`age` is infinite", "`hours` is infinite"],
    }
    good = rows.filter(pa.array([i not in {0, 3} for i in range(10)]))
    found = written(item)
    assert found["id"].to_pylist() == [1, 2, 4, 5, 6, 7, 8, 9]
    np.testing.assert_allclose(
        found["score"].to_numpy(), expected_scores(good, model.linear), atol=1e-6
    )
    assert score(item, model).resumed


def test_two_runs_at_once_write_whole_and_equal_files(federate, model):
    item = only(federate, with_infinite(table(500, 1)))
    job = model.job()

    def run(number):
        own = dataclasses.replace(item, folder=f"{item.folder}/{number}")
        outcome = score_item(own, job, beam_steps.load)
        made = part(outcome)
        assert made.digest == digests.of_file(own.target)
        letters = pq.ParquetFile(own.dead_letters).metadata
        assert letters.num_rows == made.dead_letters
        return made

    for one, two in at_once(run, 15):
        assert one == two
        assert (one.rows, one.dead_letters) == (498, 2)
    assert not list(pathlib.Path(item.folder).rglob("*.tmp"))


def test_what_another_run_has_just_written_is_there_all_the_time(federate, model):
    item = only(federate, with_infinite(table(500, 1)))
    seen = []

    class Watching(Scorer):
        def __call__(self, batch):
            places = item.target, item.dead_letters
            seen.append(tuple(pathlib.Path(place).exists() for place in places))
            return super().__call__(batch)

    def load(item, job):
        score(item, model)  # another run is faster
        return Watching(job.model)

    assert not score_item(item, model.job(), load).resumed
    assert set(seen) == {(True, True)}
    assert score(item, model).resumed


def test_a_flood_of_infinite_values_leaves_no_score(federate, model):
    rows = table(30, 1).set_column(2, "age", pa.array([np.inf] * 30))
    item = only(federate, rows)
    made = part(score(item, model))
    assert (made.rows, made.dead_letters) == (0, 30)
    assert written(item).num_rows == 0
    assert score(item, model).resumed


def test_other_rows_than_the_manifest_says_are_an_error_and_nothing_is_written(
    federate, model
):
    item = dataclasses.replace(only(federate, table(20, 1)), rows=21)
    with pytest.raises(SiloError, match="found 20 rows, expected 21 rows as in the"):
        score(item, model)
    group = dataclasses.replace(item, row_groups=(0,))
    with pytest.raises(SiloError, match="found 20 rows, expected 21 rows as in the"):
        score(group, model)
    assert files_below(item) == []


def test_a_file_damaged_in_the_middle_leaves_nothing_half_written(federate, model):
    item = only(federate, table(20_000, 1), row_group_rows=1000)
    path = pathlib.Path(item.file.path)
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = b"\xff" * (len(data) // 2 - len(data) // 3)
    path.write_bytes(bytes(data))
    with pytest.raises(ChangedSplitError, match="bytes that were changed or damaged"):
        score(item, model)
    item = as_it_is(item)
    with pytest.raises(FileError, match="bytes that Arrow can't read"):
        score(item, model)
    assert files_below(item) == []


KEYS = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "int32": st.integers(-(2**31), 2**31 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float64": st.floats(allow_nan=True, allow_infinity=True),
    "float32": st.floats(width=32),
    "bool": st.booleans(),
    "string": st.text(max_size=12),
    "large_string": st.text(max_size=12),
    "date32": st.dates(),
    "timestamp[us]": st.datetimes(),
    "decimal": st.decimals(-(10**20), 10**20, places=3),
    "binary": st.binary(max_size=12),
    "dictionary": st.sampled_from(["", "a", "日本", "-1", "1.0", "NA"]),
}
ARROW = {
    "timestamp[us]": pa.timestamp("us", "UTC"),
    "decimal": pa.decimal128(30, 3),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
}


def arrow_type(name: str) -> pa.DataType:
    return ARROW.get(name) or pa.type_for_alias(name)


def exact(column: pa.ChunkedArray) -> list[Any]:
    """Return values that are equal only if all their bits are."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    values = column.to_pylist()
    if pa.types.is_floating(column.type):
        return [None if value is None else struct.pack("d", value) for value in values]
    return [(type(value), value) for value in values]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data(), names=st.lists(st.sampled_from(sorted(KEYS)), max_size=3))
def test_predictions_join_back_one_to_one_by_a_key_of_any_type(
    federate, model, data, names
):
    number = data.draw(st.integers(1, 60))
    cells = {
        f"key {place}": pa.array(
            data.draw(
                st.lists(st.none() | KEYS[name], min_size=number, max_size=number)
            ),
            arrow_type(name),
        )
        for place, name in enumerate(names)
    }
    rows = with_infinite(table(number, 1)) if number > 4 else table(number, 1)
    for name, column in cells.items():
        rows = rows.append_column(name, column)
    job = dataclasses.replace(model.job(batch_rows=7), key=tuple(cells))
    items = items_of(federate({"süd": rows}, row_group_rows=16), job, 20)
    made = [part(score_item(item, job, beam_steps.load)) for item in items]
    found = pa.concat_tables([written(item) for item in items])
    letters = [pq.ParquetFile(i.dead_letters).read() for i in items[:1] if number > 4]
    assert sum(one.rows for one in made) == found.num_rows
    assert found.num_rows + sum(map(len, letters)) == number
    # Infinite values are in two of the first rows; those are the dead letters.
    dead = {0, 3} if letters else set()
    good = pa.array([place not in dead for place in range(number)])
    for name in cells:
        assert exact(found[name]) == exact(rows.filter(good)[name])
        for letter in letters:
            assert exact(letter[name]) == exact(rows.take([0, 3])[name])
    if not cells:
        assert found.column_names == ["row", "score", "model", "served", "scored_at"]
        assert found["row"].to_pylist() == [n for n in range(number) if n not in dead]
        for letter in letters:
            assert letter["row"].to_pylist() == [0, 3]
    np.testing.assert_allclose(
        found["score"].to_numpy(),
        expected_scores(rows.filter(good), model.linear),
        atol=1e-6,
    )
