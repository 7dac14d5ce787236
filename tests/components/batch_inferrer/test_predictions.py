import os
import pathlib
import resource
import shutil
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.batch_inferrer import predictions
from components.batch_inferrer.predictions import new_file, rows_done
from components.errors import SiloError
from components.payloads.silo import Silo
from components.silos import homes
from tests.support.at_once import age

SCHEMA = pa.schema([("id", pa.int64()), predictions.SCORE])


@pytest.fixture
def silo(tmp_path: pathlib.Path) -> Silo:
    return homes.open_home(tmp_path / "silos", "süd-東")


@pytest.fixture
def path(silo: Silo) -> pathlib.Path:
    return silo.path("predictions", "7", "m-i", "part-00000.parquet")


def rows(count: int) -> pa.RecordBatch:
    values = np.random.default_rng(0).random(count, np.float32)
    return pa.record_batch([np.arange(count), values], schema=SCHEMA)


def write(silo: Silo, path: pathlib.Path, count: int = 5, work: str = "w") -> None:
    with new_file(silo, path, SCHEMA, work) as add:
        add(rows(count))


def test_a_finished_file_holds_its_rows_and_says_which_work_it_is(silo, path):
    write(silo, path)
    assert pq.read_table(path).num_rows == 5
    assert rows_done(path, "w") == 5
    assert rows_done(path, "other") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_file_and_folders_belong_to_the_silos_user(silo, path):
    write(silo, path)
    owners = {place.stat().st_uid for place in silo.path("predictions").rglob("*")}
    assert owners == {homes.uid_of(silo)}
    assert homes.uid_of(silo) != 0


def test_a_file_that_is_missing_damaged_or_foreign_is_not_done(silo, path):
    assert rows_done(path, "w") is None
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 cut")
    assert rows_done(path, "w") is None
    pq.write_table(pa.table({"id": [1]}), path)
    assert rows_done(path, "w") is None


def test_a_failure_in_the_block_leaves_nothing_and_keeps_the_old_file(silo, path):
    write(silo, path)
    before = path.read_bytes()
    with (  # noqa: PT012  the block has to fail after a write
        pytest.raises(ZeroDivisionError),
        new_file(silo, path, SCHEMA, "new") as add,
    ):
        add(rows(9))
        raise ZeroDivisionError
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond 20 kB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_names_silo_file_and_way_out_and_leaves_nothing(
    silo, path, small_files
):
    with pytest.raises(SiloError) as caught:
        write(silo, path, count=50_000)
    assert str(caught.value) == (
        f"silo `süd-東`: {path}: found that it can't be written (File too large), "
        "expected room and the right to write predictions\n\nhint: free space on the "
        "silo's volume and run again; parts that are done stay"
    )
    assert list(path.parent.iterdir()) == []


def test_a_home_that_is_gone_is_not_made_again(silo, path):
    pathlib.Path(silo.home).rmdir()
    with pytest.raises(SiloError, match="found no folder, expected the silo's home"):
        write(silo, path)
    assert not pathlib.Path(silo.home).exists()


def test_a_home_that_goes_in_the_middle_of_a_file_is_an_error_of_its_silo(silo, path):
    with (  # noqa: PT012  the fault is that of the block's end
        pytest.raises(SiloError, match="No such file or directory"),
        new_file(silo, path, SCHEMA, "w") as add,
    ):
        add(rows(9))
        shutil.rmtree(silo.home)
    assert not pathlib.Path(silo.home).exists()


def test_a_link_out_of_the_home_is_not_followed(silo, path, tmp_path):
    silo.path("predictions").symlink_to(tmp_path)
    with pytest.raises(SiloError, match="a link that leads out of the silo's home"):
        write(silo, path)
    assert not (tmp_path / "7").exists()


def test_a_place_that_is_not_a_folder_names_the_way_out(silo, path):
    path.parent.parent.mkdir(parents=True)
    path.parent.write_bytes(b"")
    with pytest.raises(SiloError, match=r"can't be written \((File exists|Not a dir)"):
        write(silo, path)


def test_a_sweep_takes_what_killed_runs_left_and_nothing_else(silo, path):
    dead = path.parent / predictions.DEAD_LETTERS / path.name
    for file in (path, dead):
        write(silo, file)
        age(file, 100)
        for days in (7, 9):
            left = file.with_name(f".{file.name}.{days}.tmp")
            left.touch()
            age(left, days)
    predictions.sweep(path.parent.parent)
    found = {p.name for p in path.parent.rglob("*") if p.is_file()}
    assert found == {path.name, f".{path.name}.7.tmp"}
    assert len(list(dead.parent.iterdir())) == 2
