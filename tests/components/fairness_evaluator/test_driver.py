"""The driver against a real ML Metadata store."""

from __future__ import annotations

import dataclasses
import datetime
import json

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types
from tfx.types import standard_artifacts

from components import artifacts
from components.fairness_evaluator.driver import BASELINE, Driver
from components.fairness_evaluator.waivers import Waivers
from components.payloads.manifest import Manifest
from components.scoring.model import ModelCard


@pytest.fixture
def store(tmp_path):
    return metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "mlmd.sqlite"))
    )


@pytest.fixture
def bless(store, tmp_path):
    def record(span, name, *, blessed=1, keep=True, state="LIVE", use_case="flights"):
        folder = tmp_path / name
        if keep:
            folder.mkdir()
            ModelCard(digest=f"digest of {name}").write(folder)
        artifact = standard_artifacts.ModelBlessing()
        artifact.uri = str(tmp_path / f"{name}-blessing")
        artifact.set_int_custom_property("blessed", blessed)
        for key, value in {
            "use_case": use_case,
            "span": span,
            "model_uri": str(folder),
            "model_digest": f"digest of {name}",
        }.items():
            artifact.set_string_custom_property(key, value)
        artifact.mlmd_artifact.state = metadata_store_pb2.Artifact.State.Value(state)
        with store as connection:
            kind = connection.store.put_artifact_type(artifact.artifact_type)
            artifact.mlmd_artifact.type_id = kind
            connection.store.put_artifacts([artifact.mlmd_artifact])

    return record


@pytest.fixture
def drive(store, tmp_path):
    def run(span, name="candidate"):
        state = Waivers(f"sqlite:///{tmp_path}/operator.sqlite", "flights")
        held = state.all_active(datetime.datetime.now(datetime.UTC).date())
        folder = tmp_path / name
        if not folder.exists():
            folder.mkdir()
            ModelCard(digest=f"digest of {name}").write(folder)
        model, examples = standard_artifacts.Model(), artifacts.SiloExamples()
        model.uri, examples.uri = str(folder), str(tmp_path)
        Manifest("flights", span, ()).write(tmp_path)
        output = Driver(store).run(
            data_types.ExecutionInfo(
                input_dict={"model": [model], "examples": [examples]},
                exec_properties={
                    "use_case": "flights",
                    "waivers": json.dumps(
                        {
                            digest: [dataclasses.asdict(one) for one in given]
                            for digest, given in held.items()
                        }
                    ),
                },
            )
        )
        found = output.exec_properties
        assert set(found) == {*NONE, "waivers", "attempt"}
        return {name: found[name].string_value for name in (*NONE, "waivers")}

    return run


NONE = dict.fromkeys(BASELINE, "")


def test_an_empty_store_has_no_baseline(drive):
    assert drive("2013-05") == {**NONE, "waivers": "[]"}


def test_the_newest_earlier_span_is_the_baseline(bless, drive, tmp_path):
    bless("2013-03", "march")
    bless("2013-04", "april")
    bless("2013-06", "june")
    assert drive("2013-05") == {
        "waivers": "[]",
        "baseline_span": "2013-04",
        "baseline_digest": "digest of april",
        "baseline_uri": str(tmp_path / "april"),
        "baseline_gone": "",
    }


def test_a_backfill_trained_last_does_not_become_the_baseline(bless, drive):
    bless("2013-03", "march")
    bless("2013-04", "april")
    bless("2013-02", "a backfill")
    assert drive("2013-05")["baseline_span"] == "2013-04"
    assert drive("2013-03")["baseline_span"] == "2013-02"


@pytest.mark.parametrize(
    "what",
    [{"blessed": 0}, {"state": "DELETED"}, {"use_case": "census"}],
)
def test_a_model_that_is_not_blessed_or_ours_is_passed_over(bless, drive, what):
    bless("2013-03", "march")
    bless("2013-04", "april", **what)
    assert drive("2013-05")["baseline_span"] == "2013-03"


def test_a_model_whose_folder_is_gone_is_named_and_no_older_one_takes_its_place(
    bless, drive, tmp_path
):
    bless("2013-03", "march")
    bless("2013-04", "april", keep=False)
    gone = drive("2013-05")
    assert gone == {
        "waivers": "[]",
        "baseline_span": "2013-04",
        "baseline_digest": "digest of april",
        "baseline_uri": "",
        "baseline_gone": str(tmp_path / "april"),
    }
    # Once it is back the key is another one, so the evaluation compares.
    (tmp_path / "april").mkdir()
    ModelCard(digest="digest of april").write(tmp_path / "april")
    back = drive("2013-05")
    assert (back["baseline_uri"], back["baseline_gone"]) == (gone["baseline_gone"], "")


def test_a_model_never_is_its_own_baseline_where_there_are_no_spans(bless, drive):
    bless("", "first")
    bless("", "second")
    assert drive("", "second")["baseline_digest"] == "digest of first"


def test_waivers_that_hold_for_the_candidate_are_told(drive, tmp_path):
    waivers = Waivers(f"sqlite:///{tmp_path}/operator.sqlite", "flights")
    today = datetime.datetime.now(datetime.UTC).date()
    given = waivers.waive(
        run_id="run-1",
        gate="silo_floor",
        model_digest="digest of candidate",
        reason="zählt nicht",
        by="A. Reviewer",
        until=today.isoformat(),
    )
    assert json.loads(drive("2013-05")["waivers"]) == [dataclasses.asdict(given)]
    assert drive("2013-05", "another model")["waivers"] == "[]"


def test_a_withdrawal_gives_back_the_key_of_before_the_waiver(drive, tmp_path):
    """So the refusal comes from the cache, and counts again."""
    waivers = Waivers(f"sqlite:///{tmp_path}/operator.sqlite", "flights")
    before = drive("2013-05")
    waivers.waive(
        run_id="run-1",
        gate="silo_floor",
        model_digest="digest of candidate",
        reason="zählt nicht",
        by="A. Reviewer",
        until="2999-12-31",
    )
    assert drive("2013-05") != before
    waivers.withdraw(
        gate="silo_floor",
        model_digest="digest of candidate",
        reason="zählt doch",
        by="B. Reviewer",
    )
    assert drive("2013-05") == before
