import errno
import pathlib
import stat

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from components import digests
from components.errors import SiloError
from components.silo_example_gen import conform, files, ingest, splits
from components.silos import homes
from components.silos.tasks import Failure
from tests.support import silos
from tests.support.at_once import age, at_once
from tests.support.silos import CANARY

SCHEMA = silos.schema().SerializeToString().hex()


@pytest.fixture
def silo(tmp_path):
    return homes.open_home(tmp_path / "homes", "north")


@pytest.fixture
def run(tmp_path, silo):
    def run(history, following=(), code="code", **row):
        pattern = "{silo}/{span}.*" if row.pop("spans", False) else "{silo}/*"
        source = silos.source(tmp_path / "data", pattern, **row)
        arguments = {
            "source": source.model_dump(mode="json"),
            "schema": SCHEMA,
            "code": code,
            "history": [str(path) for path in history],
            "following": [str(path) for path in following],
        }
        return ingest.ingest(silo, arguments).values

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
    return pd.read_parquet(values["splits"][split]["path"])


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


def test_no_row_is_lost_or_doubled_across_files_and_formats(run, write):
    tables = [silos.rows(n, seed) for seed, n in enumerate([40, 1, 33])]
    names = ["a.parquet", "b.csv", "c.parquet"]
    values = run([write(n, t) for n, t in zip(names, tables, strict=True)])
    ids = sorted([*frame(values, "train").id, *frame(values, "eval").id])
    assert ids == sorted(pd.concat(tables).id)
    assert [item["rows"] for item in values["inputs"]] == [40, 1, 33]
    assert {name: split["rows"] for name, split in values["splits"].items()} == {
        "train": len(frame(values, "train")),
        "eval": len(frame(values, "eval")),
        "score": 0,
    }


def test_rows_without_a_label_are_scored_and_never_learned_from(run, write):
    table = silos.rows(
        60, late=[None if i % 4 == 0 else float(i % 2) for i in range(60)]
    )
    values = run([write("a.parquet", table)])
    unlabelled = set(table.id[table.late.isna()])
    assert set(frame(values, "score").id) == unlabelled
    assert "late" not in frame(values, "score")
    assert not unlabelled & {*frame(values, "train").id, *frame(values, "eval").id}


