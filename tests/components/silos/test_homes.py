import os
import pathlib
import shutil
import stat
import subprocess
import sys

import pytest

from components.errors import SettingsError
from components.payloads.silo import Silo
from components.silos import homes
from tests.support.at_once import at_once

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root gives silos user ids of their own"
)


def test_a_home_is_open_to_nobody_else_even_if_it_was(tmp_path):
    (tmp_path / "homes/north").mkdir(parents=True)
    (tmp_path / "homes/north").chmod(0o777)
    silo = homes.open_home(tmp_path / "homes", "north")
    assert silo == Silo("north", str((tmp_path / "homes/north").resolve()))
    assert stat.S_IMODE(pathlib.Path(silo.home).stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["../north", ".north", "a/b", ""])
def test_no_home_is_made_for_a_name_that_is_refused(tmp_path, name):
    with pytest.raises(SettingsError):
        homes.open_home(tmp_path / "homes", name)
    assert not (tmp_path / "homes").exists()


@needs_root
def test_each_silo_has_a_user_id_of_its_own_and_keeps_it(tmp_path):
    names = [f"silo {i}" for i in range(40)]
    first = [homes.uid_of(homes.open_home(tmp_path, name)) for name in names]
    again = [homes.uid_of(homes.open_home(tmp_path, name)) for name in reversed(names)]
    assert len(set(first)) == len(names)
    assert all(homes.FIRST_UID <= uid <= homes.LAST_UID for uid in first)
    assert again == first[::-1]


