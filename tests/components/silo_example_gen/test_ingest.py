import errno
import pathlib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components import digests
from components.errors import SiloError
from components.silo_example_gen import conform, discovery, files, ingest, splits
from components.silos import homes, split_files
from components.silos.tasks import Failure
from tests.support import silos
from tests.support.at_once import age, at_once
from tests.support.silos import CANARY

SCHEMA = silos.schema().SerializeToString().hex()


@pytest.fixture
def silo(tmp_path):
    return homes.open_home(tmp_path / "homes", "north")


def arguments(history, following=(), code="code", **row):
    return {
        "rows": {"label": "late", "key": ["id"], "split_by": "day", **row},
        "schema": SCHEMA,
        "code": code,
        "history": listed(history),
        "following": listed(following),
    }


def listed(paths):
    return [(str(path), digests.of_file(path)) for path in paths]


@pytest.fixture
def run(silo):
    def run(history, following=(), code="code", **row):
        return ingest.ingest(silo, arguments(history, following, code, **row)).values

    return run


@pytest.fixture
def write(tmp_path):
    def write(name, table):
        return silos.write(tmp_path / "data", "north", name, table)

    return write


def contents(silo):
    return {
        path: path.read_bytes()
        for path in silo.path("splits").rglob("*")
        if path.is_file()
    }


def frame(values, split):
    found = paths(values, split)
    none = pd.DataFrame({"id": [], "late": []})
    return split_files.read(found).to_pandas() if found else none


def paths(values, split):
    return [file["path"] for file in values["splits"][split]["files"]]


def files_of(values):
    return [file for split in values["splits"].values() for file in split["files"]]


def num_rows(values, split):
    return sum(file["rows"] for file in values["splits"][split]["files"])