def test_a_label_that_is_empty_counts_as_none(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,day,late\na,1,no\nb,1,yes\nc,2,\n")
    values = run([path], label_values=["no", "yes"])
    assert list(frame(values, "score").id) == ["c"]
    labelled = pd.concat([frame(values, "train"), frame(values, "eval")])
    assert dict(zip(labelled.id, labelled.late, strict=True)) == {"a": 0, "b": 1}


def test_a_label_of_nan_in_parquet_counts_as_none(run, tmp_path):
    import pyarrow as pa

    path = tmp_path / "a.parquet"
    late = pa.array(np.array([0.0, 1.0, np.nan]))  # not null: a NaN
    pq.write_table(pa.table({"id": [*"abc"], "day": [*"112"], "late": late}), path)
    assert list(frame(run([path]), "score").id) == ["c"]


def test_all_rows_are_scored_when_the_settings_say_so(run, write):
    values = run([write("a.parquet", silos.rows(30))], score="all")
    assert values["splits"]["score"]["rows"] == 30


def test_the_span_after_is_scored_and_its_labels_are_kept_apart(run, write):
    history, following = silos.rows(50), silos.rows(20, 1)
    following.loc[:4, "late"] = None
    values = run([write("1.parquet", history)], [write("2.parquet", following)])
    assert list(frame(values, "score").id) == list(following.id)
    assert list(frame(values, "next").id) == list(following.id[5:])
    assert not set(following.id) & {*frame(values, "train").id}
    assert values["splits"]["train"]["rows"] + values["splits"]["eval"]["rows"] == 50


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


def test_the_input_is_only_read(run, write, tmp_path):
    paths = [write("a.parquet", silos.rows(50)), write("b.csv", silos.rows(20, 1))]
    for path in paths:
        path.chmod(0o400)
    before = silos.snapshot(tmp_path / "data")
    run(paths)
    assert silos.snapshot(tmp_path / "data") == before


def test_unchanged_input_gives_the_same_files_which_are_never_written_again(
    run, write, silo
):
    path = write("a.parquet", silos.rows(50))
    first = run([path])
    before = silos.snapshot(silo.path())
    assert run([path]) == first
    assert silos.snapshot(silo.path()) == before
    for split in first["splits"].values():
        assert split["digest"] == digests.of_file(split["path"])


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
    assert not {s["path"] for s in first["splits"].values()} & {
        s["path"] for s in second["splits"].values()
    }
    assert (first["inputs"] != second["inputs"]) == (change == "data")
    after = silos.snapshot(silo.path("splits"))
    del before[str(silo.path("splits"))]  # the folder's own time
    assert {name: after[name] for name in before} == before


def test_the_same_rows_give_the_same_bytes_in_another_home(run, write, tmp_path, silo):
    path = write("a.parquet", silos.rows(50))
    first = run([path])["splits"]
    for file in sorted(silo.path().rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    again = run([path])["splits"]
    assert again == first


def test_moved_data_and_moved_homes_keep_their_splits(write, tmp_path, silo):
    write("a.parquet", silos.rows(50))

    def run(silo, data):
        arguments = {
            "source": silos.source(data).model_dump(mode="json"),
            "schema": SCHEMA,
            "code": "code",
            "history": [str(data / "north/a.parquet")],
            "following": [],
        }
        return ingest.ingest(silo, arguments).values["splits"]

    first = run(silo, tmp_path / "data")
    written = {path.stat().st_ino for path in silo.path().rglob("*")}
    (tmp_path / "data").rename(tmp_path / "data 2")
    (tmp_path / "homes").rename(tmp_path / "homes 2")
    moved = homes.open_home(tmp_path / "homes 2", "north")
    again = run(moved, tmp_path / "data 2")
    assert {path.stat().st_ino for path in moved.path().rglob("*")} == written
    for name, split in again.items():
        there = pathlib.Path(first[name]["path"]).relative_to(silo.path())
        assert split == {**first[name], "path": str(moved.path(str(there)))}


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
    source = silos.source(tmp_path / "data")
    paths = [str(write("a.parquet", silos.rows(50)))]
    arguments = {
        "source": source.model_dump(mode="json"),
        "schema": SCHEMA,
        "code": "code",
        "history": paths,
        "following": [],
    }

    def run(number):
        silo = homes.open_home(tmp_path / str(number), "north")
        values = ingest.ingest(silo, arguments).values
        for split in values["splits"].values():
            assert split["digest"] == digests.of_file(split["path"])
        return values

    for number, (one, two) in enumerate(at_once(run, 15)):
        assert one == two
        (folder,) = (tmp_path / str(number) / "north/splits").iterdir()
        assert len(list(folder.iterdir())) == 1 + len(one["splits"])


def test_what_killed_runs_left_goes_with_time_and_does_no_harm(run, write, silo):
    left = [silo.path("splits", f".{age}") for age in ("old", "fresh")]
    for path in left:
        path.mkdir(parents=True)
        (path / "train.parquet").write_bytes(b"PAR1 cut")
    age(left[0], 9)
    run([write("a.parquet", silos.rows(50))])
    assert [path.exists() for path in left] == [False, True]


def test_splits_belong_to_the_silos_user(run, write, silo):
    values = run([write("a.parquet", silos.rows(50))])
    for split in values["splits"].values():
        assert pathlib.Path(split["path"]).stat().st_uid == homes.uid_of(silo)
    assert stat.S_IMODE(silo.path().stat().st_mode) == 0o700


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
            conform.MEND,
        ),
    ]
    assert values["splits"]["train"]["rows"] + values["splits"]["eval"]["rows"] == 50
    assert CANARY not in str(values)


def test_a_silo_without_a_readable_file_is_refused_with_each_reason(run, tmp_path):
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
    read = files.read

    def faulty(silo, path, null_values):
        if path.name == "a.parquet":
            raise OSError(errno.EIO, CANARY)
        return read(silo, path, null_values)

    monkeypatch.setattr(files, "read", faulty)
    arguments = {
        "source": silos.source(good.parent).model_dump(mode="json"),
        "schema": SCHEMA,
        "code": "code",
        "history": [str(lost), str(good)],
        "following": [],
    }
    outcome = ingest.ingest(silo, arguments)
    assert outcome.lacking == Failure(
        "silo `north`: a.parquet: Input/output error", ingest.STORAGE, True
    )
    (told,) = outcome.values["unreadable"]
    assert told["hint"] == ingest.STORAGE
    with pytest.raises(SiloError, match="nothing readable") as caught:
        ingest.ingest(silo, {**arguments, "history": [str(lost)]})
    assert caught.value.circumstance


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


