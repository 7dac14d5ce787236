"""The job makes the directories that volumes show, for their owner alone."""

import json
import pathlib
import stat
import subprocess
import sys

import pytest

from components.errors import SettingsError
from pipelines.cluster import directories

WANTED = ["flights/silos/9E", "flights/silos/Süd 1", "input/flights/9E"]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_each_directory_is_made_and_closed_to_others(tmp_path):
    directories.make(tmp_path, WANTED)
    for path in WANTED:
        assert mode(tmp_path / path) == 0o700
    folders = filter(pathlib.Path.is_dir, (tmp_path / "flights" / "silos").iterdir())
    assert sorted(folder.name for folder in folders) == ["9E", "Süd 1"]


def test_what_is_there_is_kept_and_closed(tmp_path):
    home = tmp_path / WANTED[0]
    home.mkdir(parents=True, mode=0o755)
    (home / "splits").write_text("kept")
    directories.make(tmp_path, WANTED)
    directories.make(tmp_path, WANTED)
    assert mode(home) == 0o700
    assert (home / "splits").read_text() == "kept"


@pytest.mark.parametrize("path", ["flights/silos/..", "flights/silos/.x", "x/"])
def test_a_path_that_ends_in_no_silo_is_refused(tmp_path, path):
    with pytest.raises(SettingsError, match="expected a plain folder name"):
        directories.make(tmp_path, [path])


def test_the_jobs_command_runs(tmp_path):
    listed = tmp_path / "directories.json"
    listed.write_text(json.dumps(WANTED))
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cluster.directories", tmp_path, listed],
        cwd=pathlib.Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "3 directories are there\n"
    assert mode(tmp_path / WANTED[2]) == 0o700
