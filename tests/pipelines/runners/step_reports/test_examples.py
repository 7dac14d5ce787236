"""SiloExampleGen's page: rows, files and faults, the faulty silos first."""

import dataclasses

from components.dashboard import formats
from components.payloads.manifest import DataFile, Manifest
from pipelines.runners.step_reports import examples
from tests.pipelines.runners.step_reports import cases

FAULT = f"silo `{cases.EVIL}`: found no file"


def test_rows_are_added_up_over_the_silos(blessed):
    content = examples.describe(blessed)
    assert content.verdict == "3 of 4 silos could be read"
    assert content.mood == "bad"
    assert content.metrics == {
        "silos": 4,
        "silos that could not be read": 1,
        "rows to train": 120 + 220 + 270,
        "rows to evaluate": 30 + 40 + 45,
        "rows to score": 21,
        "rows of the following span": 9,
    }
    assert cases.figure_of(content, "Rows to train")[0] == "610"
    assert cases.figure_of(content, "Files")[0] == "8"


def test_faulty_silos_come_first_each_with_its_faults(blessed):
    rows = cases.rows(examples.describe(blessed), "Silos")
    assert list(rows) == [cases.EVIL, cases.ARABIC, cases.LONG, cases.NORTH]
    assert rows[cases.EVIL][-1] == (FAULT,)
    assert rows[cases.ARABIC][-1] == ("old.csv: found no row",)
    assert rows[cases.NORTH][-1] == ()


def test_files_are_counted_and_named_by_their_own_part_of_the_path(blessed):
    rows = cases.rows(examples.describe(blessed), "Silos")
    assert rows[cases.EVIL][-2] == formats.NONE
    assert rows[cases.ARABIC][-2] == "1: 2013-01.parquet"
    assert rows[cases.NORTH][-2] == (
        "6: 2013-01.parquet, 2013-02.parquet, …, 2013-05.parquet, 2013-06.parquet"
    )
    inputs = [DataFile(f"/d/{span}/rows.csv", "", 1) for span in ("2", "1")]
    assert examples._files(inputs) == "2: 1/rows.csv, 2/rows.csv"


def test_files_that_were_left_out_are_told_beside_the_verdict(blessed):
    assert examples.describe(blessed).notices == (
        "1 file was left out, while others could be read.",
    )


def test_when_all_can_be_read_there_is_nothing_to_notice(blessed):
    folder = blessed["SiloExampleGen"].outputs["examples"]
    whole = dataclasses.replace(Manifest.read(folder)[cases.NORTH], splits={})
    Manifest("flights", "", (whole,)).write(folder)
    content = examples.describe(blessed)
    assert (content.verdict, content.mood) == ("1 of 1 silos could be read", "good")
    assert content.notices == ()
    assert content.metrics == {"silos": 1, "silos that could not be read": 0}
