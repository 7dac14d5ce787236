import dataclasses
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import digests
from components.batch_inferrer import items
from components.batch_inferrer.items import plan
from components.payloads.findings import Finding
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from tests.components.batch_inferrer.cases import by_base

SERVE = by_base("feedbeef" * 8)


def test_small_splits_are_one_item_each_and_large_ones_are_cut_between_row_groups(
    federate,
):
    planned = plan(federate(), SERVE, rows_per_item=250)
    assert [
        (item.silo.id, item.part, item.rows, item.row_groups) for item in planned
    ] == [
        ("nord", 0, 7, None),
        ("süd-東", 0, 200, (0, 1)),
        ("süd-東", 1, 200, (2, 3)),
        ("süd-東", 2, 100, (4,)),
        ("vest", 0, 90, None),
    ]


def test_predictions_go_below_their_own_silos_home_named_by_span_model_and_input(
    federate,
):
    manifest = federate()
    form = digests.of_json([1000, ["id"]])[:12]
    for item in plan(manifest, SERVE, 1000, ["id"]):
        name = f"feedbeeffeed-{manifest[item.silo.id].splits[SCORE].digest[:12]}-{form}"
        assert item.target == item.silo.path(f"predictions/7/{name}/part-00000.parquet")


def test_runs_with_another_cut_or_key_write_elsewhere(federate):
    manifest = federate()
    folders = {
        item.folder
        for rows, key in [(1000, ["id"]), (250, ["id"]), (1000, ["id", "day"])]
        for item in plan(manifest, SERVE, rows, key)
    }
    assert len(folders) == 3 * len(manifest.entries)


@pytest.mark.parametrize(
    ("span", "name"), [("", "all"), ("2013-11", "2013-11"), ("../x", "_x")]
)
def test_the_span_makes_a_plain_folder_name(federate, span, name):
    item = plan(federate(span=span), SERVE, 1000)[0]
    assert pathlib.Path(item.folder).parent.name == name


def test_silos_without_rows_have_no_item(federate):
    manifest = federate()
    first, *rest = manifest.entries
    empty = dataclasses.replace(first, splits={SCORE: Split()})
    broken = SiloEntry(first.silo, error=Finding("no file"))
    for entry in (empty, broken):
        planned = plan(Manifest("people", "7", (entry, *rest)), SERVE, 1000)
        assert {item.silo.id for item in planned} == {"süd-東", "vest"}


@pytest.mark.parametrize("content", [b"", b"no parquet", None])
def test_a_damaged_large_split_stays_one_item_which_then_fails_with_its_reason(
    federate, content
):
    manifest = federate()
    path = pathlib.Path(manifest["süd-東"].splits[SCORE].paths[0])
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    planned = [i for i in plan(manifest, SERVE, 250) if i.silo.id == "süd-東"]
    assert [(item.rows, item.row_groups) for item in planned] == [(500, None)]


def test_a_split_with_other_rows_than_the_manifest_says_is_not_cut(federate):
    manifest = federate()
    entry = manifest["süd-東"]
    split = entry.splits[SCORE]
    wrong = dataclasses.replace(
        entry, splits={SCORE: Split.of(split.paths[0], "d", 501)}
    )
    planned = plan(Manifest("people", "", (wrong,)), SERVE, 250)
    assert [item.row_groups for item in planned] == [None]


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(1, 60))
def test_the_cut_keeps_every_row_group_once_and_in_order(sizes, most):
    parts = list(items._pack(sizes, most))
    assert [group for part in parts for group in part] == list(range(len(sizes)))
    assert all(
        sum(sizes[group] for group in part) <= most or len(part) == 1 for part in parts
    )


def test_files_of_a_split_follow_each_other_in_one_folder(federate):
    entry = federate()["süd-東"]
    (file,) = entry.files(SCORE)
    small = dataclasses.replace(file, digest="other", rows=9)
    found = dataclasses.replace(entry, splits={SCORE: Split((small, file, small))})
    planned = plan(Manifest("people", "7", (found,)), SERVE, 250)
    assert [(item.part, item.first_row, item.rows) for item in planned] == [
        (0, 0, 9),
        (1, 9, 200),
        (2, 209, 200),
        (3, 409, 100),
        (4, 509, 9),
    ]
    assert len({item.folder for item in planned}) == 1
