import json
import pathlib
import secrets
import shutil
import subprocess
import sys

import pytest

from components.silo_example_gen import generation


@pytest.fixture
def split_files(tmp_path):
    found = [tmp_path / name for name in ("train", "eval")]
    for path in found:
        path.write_text("rows")
    return found


def test_whole_splits_keep_their_generation(tmp_path, split_files):
    first = generation.current(tmp_path, "f")
    generation.record(tmp_path, "f", map(str, split_files))
    assert generation.current(tmp_path, "f") == first
    assert generation.current(tmp_path, "f") == first


@pytest.mark.parametrize(
    "lose", [pathlib.Path.unlink, lambda path: path.write_text("")]
)
def test_a_split_that_is_gone_or_cut_raises_the_generation_once(
    tmp_path, split_files, lose
):
    first = generation.current(tmp_path, "f")
    generation.record(tmp_path, "f", map(str, split_files))
    lose(split_files[0])
    assert generation.current(tmp_path, "f") == first + 1
    assert generation.current(tmp_path, "f") == first + 1
    split_files[0].write_text("rows")
    generation.record(tmp_path, "f", map(str, split_files))
    assert generation.current(tmp_path, "f") == first + 1
    lose(split_files[1])
    assert generation.current(tmp_path, "f") == first + 2


def test_a_generation_does_not_come_again_when_its_record_is_gone(
    tmp_path, split_files
):
    known = set()
    for _ in range(3):
        known.add(generation.current(tmp_path, "f"))
        generation.record(tmp_path, "f", map(str, split_files))
        shutil.rmtree(tmp_path / generation.FOLDER)
    assert len(known) == 3


def test_a_generation_fits_into_the_integers_of_mysql(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "randbits", lambda bits: 2**bits - 1)
    assert generation.current(tmp_path, "f") < 2**31 - 1_000_000


def test_a_record_of_an_earlier_version_is_not_trusted(tmp_path, split_files):
    generation.record(tmp_path, "f", map(str, split_files))
    path = tmp_path / generation.FOLDER / "f.json"
    path.write_text(json.dumps({"generation": 3, "paths": []}))
    assert generation.current(tmp_path, "f") == 4


def test_another_fingerprint_is_not_concerned(tmp_path, split_files):
    generation.record(tmp_path, "f", [str(split_files[0])])
    generation.record(tmp_path, "g", [str(split_files[1])])
    before = generation.current(tmp_path, "g")
    split_files[0].unlink()
    assert generation.current(tmp_path, "g") == before


def test_the_record_is_written_whole_or_not_at_all(tmp_path, split_files):
    generation.record(tmp_path, "f", map(str, split_files))
    folder = tmp_path / generation.FOLDER
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["f.json", generation.LOCK]
    assert json.loads((folder / "f.json").read_text()) == {
        "generation": generation.current(tmp_path, "f"),
        "sizes": {str(path): 4 for path in split_files},
    }


LOSES = """
import sys
from components.silo_example_gen import generation
for _ in range(200):
    generation.record(sys.argv[1], "f", ["/no/such/split"])
"""


def test_two_runs_at_once_lose_no_raised_generation(tmp_path):
    before = generation.current(tmp_path, "f")
    repository = pathlib.Path(__file__).parents[3]
    command = [sys.executable, "-c", LOSES, str(tmp_path)]
    runs = [subprocess.Popen(command, cwd=repository) for _ in range(2)]
    assert [run.wait(120) for run in runs] == [0, 0]
    assert generation.current(tmp_path, "f") == before + 400
