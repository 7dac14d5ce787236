import os
import pathlib
import shutil
import stat
import subprocess

import pytest

from components.errors import SettingsError
from components.silos import homes
from components.silos.silo import Silo

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root gives silos user ids of their own"
)


def mode(path):
    return stat.S_IMODE(pathlib.Path(path).stat().st_mode)


def test_a_home_is_open_to_nobody_else(tmp_path):
    silo = homes.open_home(tmp_path / "homes", "north")
    assert silo == Silo("north", str((tmp_path / "homes/north").resolve()))
    assert mode(silo.home) == 0o700


def test_a_home_that_was_left_open_is_closed_again(tmp_path):
    home = tmp_path / "north"
    home.mkdir()
    home.chmod(0o777)
    homes.open_home(tmp_path, "north")
    assert mode(home) == 0o700


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
    homes.hand_over(silo, silo.path("a", "b"))
    uid = homes.uid_of(silo)
    for path in (silo.path("a"), silo.path("a", "b"), file):
        assert (path.stat().st_uid, path.stat().st_gid) == (uid, uid)
    assert outside.stat().st_uid == 0


def test_nothing_outside_its_home_is_handed_to_a_silo(tmp_path):
    silo = homes.open_home(tmp_path / "homes", "north")
    with pytest.raises(ValueError, match="does not lie below the home of silo `north`"):
        homes.hand_over(silo, tmp_path)


@needs_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv (util-linux)")
def test_one_silos_user_cannot_read_anothers_home():
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        pathlib.Path(folder).chmod(0o755)
        north, south = (homes.open_home(folder, name) for name in ("north", "south"))
        north.path("rows").write_text("secret")
        homes.hand_over(north, north.path("rows"))

        def read(silo):
            uid = homes.uid_of(silo)
            command = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
            return subprocess.run(
                [*command, "cat", north.path("rows")], capture_output=True, check=False
            )

        assert read(north).stdout == b"secret"
        assert b"Permission denied" in read(south).stderr
