"""The driver against a real ML Metadata store."""

import os
import shutil

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types

from components.silo_example_gen import generation
from components.silo_example_gen.driver import Driver
from tests.support import silos

pytestmark = pytest.mark.beam


@pytest.fixture
def data(tmp_path):
    for span in ("9", "10", "11"):
        silos.federation(tmp_path / "data", span)
    return tmp_path / "data"


@pytest.fixture
def drive(tmp_path, data):
    connection = metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    )

    def drive(span="latest", purpose="train"):
        source = silos.source(data, "{silo}/{span}.*", score="following_span")
        properties = {
            "settings": source.model_dump_json(),
            "code": "code",
            "use_case": "shapes",
            "span": span,
            "homes": str(tmp_path / "homes"),
            "purpose": purpose,
        }
        output = Driver(connection).run(
            data_types.ExecutionInfo(exec_properties=properties)
        )
        found = output.exec_properties
        assert set(found) == {"span", "fingerprint", "generation", "attempt"}
        return (
            found["span"].string_value,
            found["fingerprint"].string_value,
            found["generation"].int_value,
        )

    return drive


def test_latest_becomes_the_span_that_it_means(drive):
    assert drive() == drive("10")
    assert drive("11")[0] == "11"


def test_unchanged_files_give_the_same_key_also_when_only_touched(drive, data):
    before = drive()
    os.utime(data / "north/9.parquet", (1, 1))
    assert drive() == before


def test_a_changed_file_gives_another_key_to_the_runs_that_read_it(drive, data):
    before = {span: drive(span) for span in ("10", "11")}
    silos.write(data, "west", "10.parquet", silos.rows(5, seed=99))
    assert drive("10") == before["10"]  # learns from 9, scores 11
    assert drive("11") != before["11"]


def test_a_file_too_many_or_too_few_gives_another_key(drive, data):
    before = drive()
    silos.write(data, "north", "9.csv", silos.rows(1))
    assert drive() != before
    (data / "north/9.csv").unlink()
    assert drive() == before


def test_learning_and_scoring_have_keys_of_their_own(drive):
    assert drive("10")[1] != drive("10", "score")[1]


def test_a_split_that_was_deleted_raises_the_generation(drive, tmp_path):
    span, fingerprint, before = drive()
    split = tmp_path / "homes" / "train.parquet"
    split.touch()
    generation.record(str(tmp_path / "homes"), fingerprint, [str(split)])
    assert drive() == (span, fingerprint, before)
    split.unlink()
    assert drive() == (span, fingerprint, before + 1)


def test_homes_that_were_deleted_as_a_whole_give_another_key(drive, tmp_path):
    before = drive()
    shutil.rmtree(tmp_path / "homes")
    span, fingerprint, after = drive()
    assert (span, fingerprint) == before[:2]
    assert after != before[2]