def test_each_row_goes_to_train_or_eval_by_its_day(run, write):
    table = silos.rows(130)
    values = run([write("a.parquet", table)])
    held_out = np.array([splits.held_out(day, 0.2) for day in table.day])
    assert 0 < held_out.sum() < len(table) / 2
    pd.testing.assert_frame_equal(
        frame(values, "train"), table[~held_out].reset_index(drop=True)
    )
    pd.testing.assert_frame_equal(
        frame(values, "eval"), table[held_out].reset_index(drop=True)
    )


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Return a function that gives a silo and a file of 160 rows, some without day."""
    root = tmp_path_factory.mktemp("choose")
    table = silos.rows(
        160, day=[f"2013-{i % 90}" if i % 40 else None for i in range(160)]
    )
    return homes.open_home(root, "north"), silos.write(
        root, "north", "a.parquet", table
    )


@settings(max_examples=25)
@given(st.integers(1, 99), st.integers(1, 98))
def test_rows_to_choose_by_are_taken_from_train_alone(places, evaluated, chosen):
    """Eval is as without them, and each row is in one split."""
    silo, path = places
    evaluated = min(evaluated, 99 - chosen)
    shares = {"eval_share": evaluated / 100}
    without = ingest.ingest(silo, arguments([path], **shares)).values
    shares["choose_share"] = chosen / 100
    values = ingest.ingest(silo, arguments([path], **shares)).values
    assert set(without["splits"]) == {"train", "eval", "score"}
    assert set(values["splits"]) == {"train", "choose", "eval", "score"}
    pd.testing.assert_frame_equal(frame(values, "eval"), frame(without, "eval"))
    both = pd.concat([frame(values, "train"), frame(values, "choose")])
    pd.testing.assert_frame_equal(
        both.sort_values("id").reset_index(drop=True),
        frame(without, "train").sort_values("id").reset_index(drop=True),
        check_dtype=False,  # no row to choose by has no type
    )
    table = pd.read_parquet(path).dropna()
    held_out = [
        splits.held_out(day, chosen / 100, evaluated / 100) for day in table.day
    ]
    assert set(table.id) & {*frame(values, "choose").id} == set(table.id[held_out])
    assert num_rows(values, "choose") == len(frame(values, "choose"))


def test_rows_without_a_label_and_of_the_span_after_choose_nothing(run, write):
    late = [None if i % 4 == 0 else float(i % 2) for i in range(60)]
    history, following = silos.rows(60, late=late), silos.rows(40, 1)
    paths = [write("1.parquet", history)], [write("2.parquet", following)]
    values = run(*paths, choose_share=0.5)
    chosen = set(frame(values, "choose").id)
    assert chosen
    assert chosen <= set(history.id[history.late.notna()])


def test_without_a_share_to_choose_by_the_splits_are_as_ever(run, write, silo):
    path = write("a.parquet", silos.rows(50))
    assert run([path], choose_share=0.0) == run([path])
    assert not list(silo.path("splits").rglob("choose*"))


def test_no_row_is_lost_or_doubled_across_files_and_formats(run, write):
    tables = [silos.rows(n, seed) for seed, n in enumerate([40, 1, 33])]
    names = ["a.parquet", "b.csv", "c.parquet"]
    values = run([write(n, t) for n, t in zip(names, tables, strict=True)])
    ids = sorted([*frame(values, "train").id, *frame(values, "eval").id])
    assert ids == sorted(pd.concat(tables).id)
    assert [item["rows"] for item in values["inputs"]] == [40, 1, 33]
    assert num_rows(values, "train") == len(frame(values, "train"))
    assert paths(values, "score") == []


def test_rows_without_a_label_are_scored_and_never_learned_from(run, write):
    table = silos.rows(
        60, late=[None if i % 4 == 0 else float(i % 2) for i in range(60)]
    )
    values = run([write("a.parquet", table)])
    unlabelled = set(table.id[table.late.isna()])
    assert set(frame(values, "score").id) == unlabelled
    assert "late" not in frame(values, "score")
    assert not unlabelled & {*frame(values, "train").id, *frame(values, "eval").id}


def test_the_span_after_is_scored_and_its_labels_are_kept_apart(run, write):
    history, following = silos.rows(50), silos.rows(20, 1)
    following.loc[:4, "late"] = None
    values = run([write("1.parquet", history)], [write("2.parquet", following)])
    assert list(frame(values, "score").id) == list(following.id)
    assert list(frame(values, "next").id) == list(following.id[5:])
    assert not set(following.id) & {*frame(values, "train").id}
    assert num_rows(values, "train") + num_rows(values, "eval") == 50


def test_a_silo_that_lacks_a_month_keeps_what_it_learns_from_apart(run, write):
    """It has no rows of 10, so both runs read 09 and 11, and not for the same."""
    september, november = (silos.rows(40, seed) for seed in (9, 11))
    paths = [write("09.parquet", september), write("11.parquet", november)]
    of_october, of_december = run(paths[:1], paths[1:]), run(paths)
    assert list(frame(of_october, "score").id) == list(november.id)
    learned = {split: frame(of_december, split) for split in ("train", "eval")}
    assert sorted(pd.concat(learned.values()).id) == sorted(
        [*september.id, *november.id]
    )
    assert "next" not in of_december["splits"]


def test_a_file_that_was_ingested_is_not_read_again_nor_are_its_splits_written(
    run, write, silo
):
    path = write("a.parquet", silos.rows(50))
    given = listed([path])
    first = run([path])
    written = [pathlib.Path(file["path"]) for file in files_of(first)]
    before = [path.stat() for path in written]
    path.unlink()
    again = ingest.ingest(silo, {**arguments([]), "history": given})
    assert again.values == first
    assert [path.stat() for path in written] == before
    for file in files_of(first):
        assert file["digest"] == digests.of_file(file["path"])


@pytest.mark.parametrize("change", ["data", "settings", "code"])
def test_changed_input_gives_other_files_and_leaves_the_old_ones(
    run, write, silo, change
):
    path = write("a.parquet", silos.rows(50))
    first = run([path])
    before = silos.snapshot(silo.path("splits"))
    if change == "data":
        path = write("a.parquet", silos.rows(50, 1))
    second = run(
        [path],
        code="other" if change == "code" else "code",
        **({"eval_share": 0.5} if change == "settings" else {}),
    )
    assert not {file["path"] for file in files_of(first)} & {
        file["path"] for file in files_of(second)
    }
    assert (first["inputs"] != second["inputs"]) == (change == "data")
    after = silos.snapshot(silo.path("splits"))
    del before[str(silo.path("splits"))]  # the folder's own time
    assert {name: after[name] for name in before} == before


def test_moved_data_and_moved_homes_keep_their_splits(write, tmp_path, silo):
    write("a.parquet", silos.rows(50))

    def run(silo, data):
        return ingest.ingest(silo, arguments([data / "north/a.parquet"])).values

    first = run(silo, tmp_path / "data")
    written = {path.stat().st_ino for path in silo.path("splits").rglob("*")}
    (tmp_path / "data").rename(tmp_path / "data 2")
    (tmp_path / "homes").rename(tmp_path / "homes 2")
    moved = homes.open_home(tmp_path / "homes 2", "north")
    again = run(moved, tmp_path / "data 2")
    assert {path.stat().st_ino for path in moved.path("splits").rglob("*")} == written
    for before, after in zip(files_of(first), files_of(again), strict=True):
        there = pathlib.Path(before["path"]).relative_to(silo.path())
        assert after == {**before, "path": str(moved.path(str(there)))}


@pytest.mark.parametrize("name", ["train.parquet", "splits.json"])
@pytest.mark.parametrize("damage", ["lost", "cut", "changed"])
def test_a_lost_or_damaged_split_is_written_again(run, write, silo, name, damage):
    path = write("a.parquet", silos.rows(50))
    first = run([path])
    before = contents(silo)
    (file,) = silo.path("splits").rglob(name)
    content = file.read_bytes()
    if damage == "lost":
        file.unlink()
    else:
        cut = content[:-9]
        file.write_bytes(cut if damage == "cut" else cut + bytes(9))
    assert run([path]) == first
    assert contents(silo) == before
    assert not [p for p in silo.path("splits").iterdir() if p.name.startswith(".")]


def test_two_runs_at_once_write_whole_and_equal_splits(tmp_path, write):
    given = arguments([write("a.parquet", silos.rows(50))])

    def run(number):
        silo = homes.open_home(tmp_path / str(number), "north")
        values = ingest.ingest(silo, given).values
        for file in files_of(values):
            assert file["digest"] == digests.of_file(file["path"])
        return values

    for number, (one, two) in enumerate(at_once(run, 15)):
        assert one == two
        (folder,) = (tmp_path / str(number) / "north/splits").iterdir()
        assert len(list(folder.iterdir())) == 1 + len(files_of(one))


def test_a_broken_file_is_named_and_the_others_are_read(run, write, tmp_path):
    good = write("a.parquet", silos.rows(50))
    empty = tmp_path / "empty.parquet"
    empty.touch()
    corrupt = tmp_path / "corrupt.csv"
    corrupt.write_text(f"a,b\n1,2\n{CANARY}\n")
    clash = write("clash.parquet", silos.rows(9, 1, weight=[CANARY] * 9))
    values = run([good, empty, corrupt, clash])
    again = "export what is named here again"
    size = corrupt.stat().st_size
    assert [tuple(told.values()) for told in values["unreadable"]] == [
        ("empty.parquet: found an empty file (0 bytes), expected a table", again),
        (
            f"corrupt.csv: found a corrupt file (ArrowInvalid, {size} bytes), "
            "expected a readable CSV file",
            again,
        ),
        (
            "clash.parquet: column `weight`: found other text in 9 of 9 values, "
            "expected numbers",
            conform.TYPE_HINT,
        ),
    ]
    assert num_rows(values, "train") + num_rows(values, "eval") == 50
    assert CANARY not in str(values)


def test_a_silo_without_a_readable_file_is_refused_with_each_reason(run, tmp_path):
    with pytest.raises(SiloError, match="found no file, expected at least one"):
        run([])
    (tmp_path / "a.csv").touch()
    with pytest.raises(SiloError) as caught:
        run([tmp_path / "a.csv"])
    assert caught.value.message == (
        "silo `north`: its folder: found nothing readable (a.csv: found an empty file "
        "(0 bytes), expected a table), expected at "
        "least one readable Parquet or CSV file for this span"
    )
    assert "export the silo's files again" in caught.value.hint


def test_a_file_that_the_system_does_not_give_now_is_read_by_the_next_run(
    run, silo, write, monkeypatch
):
    lost, good = write("a.parquet", silos.rows(9)), write("b.parquet", silos.rows(50))
    read = pathlib.Path.read_bytes

    def faulty(path):
        if path.name == "a.parquet":
            raise OSError(errno.EIO, CANARY)
        return read(path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", faulty)
    outcome = ingest.ingest(silo, arguments([lost, good]))
    assert outcome.missing == Failure(
        "silo `north`: a.parquet: Input/output error", ingest.STORAGE_HINT, True
    )
    (told,) = outcome.values["unreadable"]
    assert told["hint"] == ingest.STORAGE_HINT
    with pytest.raises(SiloError, match="nothing readable") as caught:
        ingest.ingest(silo, arguments([lost]))
    assert caught.value.is_temporary


@pytest.mark.parametrize(
    "fault", [MemoryError(CANARY), OSError(errno.EMFILE, CANARY)], ids=str
)
def test_what_the_system_refuses_is_no_damage_of_the_file(write, monkeypatch, fault):
    path = write("a.parquet", silos.rows(9))

    def refuse(*_, **__):
        raise fault

    monkeypatch.setattr(pq, "ParquetFile", refuse)
    with pytest.raises(type(fault)):
        files.read("north", path)


def test_a_silo_without_the_column_to_split_by_is_refused(run, write):
    path = write("a.parquet", silos.rows(20, day=None))
    with pytest.raises(SiloError) as caught:
        run([path])
    assert caught.value.message == (
        "silo `north`: all files: found no column `day`, expected the column that "
        "sends rows to train or eval"
    )
    assert caught.value.hint == "export the column, or change rows.split_by (day)"


def test_a_column_to_split_by_in_another_case_is_named(run, write):
    paths = [
        write(f"{n}.csv", silos.rows(20, n).rename(columns={"day": "Day"}))
        for n in range(2)
    ]
    with pytest.raises(SiloError) as caught:
        run(paths)
    assert caught.value.found == (
        "no column `day`; column `Day`: not read, as the schema writes it `day`"
    )


@pytest.mark.parametrize("number", [0, 1])
def test_a_silo_with_one_row_or_none_has_splits_all_the_same(run, write, number):
    values = run([write("a.parquet", silos.rows(number))])
    assert num_rows(values, "train") + num_rows(values, "eval") == number
    assert set(values["splits"]) == {"train", "eval", "score"}


def test_a_silo_whose_label_is_not_there_is_left_to_the_checks(run, write):
    values = run([write("a.parquet", silos.rows(40, late=None))])
    assert num_rows(values, "train") > 0
    assert "late" not in frame(values, "train")


def test_a_folder_that_has_gone_is_refused(silo, tmp_path):
    with pytest.raises(SiloError) as caught:
        discovery.list_files(silo, {"folder": str(tmp_path / "gone"), "pattern": "*"})
    assert caught.value.message == (
        "silo `north`: its folder: found a folder that can't be read (No such file "
        "or directory), expected one that FairSilo may list and read"
    )
    assert caught.value.hint == "give FairSilo the right to list and read the folder"


def test_a_file_name_that_is_not_utf_8_is_refused(silo, tmp_path):
    (tmp_path / "caf\udce9.csv").write_text("a\n1\n")
    with pytest.raises(SiloError, match="found a file whose name is not UTF-8"):
        discovery.list_files(silo, {"folder": str(tmp_path), "pattern": "*"})


def test_columns_outside_the_schema_are_noted_and_not_written(run, write):
    table = silos.rows(50).assign(deep=[[1]] * 50, more=[{"a": [{"b": "c"}]}] * 50)
    values = run([write("a.parquet", table)])
    assert [note["sentence"] for note in values["notes"]] == [
        "column `deep`: not in the schema, so it is not read",
        "column `more`: not in the schema, so it is not read",
    ]
    assert list(frame(values, "train").columns) == list(silos.rows(1).columns)


def test_each_file_has_splits_of_its_own_which_later_spans_list_again(run, write, silo):
    paths = [write(f"{n}.parquet", silos.rows(40, n)) for n in range(3)]
    first = run(paths[:2])
    before = contents(silo)
    second = run(paths)
    assert contents(silo).items() > before.items()
    for split in ("train", "eval"):
        files = second["splits"][split]["files"]
        assert files[:-1] == first["splits"][split]["files"]
    learned = pd.concat([frame(second, "train"), frame(second, "eval")])
    assert sorted(learned.id) == sorted(pd.concat(map(pd.read_parquet, paths)).id)


def test_a_column_that_one_file_does_not_have_is_missing_in_its_rows(run, write):
    whole = write("a.parquet", silos.rows(40))
    without = write("b.parquet", silos.rows(40, 1, weight=None, late=None))
    values = run([without, whole])
    assert set(frame(values, "train").id) <= set(silos.rows(40).id)
    assert list(frame(values, "score").id) == list(silos.rows(40, 1).id)
    assert frame(values, "score").weight.isna().all()
    assert [item["rows"] for item in values["inputs"]] == [40, 40]


def test_a_file_that_changed_since_it_was_listed_is_read_by_the_next_run(silo, write):
    path = write("a.parquet", silos.rows(40))
    given = arguments([path, write("b.parquet", silos.rows(9, 1))])
    write("a.parquet", silos.rows(40, 2))
    outcome = ingest.ingest(silo, given)
    assert outcome.missing.is_temporary
    assert outcome.missing.reason.endswith("a.parquet: changed since the run began")
    assert len(outcome.values["inputs"]) == 1


@pytest.mark.parametrize(
    ("score", "roles", "not_scored"),
    [
        ("all", 1, ["2.csv"]),
        ("following_span", 2, ["3.csv"]),
        ("unlabelled", 2, ["2.csv", "3.csv"]),  # as when a span is only scored
    ],
)
def test_files_whose_rows_are_not_scored_are_told_apart(
    run, write, score, roles, not_scored
):
    good, late = write("1.csv", silos.rows(50)), write("4.csv", silos.rows(9, 3))
    broken = [write(f"{n}.csv", silos.rows(9, 1, weight="1,5")) for n in (2, 3)]
    values = run(*[[good, broken[0]], [late, broken[1]]][:roles], score=score)
    assert [
        told["sentence"].split(":")[0] for told in values["unreadable_to_score"]
    ] == not_scored
    assert values["unreadable"][0]["sentence"] == (
        "2.csv: column `weight`: found numbers with a decimal comma in 9 of 9 values, "
        "expected numbers"
    )


def test_splits_that_no_run_has_used_for_days_are_removed_and_counted(run, write, silo):
    used, unused = (write(f"{n}.parquet", silos.rows(40, n)) for n in range(2))
    run([used, unused])
    for folder in silo.path("splits").iterdir():
        age(folder, 9)
    killed = [silo.path("splits", f".{when}") for when in ("old", "fresh")]
    for path in killed:
        path.mkdir()
        (path / "train.parquet").write_bytes(b"PAR1 cut")
    age(killed[0], 9)
    assert run([used])["removed"] == 1
    assert [path.exists() for path in killed] == [False, True]
    assert run([used, unused])["removed"] == 0, "and are written again where needed"


def test_a_file_that_may_not_be_read_is_listed_and_told_of_when_it_is_read(
    silo, write, monkeypatch
):
    paths = [write(f"{n}.csv", silos.rows(20, n)) for n in range(2)]
    given, opened = arguments(paths), pathlib.Path.open

    def refuse(path, *rest, **options):
        if path.name == "0.csv":
            raise PermissionError(13, "Permission denied", CANARY)
        return opened(path, *rest, **options)

    monkeypatch.setattr(pathlib.Path, "open", refuse)
    folder = {"folder": str(paths[0].parent), "pattern": "*"}
    listed = discovery.list_files(silo, folder).values["files"]
    assert listed[0]["digest"] == "unreadable: Permission denied"
    given["history"][0] = (listed[0]["path"], listed[0]["digest"])
    outcome = ingest.ingest(silo, given)
    told = {"sentence": "0.csv: Permission denied", "hint": ingest.RIGHTS_HINT}
    assert outcome.values["unreadable"] == (told,)
    assert outcome.missing is None, "the next run will have another key"
