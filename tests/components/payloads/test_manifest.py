import os

import pytest

from components import digests
from components.errors import FairSiloError
from components.payloads import manifest
from components.payloads.findings import Finding
from components.payloads.manifest import (
    ChangedSplitError,
    DataFile,
    Manifest,
    SiloEntry,
    Split,
)
from components.payloads.silo import Silo

NOTHING = Finding("silo `broken`: found nothing", "look into its folder")
MANIFEST = Manifest(
    "flights",
    "2013-05",
    (
        SiloEntry(Silo("broken", ""), error=NOTHING),
        SiloEntry(
            Silo("süd", "/homes/süd"),
            inputs=(DataFile("/data/süd/ä.csv", "d1", 7),),
            splits={
                "train": Split.of("/homes/süd/t", "d2", 5),
                "eval": Split.of("e", "", 0),
            },
            unreadable=(Finding("b.csv: an empty file", "export it again"),),
        ),
    ),
)


def test_a_manifest_reads_back_as_it_was_written(tmp_path):
    MANIFEST.write(tmp_path)
    assert Manifest.read(tmp_path) == MANIFEST


def changed(text):
    return text.replace('"rows": 5', '"rows": 4')


CUT = "a file that is cut or of another form"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda text: text[:-40], CUT),
        (lambda _: "", CUT),
        (lambda _: "[]", CUT),
        (lambda _: "7", CUT),
        (lambda _: "{}", "a fault in `use_case`: Field required"),
        (
            lambda text: text.replace('"inputs"', '"others"'),
            "content that was changed after it was written",
        ),
        (
            lambda text: text.replace('"rows": 5', '"rows": "five"'),
            "a fault in `entries.1.splits.train.files.0.rows`: Input should be a",
        ),
        (changed, "content that was changed after it was written"),
        (lambda text: text.replace("2013-05", "2013-06"), "content that was changed"),
    ],
)
def test_a_damaged_manifest_is_refused_with_the_way_out(tmp_path, damage, found):
    MANIFEST.write(tmp_path)
    path = tmp_path / Manifest.FILE_NAME
    path.write_text(damage(path.read_text("utf-8")), encoding="utf-8")
    with pytest.raises(FairSiloError) as caught:
        Manifest.read(tmp_path)
    assert caught.value.message.startswith(f"{path}: found {found}")
    assert caught.value.hint == (
        f"delete the folder {tmp_path} and run again: it is written anew"
    )


def test_a_split_with_other_bytes_is_noticed_even_of_the_same_size_and_time(tmp_path):
    path = tmp_path / "train.parquet"
    path.write_bytes(b"rows 1")
    expected = {str(path): digests.of_file(path)}
    silo = Silo("süd", str(tmp_path))
    manifest.verify(silo, expected)
    times = path.stat()
    other = tmp_path / "other"
    other.write_bytes(b"rows 2")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)
    with pytest.raises(ChangedSplitError) as caught:
        manifest.verify(silo, expected)
    assert caught.value.message == (
        f"silo `süd`: {path}: found bytes that were changed or damaged since the split "
        f"was written, expected SHA-256 {expected[str(path)][:12]}, as in the manifest"
    )
    assert "delete this file and run again" in caught.value.hint
    path.unlink()
    manifest.verify(silo, expected)  # its reader says that it is gone


def test_a_manifest_that_is_gone_is_named(tmp_path):
    with pytest.raises(FairSiloError, match=r"manifest\.json: found no file"):
        Manifest.read(tmp_path)


def test_entries_are_found_by_silo_in_order_and_by_splits_with_rows():
    assert [entry.silo.id for entry in MANIFEST] == MANIFEST.silos == ["broken", "süd"]
    assert MANIFEST["süd"].inputs[0].rows == 7
    assert (MANIFEST["süd"].rows("train"), MANIFEST["süd"].rows("score")) == (5, 0)
    assert MANIFEST.readable("train") == [MANIFEST["süd"]]
    assert MANIFEST.readable("eval") == []
    with pytest.raises(KeyError, match="nobody"):
        MANIFEST["nobody"]
