import json
import pathlib
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


def test_a_fingerprint_never_seen_is_of_generation_zero(tmp_path):
    assert generation.current(tmp_path, "f") == 0


def test_whole_splits_keep_their_generation(tmp_path, split_files):
    generation.record(tmp_path, "f", map(str, split_files))
    assert generation.current(tmp_path, "f") == 0
    assert generation.current(tmp_path, "f") == 0


def test_a_split_that_has_gone_raises_the_generation_once(tmp_path, split_files):
    generation.record(tmp_path, "f", map(str, split_files))
    split_files[0].unlink()
    assert generation.current(tmp_path, "f") == 1
    assert generation.current(tmp_path, "f") == 1
    split_files[0].write_text("rows")
    generation.record(tmp_path, "f", map(str, split_files))
    assert generation.current(tmp_path, "f") == 1
    split_files[1].unlink()
    assert generation.current(tmp_path, "f") == 2


def test_another_fingerprint_is_not_concerned(tmp_path, split_files):
    generation.record(tmp_path, "f", [str(split_files[0])])
    generation.record(tmp_path, "g", [str(split_files[1])])
    split_files[0].unlink()
    assert generation.current(tmp_path, "g") == 0


def test_the_record_is_written_whole_or_not_at_all(tmp_path, split_files):
    generation.record(tmp_path, "f", map(str, split_files))
    folder = tmp_path / generation.FOLDER
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["f.json", generation.LOCK]
    assert json.loads((folder / "f.json").read_text()) == {
        "generation": 0,
        "paths": sorted(map(str, split_files)),
    }


LOSES = """
import sys
from components.silo_example_gen import generation
for _ in range(200):
    generation.record(sys.argv[1], "f", ["/no/such/split"])
"""


def test_two_runs_at_once_lose_no_raised_generation(tmp_path):
    repository = pathlib.Path(__file__).parents[3]
    command = [sys.executable, "-c", LOSES, str(tmp_path)]
    runs = [subprocess.Popen(command, cwd=repository) for _ in range(2)]
    assert [run.wait(120) for run in runs] == [0, 0]
    assert generation.current(tmp_path, "f") == 400
