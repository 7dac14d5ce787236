"""What a silo's profile tells, and what it must not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.errors import SiloError
from components.payloads.findings import Finding
from components.payloads.silo import Silo
from components.payloads.statistics import by_column
from components.silo_validator import profile as module
from components.silo_validator import row_sketches
from components.silo_validator.settings import Columns, ValidationSettings
from tests.support import silos
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER


@pytest.fixture
def run(tmp_path):
    def _run(unmeasured=(), settings=None, ignored=(), **tables):
        paths = {}
        for name, table in tables.items():
            paths[name] = str(tmp_path / f"{name}.parquet")
            pq.write_table(pa.Table.from_pandas(table), paths[name])
        columns = Columns("late", ("id",), unmeasured, ignored)
        return module.profile(
            Silo("north", str(tmp_path / "north")),
            {
                "splits": {name: [path] for name, path in paths.items()},
                "schema": silos.schema().SerializeToString().hex(),
                "columns": dataclasses.asdict(columns),
                "settings": {**ValidationSettings().model_dump(), **(settings or {})},
            },
        )

    return _run


def disclosed(result):
    found = statistics_pb2.DatasetFeatureStatisticsList.FromString(result.payload)
    return {dataset.name: by_column(dataset) for dataset in found.datasets}


def sentences(result, key="reasons"):
    return [item["sentence"] for item in result.values[key]]


def test_healthy_splits_have_no_finding_and_train_alone_is_disclosed(run):
    result = run(train=silos.rows(120, more=CANARY), eval=silos.rows(40, seed=1))
    assert sentences(result) == sentences(result, "notes") == []
    assert {*result.values} == {"reasons", "notes", "leaking", "sketches"}
    assert [*disclosed(result)] == ["train"]
    assert not {"id", "more"} & disclosed(result)["train"].keys()


def test_the_same_fault_of_several_splits_is_a_reason_of_train_or_a_note_of_score(run):
    flood = np.where(np.arange(60) % 3, 70.0, np.inf)
    train, other = silos.rows(60, weight=flood), silos.rows(60, seed=1, weight=flood)
    assert len(sentences(run(train=train, eval=other, score=other))) == 1
    noted = run(train=silos.rows(60), score=other.assign(late=None))
    assert sentences(noted) == []
    assert all(text.endswith("(split score)") for text in sentences(noted, "notes"))


def test_rows_to_choose_by_are_checked_as_labelled_rows_and_not_disclosed(run):
    healthy = {"train": silos.rows(120), "eval": silos.rows(40, seed=1)}
    result = run(choose=silos.rows(30, seed=2), **healthy)
    assert result == run(**healthy)
    flood = silos.rows(60, seed=2, weight=np.where(np.arange(60) % 3, 70.0, np.inf))
    assert sentences(run(choose=flood, **healthy)) == sentences(run(train=flood))
    (found,) = sentences(run(choose=silos.rows(30, seed=2, late=None), **healthy))
    assert "`late`" in found


@pytest.mark.parametrize("consequence", ["note", "quarantine"])
def test_skew_leads_to_what_the_settings_say(run, consequence):
    served = silos.rows(60, seed=2, late=None, colour="red")
    result = run(train=silos.rows(120), score=served, settings={"skew": consequence})
    kept, other = ("notes", "reasons")[:: 1 if consequence == "note" else -1]
    (found,) = result.values[kept]
    assert found["sentence"].startswith("column `colour`: found a largest difference")
    assert "the rows to be scored, expected at most 0.200" in found["sentence"]
    assert result.values[other] == []


def test_a_number_beyond_float32_counts_as_missing_as_it_does_to_the_model(run):
    few = silos.rows(120)
    few.loc[0, "weight"] = 1e39
    result = run(train=few)
    assert sentences(result) == []
    weight = disclosed(result)["train"]["weight"].num_stats
    assert weight.common_stats.num_non_missing == 110
    assert 60 < weight.mean < 80


@pytest.mark.parametrize("number", [0, 1])
def test_one_row_or_none_tells_nothing_of_itself(run, number):
    result = run(
        train=silos.rows(number, weight=[CANARY_NUMBER] * number), eval=silos.rows(0)
    )
    assert CANARY_DIGITS not in str(disclosed(result))
    for feature in disclosed(result).get("train", {}).values():
        assert not feature.string_stats.top_values
        assert not feature.HasField("num_stats")


def test_a_day_that_only_splits_rows_is_neither_measured_nor_disclosed(run):
    result = run(train=silos.rows(120))
    names = {"day", "colour", "size", "weight", "late"}
    assert {*disclosed(result)["train"]} == names
    hidden = run(unmeasured=("day",), train=silos.rows(120, day=None))
    assert {*disclosed(hidden)["train"]} == names - {"day"}
    assert hidden.values["reasons"] == []


@pytest.mark.parametrize("consequence", ["note", "quarantine"])
def test_a_check_is_one_entry_and_says_what_it_leads_to(run, monkeypatch, consequence):
    def no_red(data):
        found = "red" in data.tables["train"]["colour"].to_pylist()
        yield consequence, Finding("found red") if found else None

    monkeypatch.setattr(module, "CHECKS", (no_red,))
    kind = "notes" if consequence == "note" else "reasons"
    assert sentences(run(train=silos.rows(60, colour="red")), kind) == ["found red"]
    blue = run(train=silos.rows(60, colour="blue"))
    assert sentences(blue) == sentences(blue, "notes") == []


def test_sketches_are_of_whole_blocks_of_measured_columns_and_training_rows(run):
    number = len(
        row_sketches.of_json(run(train=silos.rows(128)).values["sketches"])[0][2]
    )
    assert number == 120
    plain = run(train=silos.rows(120), eval=silos.rows(40, seed=1))
    renamed = silos.rows(120, id=np.arange(120).astype(str), more=CANARY)
    assert run(train=renamed).values["sketches"] == plain.values["sketches"]
    assert run(train=silos.rows(9)).values["sketches"] == []
    assert run(eval=silos.rows(40)).values["sketches"] == []


def test_a_feature_that_names_rows_is_noted_and_one_that_no_model_sees_is_not(run):
    train = silos.rows(120, colour=[f"note {i}" for i in range(120)])
    (found,) = sentences(run(train=train), "notes")
    assert found.startswith("column `colour`: found another value in nearly each row")
    assert sentences(run(train=train, ignored=("colour",)), "notes") == []


def test_a_feature_that_leaks_is_told_and_one_that_no_model_sees_is_not(run):
    train = silos.rows(120)
    train["weight"] = train["late"] * 10.0 + train["weight"] / 100
    assert run(train=train).values["leaking"] == ["weight"]
    assert run(train=train, ignored=("weight",)).values["leaking"] == []
    assert run(train=silos.rows(40)).values["leaking"] is None
    assert run(train=silos.rows(120, late=None)).values["leaking"] is None


def test_a_key_that_can_t_be_read_is_refused(run, tmp_path):
    with pytest.raises(SiloError, match="found a file that can't be read"):
        run(train=silos.rows(60), settings={"row_key_file": f"{tmp_path}/none"})
