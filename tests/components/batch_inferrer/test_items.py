import dataclasses
import itertools
import pathlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from components.batch_inferrer import items
from components.batch_inferrer.inputs import InputFile
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.plan import plan
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.findings import Finding
from components.payloads.manifest import SCORE, Manifest, SiloEntry, Split
from tests.components.batch_inferrer.cases import by_base, table

SERVE = by_base("feedbeef" * 8)
JOB = Job("/model", "feedbeef" * 8, ("id",), 64)


def planned(
    manifest: Manifest, rows_per_item: int = 1000, job: Job = JOB
) -> list[WorkItem]:
    settings = InferenceSettings(rows_per_item=rows_per_item)
    found = plan(manifest, SERVE, job, settings)
    assert not [one for one in found if one.failure or one.carried]
    return [item for one in found for item in one.items]


def test_small_splits_are_one_item_each_and_large_ones_are_cut_between_row_groups(
    federate,
):
    assert [
        (item.silo.id, item.first_row, item.rows, item.row_groups)
        for item in planned(federate(), 250)
    ] == [
        ("nord", 0, 7, None),
        ("süd-東", 0, 200, (0, 1)),
        ("süd-東", 200, 200, (2, 3)),
        ("süd-東", 400, 100, (4,)),
        ("vest", 0, 90, None),
    ]


def test_predictions_go_below_their_own_silos_home_named_by_span_and_work(federate):
    manifest = federate()
    for item in planned(manifest, 250):
        folder = item.silo.path("predictions", "span=7", "parts")
        assert pathlib.Path(item.target).parent == folder
        assert item.name == f"{item.work[:32]}.parquet"
    names = [item.name for item in planned(manifest, 250)]
    assert len(set(names)) == len(names)
    assert [item.name for item in planned(manifest, 250)] == names


@pytest.mark.parametrize(
    "change",
    [{"key": ("id", "day")}, {"batch_rows": 9}, {"code": "new"}, {"again": "x"}],
)
def test_other_work_has_another_name(federate, change):
    manifest = federate()
    names = {item.name for item in planned(manifest)}
    others = planned(manifest, job=dataclasses.replace(JOB, **change))
    assert len(names | {item.name for item in others}) == 2 * len(names)


def test_equal_files_of_two_silos_are_written_apart(federate):
    rows = table(9, 1)
    one, two = planned(federate({"nord": rows, "vest": rows}))
    assert one.name == two.name
    assert one.target != two.target


@pytest.mark.parametrize(
    ("span", "name"),
    [("", "span=all"), ("2013-11", "span=2013-11"), ("../x", "span=_x")],
)
def test_the_span_makes_a_plain_folder_name(federate, span, name):
    item = planned(federate(span=span))[0]
    assert pathlib.Path(item.folder).name == name


def test_silos_without_rows_have_no_item(federate):
    manifest = federate()
    first, *rest = manifest.entries
    empty = dataclasses.replace(first, splits={SCORE: Split()})
    broken = SiloEntry(first.silo, error=Finding("no file"))
    for entry in (empty, broken):
        found = planned(Manifest("people", "7", (entry, *rest)))
        assert {item.silo.id for item in found} == {"süd-東", "vest"}


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
    found = [item for item in planned(manifest, 250) if item.silo.id == "süd-東"]
    assert [(item.rows, item.row_groups) for item in found] == [(500, None)]


def test_a_split_with_other_rows_than_the_manifest_says_is_not_cut(federate):
    manifest = federate()
    entry = manifest["süd-東"]
    split = entry.splits[SCORE]
    wrong = dataclasses.replace(
        entry, splits={SCORE: Split.of(split.paths[0], "d", 501)}
    )
    found = planned(Manifest("people", "", (wrong,)), 250)
    assert [item.row_groups for item in found] == [None]


def test_the_rows_of_each_file_are_numbered_from_its_own_beginning(federate, tmp_path):
    entry = federate()["süd-東"]
    (file,) = entry.files(SCORE)
    small = dataclasses.replace(file, path=f"{entry.silo.home}/a", digest="a", rows=9)
    found = dataclasses.replace(entry, splits={SCORE: Split((small, file))})
    assert [
        (item.first_row, item.rows)
        for item in planned(Manifest("people", "7", (found,)), 250)
    ] == [(0, 9), (0, 200), (200, 200), (400, 100)]


SIZES = st.lists(st.integers(0, 50), min_size=1)


@given(SIZES, st.integers(1, 60), st.booleans())
def test_the_cut_keeps_every_row_group_once_and_in_order(sizes, most, is_known):
    file = InputFile("/f", "t", sum(sizes) if is_known else -1)
    parts = list(items.cut(file, sizes, most))
    row = 0
    for groups, first, rows in parts:
        own = sizes if groups is None else [sizes[group] for group in groups]
        assert (first, rows) == (row, sum(own))
        assert rows <= most or len(own) == 1
        row += rows
    assert row == sum(sizes)
    if parts[0][0] is not None:
        kept = [group for groups, _, _ in parts for group in groups]
        assert kept == list(range(len(sizes)))


COSTS = st.lists(st.floats(0.0, 100.0), min_size=1, max_size=7)


@given(COSTS, st.integers(1, 3))
@example([3.0, 3.0, 2.0, 2.0, 2.0], 2)  # where the rule is 7/6 of the best
def test_shards_hold_each_item_once_and_are_nearly_as_even_as_can_be(costs, number):
    found = items.shards(costs, number)
    assert sorted(one for shard in found for one in shard) == list(range(len(costs)))
    assert all(shard == sorted(shard) and shard for shard in found)
    assert len(found) == min(number, len(costs))
    best = min(
        max(
            sum(cost for cost, at in zip(costs, places, strict=True) if at == shard)
            for shard in range(number)
        )
        for places in itertools.product(range(number), repeat=len(costs))
    )
    largest = max(sum(costs[one] for one in shard) for shard in found)
    bound = 4 / 3 - 1 / (3 * number)
    assert largest <= best * bound + 1e-9
