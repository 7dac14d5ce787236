import json

import pytest

from components.silos import manifest
from components.silos.findings import Finding
from components.silos.manifest import InputFile, Manifest, SiloEntry, Split
from components.silos.silo import Silo

NOTHING = Finding("silo `broken`: found nothing", "look into its folder")
MANIFEST = Manifest(
    "flights",
    "2013-05",
    (
        SiloEntry(Silo("broken", ""), error=NOTHING),
        SiloEntry(
            Silo("süd", "/homes/süd"),
            inputs=(InputFile("/data/süd/ä.csv", "d1", 7),),
            splits={"train": Split("/homes/süd/t", "d2", 5), "eval": Split("e", "", 0)},
            unreadable=(Finding("b.csv: an empty file", "export it again"),),
        ),
    ),
)


def test_a_manifest_reads_back_as_it_was_written(tmp_path):
    MANIFEST.write(tmp_path)
    assert manifest.read(tmp_path) == MANIFEST


def test_a_manifest_of_an_earlier_version_is_read_with_its_faults_as_sentences(
    tmp_path,
):
    MANIFEST.write(tmp_path)
    path = tmp_path / manifest.FILE_NAME
    told = json.loads(path.read_text(encoding="utf-8"))
    broken, good = told["entries"]
    broken["error"], good["error"] = "silo `broken`: found nothing", ""
    good["unreadable"] = ["b.csv: an empty file"]
    path.write_text(json.dumps(told), encoding="utf-8")
    found = manifest.read(tmp_path)
    assert found["broken"].error == Finding("silo `broken`: found nothing")
    assert found["süd"].error is None
    assert found["süd"].unreadable == (Finding("b.csv: an empty file"),)


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
