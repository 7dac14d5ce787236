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
from components.batch_inferrer.inputs import InputFile
from components.batch_inferrer.items import WorkItem
from components.batch_inferrer.predictions import Table, done, save
from components.errors import SiloError
from components.payloads import predictions as published
from components.payloads.predictions import Part, Predictions
from components.payloads.silo import Silo
from components.scoring.served import Served
from components.silos import homes
from tests.support.at_once import age

SCHEMA = pa.schema([("id", pa.int64()), predictions.SCORE])


@pytest.fixture
def silo(tmp_path: pathlib.Path) -> Silo:
    return homes.open_home(tmp_path / "silos", "süd-東")


@pytest.fixture
def item(silo: Silo) -> WorkItem:
    folder = str(silo.path("predictions", "span=7"))
    file = InputFile(f"{silo.home}/score.parquet", "t", 5)
    return WorkItem(silo, file, 5, None, 0, folder, "f", Served("base", "d"))


def data(item: WorkItem, count: int = 5, work: str = "") -> pa.Buffer:
    table = Table(SCHEMA, work or item.work)
    values = np.random.default_rng(0).random(count, np.float32)
    table.write([pa.array(np.arange(count)), pa.array(values)])
    assert table.rows == count
    return table.finish()


def write(item: WorkItem, count: int = 5, work: str = "") -> bool:
    return save(item, item.target, data(item, count, work))


def files(item: WorkItem) -> set[str]:
    found = pathlib.Path(item.folder).rglob("*")
    return {path.name for path in found if path.is_file()}


def test_a_finished_file_holds_its_rows_and_says_which_work_it_is(item):
    assert done(item) is None
    assert write(item)
    assert pq.ParquetFile(item.target).read().num_rows == 5
    found = done(item)
    assert found is not None
    assert (found.rows, found.dead_letters, found.input) == (5, 0, "score.parquet")


def test_the_first_to_write_a_file_wins(item):
    assert write(item)
    before = pathlib.Path(item.target).read_bytes()
    assert not write(item, count=9)
    assert pathlib.Path(item.target).read_bytes() == before
    assert files(item) == {item.name}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_file_and_folders_belong_to_the_silos_user(silo, item):
    write(item)
    predictions.publish(silo, item.folder, Predictions(silo.id, "7", "m"))
    owners = {place.stat().st_uid for place in silo.path("predictions").rglob("*")}
    assert owners == {homes.uid_of(silo)}
    assert homes.uid_of(silo) != 0


def test_a_file_that_is_damaged_or_foreign_is_not_done(item):
    path = pathlib.Path(item.target)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PAR1 cut")
    assert done(item) is None
    pq.write_table(pa.table({"id": [1]}), path)
    assert done(item) is None
    path.unlink()
    write(item, work="other")
    assert done(item) is None
    path.unlink()
    write(item, count=4)  # a row is neither scored nor a dead letter
    assert done(item) is None


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file of this process grow beyond 20 kB, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_no_room_names_silo_file_and_way_out_and_leaves_nothing(item, small_files):
    with pytest.raises(SiloError) as caught:
        write(item, count=50_000)
    assert str(caught.value) == (
        f"silo `süd-東`: {item.target}: found that it can't be written (File too "
        "large), expected room and the right to write predictions\n\nhint: free space "
        "on the silo's volume and run again; parts that are done stay"
    )
    assert files(item) == set()


def test_a_home_that_is_gone_is_not_made_again(silo, item):
    pathlib.Path(silo.home).rmdir()
    with pytest.raises(SiloError, match="found no folder, expected the silo's home"):
        write(item)
    assert not pathlib.Path(silo.home).exists()


def test_a_home_that_goes_while_a_file_is_made_is_an_error_of_its_silo(silo, item):
    made = data(item)
    shutil.rmtree(silo.home)
    with pytest.raises(SiloError, match="found no folder, expected the silo's home"):
        save(item, item.target, made)
    assert not pathlib.Path(silo.home).exists()


def test_a_link_out_of_the_home_is_not_followed(silo, item, tmp_path):
    silo.path("predictions").symlink_to(tmp_path)
    with pytest.raises(SiloError, match="a link that leads out of the silo's home"):
        write(item)
    assert not (tmp_path / "span=7").exists()


def test_a_place_that_is_not_a_folder_names_the_way_out(item):
    place = pathlib.Path(item.folder)
    place.parent.mkdir(parents=True)
    place.write_bytes(b"")
    with pytest.raises(SiloError, match=r"can't be written \((File exists|Not a dir)"):
        write(item)


def test_a_sweep_takes_what_killed_runs_left_and_nothing_else(item):
    write(item)
    save(item, item.dead_letters, data(item))
    kept = done(item)
    assert kept is not None
    folders = [pathlib.Path(path).parent for path in (item.target, item.dead_letters)]
    for folder in folders:
        age(folder / item.name, 100)
        for name in (".left.tmp", "unlisted.parquet"):
            for days in (7, 9):
                left = folder / name.replace(".", f".{days}.", 1)
                left.touch()
                age(left, days)
    predictions.sweep(item.folder, [Predictions("s", "7", "m", parts=(kept,))])
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == {
            item.name,
            ".7.left.tmp",
            "unlisted.7.parquet",
        }


def test_the_pointer_takes_the_place_of_the_one_before_in_one_step(silo, item):
    for rows in (5, 6):
        part = Part(item.name, "score.parquet", "t", rows, 0, 1, "d")
        found = Predictions(silo.id, "7", "m", parts=(part,))
        predictions.publish(silo, item.folder, found)
        assert published.read(item.folder) == found
        assert files(item) == {"_predictions.json"}
    assert published.missing(item.folder, found) == [part]
