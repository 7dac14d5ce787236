"""What a silo's profile tells, and what it must not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.payloads.findings import Finding
from components.payloads.silo import Silo
from components.payloads.statistics import by_column
from components.silo_validator import profile as module
from components.silo_validator.settings import Columns, ValidationSettings
from tests.support import silos
from tests.support.silos import CANARY, CANARY_DIGITS, CANARY_NUMBER


@pytest.fixture
def run(tmp_path):
    def _run(unmeasured=(), settings=None, **tables):
        paths = {}
        for name, table in tables.items():
            paths[name] = str(tmp_path / f"{name}.parquet")
            pq.write_table(pa.Table.from_pandas(table), paths[name])
        columns = Columns("late", ("id",), unmeasured)
        return module.profile(
            Silo("north", str(tmp_path)),
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
    assert result.values == {"reasons": [], "notes": []}
    assert [*disclosed(result)] == ["train"]
    assert not {"id", "more"} & disclosed(result)["train"].keys()


def test_the_same_fault_of_several_splits_is_a_reason_of_train_or_a_note_of_score(run):
    flood = np.where(np.arange(60) % 3, 70.0, np.inf)
    train, other = silos.rows(60, weight=flood), silos.rows(60, seed=1, weight=flood)
    assert len(sentences(run(train=train, eval=other, score=other))) == 1
    noted = run(train=silos.rows(60), score=other.assign(late=None))
    assert sentences(noted) == []
    assert all(text.endswith("(split score)") for text in sentences(noted, "notes"))


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
    assert blue.values == {"reasons": [], "notes": []}