def test_a_silo_without_any_file_is_refused(run):
    with pytest.raises(SiloError, match="found no file, expected at least one"):
        run([])


def test_a_silo_without_the_column_to_split_by_is_refused(run, write):
    path = write("a.parquet", silos.rows(20, day=None))
    with pytest.raises(SiloError) as caught:
        run([path])
    assert caught.value.message == (
        "silo `north`: all files: found no column `day`, expected the column that "
        "sends rows to train or eval"
    )
    assert caught.value.hint == "export the column, or change rows.split_by (day)"


@pytest.mark.parametrize("number", [0, 1])
def test_a_silo_with_one_row_or_none_has_splits_all_the_same(run, write, number):
    values = run([write("a.parquet", silos.rows(number))])
    rows = {name: split["rows"] for name, split in values["splits"].items()}
    assert rows["train"] + rows["eval"] == number
    assert list(frame(values, "train").columns) == list(silos.rows(1).columns)


def test_a_silo_whose_label_is_not_there_is_left_to_the_checks(run, write):
    values = run([write("a.parquet", silos.rows(40, late=None))])
    assert values["splits"]["train"]["rows"] > 0
    assert "late" not in frame(values, "train")


def test_a_fingerprint_lists_files_with_their_digests(silo, write, tmp_path):
    paths = [write(name, silos.rows(5)) for name in ("1.csv", "10.csv")]
    arguments = {"folder": str(tmp_path / "data/north"), "pattern": "{span}.csv"}
    assert ingest.fingerprint(silo, arguments).values == {
        "files": [
            {"span": span, "path": str(path), "digest": digests.of_file(path)}
            for span, path in zip(["1", "10"], paths, strict=True)
        ],
        "passed_over": [],
    }


def test_a_folder_that_has_gone_is_refused(silo, tmp_path):
    with pytest.raises(SiloError) as caught:
        ingest.fingerprint(silo, {"folder": str(tmp_path / "gone"), "pattern": "*"})
    assert caught.value.message == (
        "silo `north`: its folder: found a folder that can't be read (No such file "
        "or directory), expected one that FairSilo may list and read"
    )
    assert caught.value.hint == "give FairSilo the right to list and read the folder"


def test_a_file_name_that_is_not_utf_8_is_refused(silo, tmp_path):
    (tmp_path / "caf\udce9.csv").write_text("a\n1\n")
    with pytest.raises(SiloError, match="found a file whose name is not UTF-8"):
        ingest.fingerprint(silo, {"folder": str(tmp_path), "pattern": "*"})


@pytest.mark.parametrize(
    ("score", "unscored"), [("all", ["2.csv"]), ("following_span", ["3.csv"])]
)
def test_files_whose_rows_are_not_scored_are_told_apart(run, write, score, unscored):
    good, late = write("1.csv", silos.rows(50)), write("4.csv", silos.rows(9, 3))
    broken = [write(f"{n}.csv", silos.rows(9, 1, weight="1,5")) for n in (2, 3)]
    if score == "all":
        values = run([good, broken[0]], score=score)
    else:
        # Only settings with spans may ask for it; the task takes what it is given.
        values = run([good, broken[0]], [late, broken[1]], score=score, spans=True)
    assert [told["sentence"].split(":")[0] for told in values["unscored"]] == unscored
    sentences = [told["sentence"] for told in values["unreadable"]]
    assert sentences[0] == (
        "2.csv: column `weight`: found numbers with a decimal comma in 9 of 9 values, "
        "expected numbers"
    )


def test_columns_outside_the_schema_are_noted_and_not_written(run, write):
    table = silos.rows(50).assign(deep=[[1]] * 50, more="x")
    values = run([write("a.parquet", table)])
    assert [note["sentence"] for note in values["notes"]] == [
        "column `deep`: not in the schema, so it is not read",
        "column `more`: not in the schema, so it is not read",
    ]
    assert list(frame(values, "train").columns) == list(silos.rows(1).columns)


def test_a_new_column_moves_no_row_between_train_and_eval(run, write):
    table = silos.rows(90)
    before = run([write("a.parquet", table)], split_by=(), key=("id",))
    more = table.assign(size=1, weight=None)
    after = run([write("a.parquet", more)], split_by=(), key=("id",))
    assert list(frame(before, "eval").id) == list(frame(after, "eval").id)