@needs_root
def test_two_silos_never_share_an_id_even_if_their_names_fall_on_the_same(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(homes, "LAST_UID", homes.FIRST_UID + 2)
    uids = {homes.uid_of(homes.open_home(tmp_path, name)) for name in "abc"}
    assert len(uids) == 3
    with pytest.raises(OSError, match="no user id is free between 20000 and 20002"):
        homes.open_home(tmp_path, "d")


@needs_root
def test_a_home_that_another_run_opens_at_the_same_time_gets_the_same_id(tmp_path):
    silo = homes.open_home(tmp_path, "north")
    assert homes._free_uid(silo.path()) == homes.uid_of(silo)
    for one, two in at_once(lambda n: homes.open_home(tmp_path, f"silo {n}"), 30):
        assert one == two
        assert homes.FIRST_UID <= homes.uid_of(one) <= homes.LAST_UID
    uids = [path.stat().st_uid for path in tmp_path.iterdir()]
    assert len(set(uids)) == len(uids)


def both(*commands):
    """Run two processes at once until both have succeeded."""
    repository = pathlib.Path(__file__).parents[3]
    runs = [subprocess.Popen(command, cwd=repository) for command in commands]
    try:
        assert [run.wait(120) for run in runs] == [0, 0]
    finally:
        for run in runs:
            run.kill()
            run.wait()


OPENS = """
import pathlib, sys
from components.silos import homes

root, number, others = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
homes.LAST_UID = homes.FIRST_UID + 39  # so that many names fall on the same
for turn in range(20):
    (root / f".{turn}-{number}").touch()
    while len([*root.glob(f".{turn}-*")]) < others:
        pass
    homes.open_home(root / "homes", f"silo {turn}-{number}")
"""


@needs_root
def test_runs_that_open_new_homes_at_once_give_each_an_id_of_its_own(tmp_path):
    (tmp_path / "homes").mkdir()
    for number in range(4000):  # so that a look at the others takes a while
        (tmp_path / "homes" / f".{number}").touch()
    command = [sys.executable, "-c", OPENS, str(tmp_path)]
    both(*([*command, str(number), "2"] for number in range(2)))
    uids = [path.stat().st_uid for path in (tmp_path / "homes").glob("silo *")]
    assert len(uids) == len({*uids}) == 40


@pytest.fixture
def silo(tmp_path):
    return homes.open_home(tmp_path, "north")


def folder(silo, name, **files):
    path = silo.path(name)
    path.mkdir()
    for file, text in files.items():
        (path / file).write_text(text)
    return path


def contents(path):
    return {file.name: file.read_text() for file in path.iterdir()}


def test_a_folder_gets_its_name_when_it_is_whole(silo):
    homes.publish(silo, folder(silo, ".new", a="1"), silo.path("a"))
    assert contents(silo.path("a")) == {"a": "1"}
    assert [path.name for path in silo.path().iterdir()] == ["a"]
    assert silo.path("a", "a").stat().st_uid == homes.uid_of(silo)


def test_a_folder_that_is_there_is_filled_up_and_mended(silo):
    there = folder(silo, "a", kept="new", cut="n")
    new = folder(silo, ".new", kept="new", cut="new", lost="new")
    homes.publish(silo, new, there)
    assert contents(there) == {"kept": "new", "cut": "new", "lost": "new"}


PUBLISHES = """
import sys
from components.silos import homes
from components.payloads.silo import Silo

silo, own, other = Silo("north", sys.argv[1]), *sys.argv[2:]
for number in range(200):
    new = silo.path(f".{number}-{own}")
    new.mkdir()
    (new / "rows").write_text("rows")
    silo.path(f".ready-{number}-{own}").touch()
    while not silo.path(f".ready-{number}-{other}").exists():
        pass
    homes.publish(silo, new, silo.path(str(number)))
    assert silo.path(str(number), "rows").read_text() == "rows"
"""


def test_a_folder_that_two_runs_publish_at_once_is_whole(silo):
    command = [sys.executable, "-c", PUBLISHES, silo.home]
    both([*command, "a", "b"], [*command, "b", "a"])


def test_a_file_in_the_place_of_a_folder_is_an_error(silo):
    silo.path("a").write_text("")
    with pytest.raises(NotADirectoryError):
        homes.publish(silo, folder(silo, ".new"), silo.path("a"))


@needs_root
def test_homes_that_one_user_made_are_told_apart_with_all_in_them(tmp_path):
    for name in ("north", "south"):
        (tmp_path / name / "splits").mkdir(parents=True)
        (tmp_path / name / "splits/train").write_text("rows")
        for path in [tmp_path / name, *(tmp_path / name).rglob("*")]:
            os.chown(path, 1000, 1000)
    north, south = (homes.open_home(tmp_path, name) for name in ("north", "south"))
    assert homes.uid_of(north) != homes.uid_of(south)
    for silo in (north, south):
        assert {path.stat().st_uid for path in silo.path().rglob("*")} == {
            homes.uid_of(silo)
        }


@needs_root
def test_what_is_handed_over_belongs_to_the_silo_down_to_the_last_file(tmp_path):
    silo = homes.open_home(tmp_path, "north")
    outside = tmp_path / "outside"
    outside.write_text("not the silo's")
    file = silo.path("a", "b", "rows")
    file.parent.mkdir(parents=True)
    file.write_text("rows")
    file.with_name("link").symlink_to(outside)
    homes.chown_to_silo(silo, silo.path("a", "b"))
    uid = homes.uid_of(silo)
    for path in (silo.path("a"), silo.path("a", "b"), file):
        assert (path.stat().st_uid, path.stat().st_gid) == (uid, uid)
    assert outside.stat().st_uid == 0


def test_nothing_outside_its_home_is_handed_to_a_silo(tmp_path):
    silo = homes.open_home(tmp_path / "homes", "north")
    with pytest.raises(ValueError, match="does not lie below the home of silo `north`"):
        homes.chown_to_silo(silo, tmp_path)


@needs_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv (util-linux)")
def test_one_silos_user_cannot_read_anothers_home():
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        pathlib.Path(folder).chmod(0o755)
        north, south = (homes.open_home(folder, name) for name in ("north", "south"))
        north.path("rows").write_text("secret")
        homes.chown_to_silo(north, north.path("rows"))

        def read(silo):
            uid = homes.uid_of(silo)
            command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
            return subprocess.run(
                [*command, "cat", north.path("rows")], capture_output=True, check=False
            )

        assert read(north).stdout == b"secret"
        assert b"Permission denied" in read(south).stderr
