"""What a row sketch holds, and what it can't reveal."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import multiprocessing
import os
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from components.errors import SiloError
from components.payloads.silo import Silo
from components.silo_validator import checks, row_sketches
from components.silo_validator.row_sketches import MAX_DIGESTS, of_rows, read_key
from tests.support import silos

COLUMNS = ("colour", "size", "weight", "late")
KEY, OTHER = bytes(range(16)), bytes(range(1, 17))


def table(number, seed=0, **columns):
    found = silos.rows(number, seed=seed, **columns)[list(COLUMNS)]
    return pa.Table.from_pandas(found, preserve_index=False)


def common(one, other):
    return len(np.intersect1d(one.digests, other.digests)) / len(one.digests)


def test_digests_are_siphash_2_4_under_the_key_and_mixed_by_splitmix():
    """The vector is that of the paper's appendix A; the mix is Stafford's 13th."""
    x, mask = 0xA129CA6149BE45E5, 2**64 - 1
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
    message = np.array([bytes(range(15))], object)
    secret = KEY.decode("latin-1")
    found = pd.util.hash_array(message, "latin-1", secret, categorize=False)
    assert found.tolist() == [x ^ x >> 31]


def test_rows_are_told_apart_also_where_hashes_begin_or_end_with_zero_bytes():
    rows = np.array([0, 1, 256, 1 << 56, 1 << 63], np.uint64)
    assert len(row_sketches.sketch(rows, KEY).digests) == 5


def test_the_same_rows_have_the_same_sketches_in_any_order_and_files():
    rows = table(400)
    halves = pa.concat_tables([rows.slice(250), rows.slice(0, 250)])
    wider = halves.append_column("more", halves["size"])
    for one, other, last in zip(
        of_rows(rows, COLUMNS, KEY),
        of_rows(halves, COLUMNS, KEY),
        of_rows(wider, COLUMNS, KEY),
        strict=True,
    ):
        assert one.digests.tolist() == other.digests.tolist() == last.digests.tolist()
        assert one.distinct == other.distinct


def test_columns_that_are_empty_or_not_there_are_constant():
    rows = table(100)
    empty = rows.set_column(0, "colour", pa.nulls(100))
    for found in (empty, rows.drop(["colour"]), rows.drop(["colour", "size", "late"])):
        sketches = of_rows(found, COLUMNS, KEY)
        assert [one.distinct for one in sketches] == [
            1.0,
            1.0,
            1.0,
            sketches[3].distinct,
        ]
        assert sketches[3].distinct < 0.2
    (alone,) = of_rows(rows.select(["weight"]), ["weight"], KEY)
    assert len(alone.digests) == 100


def test_an_edit_of_one_column_in_all_rows_leaves_the_subset_without_it():
    rows = table(300)
    before = of_rows(rows, COLUMNS, KEY)
    for name, subset in (("size", 2), ("weight", 3)):
        index = rows.column_names.index(name)
        edited = rows.set_column(
            index, name, pc.add(rows[name], pa.scalar(1, rows[name].type))
        )
        after = of_rows(edited, COLUMNS, KEY)
        kept = [i for i in range(4) if len(before[i].digests)]
        shares = {i: common(before[i], after[i]) for i in kept}
        if name == "size":
            assert shares == {0: 0.0, 1: 0.0, subset: 1.0}
        else:  # without the weight, rows repeat: no digest of them leaves
            assert shares.keys() == {0, 1, 2}
            assert not before[subset].digests.size
            assert 0 < before[subset].distinct < 0.5


def test_a_sketch_keeps_the_lowest_digests_of_many_rows():
    rows = np.arange(50_000, dtype=np.uint64)
    found = row_sketches.sketch(rows, KEY)
    assert found.scale == 4
    assert MAX_DIGESTS / 2 < len(found.digests) <= MAX_DIGESTS
    assert (np.diff(found.digests) > 0).all()
    assert found.digests[-1] < 2**60
    assert found.count(3) == found.count(4) == len(found.digests)
    assert found.count(5) == (found.digests < 2**59).sum()


def test_no_digest_of_a_known_row_can_be_made_without_the_key():
    """Nor does a key of another federation, or the hash without a key, give one."""
    rows = table(500, seed=3)
    under_key = of_rows(rows, COLUMNS, KEY)
    known = {int(one) for sketch in under_key for one in sketch.digests}
    for guess in (OTHER, bytes(16), b"0123456789123456"):  # the last is pandas' own
        for sketch in of_rows(rows, COLUMNS, guess):
            assert not known & set(sketch.digests.tolist())
    assert not known & set(checks.hashes(rows).tolist())
    guessed = of_rows(rows.slice(7, 1), COLUMNS, KEY)[0]
    assert known >= set(guessed.digests.tolist()), "with the key, guesses are confirmed"


def test_nothing_but_share_scale_and_digests_leaves_and_it_comes_back():
    found = of_rows(table(200), COLUMNS, KEY)
    items = json.loads(json.dumps(row_sketches.to_json(found)))
    assert [[type(value) for value in item] for item in items] == [
        [float, int, str]
    ] * 4
    for one, other in zip(found, row_sketches.of_json(items), strict=True):
        assert (one.distinct, one.scale) == (other.distinct, other.scale)
        assert one.digests.tolist() == other.digests.tolist()


def test_a_key_is_made_once_beside_the_homes_for_its_owner_alone(tmp_path):
    north, south = (Silo(name, str(tmp_path / name)) for name in ("north", "south"))
    key = read_key(north, "")
    assert len(key) == 16
    assert key == read_key(south, "")
    (made,) = tmp_path.iterdir()
    assert made.name == ".row-key"
    assert made.stat().st_mode & 0o777 == 0o600
    assert re.fullmatch("[0-9a-f]{64}", made.read_text())
    elsewhere = Silo("west", str(tmp_path / "elsewhere" / "west"))
    (tmp_path / "elsewhere").mkdir()
    assert read_key(elsewhere, "") != key


def _key_of(folder):
    return read_key(Silo(str(os.getpid()), f"{folder}/{os.getpid()}"), "")


def test_silos_that_make_the_key_at_the_same_time_have_the_same(tmp_path):
    context = multiprocessing.get_context("fork")
    for attempt in range(8):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with concurrent.futures.ProcessPoolExecutor(6, context) as pool:
            keys = set(pool.map(_key_of, [str(folder)] * 6))
        assert len(keys) == 1
        assert [path.name for path in folder.iterdir()] == [".row-key"]


def test_silos_may_agree_on_a_key_of_their_own(tmp_path):
    silo, text = (
        Silo("north", str(tmp_path / "north")),
        "correct horse battery staple 9127",
    )
    (tmp_path / "key").write_text(f"{text}\n")
    key = read_key(silo, str(tmp_path / "key"))
    assert key == hashlib.blake2b(text.encode(), digest_size=16).digest()
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, "found a file that can't be read (No such file or directory)"),
        ("short\n", "found 5 characters"),
    ],
)
def test_a_key_that_is_not_there_or_too_short_is_refused(tmp_path, text, found):
    path = tmp_path / "key"
    if text:
        path.write_text(text)
    with pytest.raises(SiloError) as caught:
        read_key(Silo("north", str(tmp_path)), str(path))
    message = f"silo `north`: the row key ({path}): {found}, expected at least 32"
    assert caught.value.message.startswith(message)
    assert "`openssl rand -hex 32`" in caught.value.hint
