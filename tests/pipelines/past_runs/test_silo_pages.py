"""Pages of silos are packed into one small document and come back as they were."""

import io
import lzma
import os
import random
import tarfile

import pytest

from components.dashboard.silo.page import file_name
from components.errors import FairSiloError
from pipelines.past_runs import silo_pages

SILOS = ["F9", "Süd-東京", "../../etc", "x" * 300, "</a>"]


@pytest.fixture
def folder(tmp_path):
    """Five pages, each with bytes that are its own."""
    for number, silo in enumerate(SILOS):
        path = tmp_path / file_name(silo)
        path.write_bytes(f"for {silo} ".encode() * (number + 1) + os.urandom(99))
    return tmp_path


def test_pages_come_back_as_they_were(folder):
    packed = silo_pages.pack(folder)
    assert dict(silo_pages.unpack(packed)) == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_other_files_are_left_out_and_no_pages_are_none(folder, tmp_path):
    (folder / "notes.txt").write_text("mine")
    assert len(list(silo_pages.unpack(silo_pages.pack(folder)))) == len(SILOS)
    assert list(silo_pages.unpack(silo_pages.pack(tmp_path / "missing"))) == []


def test_the_same_pages_give_the_same_bytes(folder):
    first = silo_pages.pack(folder)
    for path in folder.iterdir():
        os.utime(path, (1, 1))
    assert silo_pages.pack(folder) == first


def test_what_pages_share_is_kept_once(tmp_path):
    """Also where each page is longer than zlib's window."""
    shared = random.Random(7).randbytes(40_000)  # noqa: S311  no secret
    for number in range(50):
        (tmp_path / f"silo-{number:02}.html").write_bytes(shared + b"own %d" % number)
    assert len(silo_pages.pack(tmp_path)) < 50_000


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../../escaped.html", tarfile.REGTYPE),
        ("/etc/cron.d/x.html", tarfile.REGTYPE),
        (".hidden.html", tarfile.REGTYPE),
        ("f9.txt", tarfile.REGTYPE),
        ("f9.html", tarfile.DIRTYPE),
    ],
)
def test_a_name_that_could_lead_out_of_a_folder_is_refused(name, kind):
    packed = io.BytesIO()
    with (
        lzma.open(packed, "wb") as stream,
        tarfile.open(fileobj=stream, mode="w|") as archive,
    ):
        entry = tarfile.TarInfo(name)
        entry.type = kind
        archive.addfile(entry, io.BytesIO())
    with pytest.raises(FairSiloError) as caught:
        list(silo_pages.unpack(packed.getvalue()))
    assert f"found {name!r} among them, expected names such as" in caught.value.message
    assert "who else writes to the store" in caught.value.hint
