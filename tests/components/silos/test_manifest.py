import pytest

from components.silos import manifest
from components.silos.manifest import InputFile, Manifest, SiloEntry, Split
from components.silos.silo import Silo

MANIFEST = Manifest(
    "flights",
    "2013-05",
    (
        SiloEntry(Silo("broken", ""), error="silo `broken`: found nothing"),
        SiloEntry(
            Silo("süd", "/homes/süd"),
            inputs=(InputFile("/data/süd/ä.csv", "d1", 7),),
            splits={"train": Split("/homes/süd/t", "d2", 5), "eval": Split("e", "", 0)},
            unreadable=("b.csv: an empty file",),
        ),
    ),
)


def test_a_manifest_reads_back_as_it_was_written(tmp_path):
    MANIFEST.write(tmp_path)
    assert manifest.read(tmp_path) == MANIFEST


def test_entries_are_found_by_silo_and_in_order():
    assert MANIFEST.silos == ["broken", "süd"]
    assert [entry.silo.id for entry in MANIFEST] == MANIFEST.silos
    assert MANIFEST["süd"].inputs[0].rows == 7
    with pytest.raises(KeyError, match="nobody"):
        MANIFEST["nobody"]


def test_a_split_that_is_not_there_has_no_rows():
    assert MANIFEST["süd"].rows("train") == 5
    assert MANIFEST["süd"].rows("score") == 0


def test_only_silos_with_a_row_in_a_split_are_readable_there():
    assert [entry.silo.id for entry in MANIFEST.readable("train")] == ["süd"]
    assert MANIFEST.readable("eval") == []
