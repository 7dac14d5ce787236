"""The driver against a real ML Metadata store."""

from __future__ import annotations

import dataclasses
import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types
from tfx.types import standard_artifacts

from components import artifacts
from components.blessed_models import BlessedModel
from components.fairness_evaluator.driver import BASELINE, Driver, choose
from components.fairness_evaluator.waivers import Waivers
from components.payloads.benefit import BenefitReport, SiloBenefit
from components.payloads.manifest import Manifest
from components.scoring.model import ModelCard


@pytest.fixture
def store(tmp_path):
    return metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "mlmd.sqlite"))
    )


@pytest.fixture
def bless(store, tmp_path):
    def record(
        span,
        name,
        *,
        blessed=1,
        keep=True,
        state="LIVE",
        use_case="flights",
        benefit_uri="",
    ):
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
            "benefit_uri": benefit_uri,
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
    def run(span, name="candidate", own=()):
        state = Waivers(f"sqlite:///{tmp_path}/operator.sqlite", "flights")
        held = state.all_active(datetime.datetime.now(datetime.UTC).date())
        benefit, examples = artifacts.BenefitReport(), artifacts.SiloExamples()
        benefit.uri = examples.uri = str(tmp_path)
        Manifest("flights", span, ()).write(tmp_path)
        BenefitReport("ditto", f"digest of {name}", own).write(tmp_path)
        output = Driver(store).run(
            data_types.ExecutionInfo(
                input_dict={"benefit": [benefit], "examples": [examples]},
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
    bless("2013-04", "april", benefit_uri="/benefit/of/april")
    bless("2013-06", "june", benefit_uri="/benefit/of/june")
    assert drive("2013-05") == {
        "waivers": "[]",
        "baseline_span": "2013-04",
        "baseline_digest": "digest of april",
        "baseline_uri": str(tmp_path / "april"),
        "baseline_gone": "",
        "baseline_benefit": "/benefit/of/april",
    }


def blessed(id_: int, span: str, name: str = "") -> BlessedModel:
    digest = f"digest of {name or span}"
    return BlessedModel(f"/{name or span}", "base", span, id_, served_digest=digest)


MODELS = [
    blessed(1, "2013-03"),
    blessed(2, "2013-05"),
    blessed(9, "2013-04"),  # a backfill, trained last
]
UNORDERED = [blessed(1, "", "one"), blessed(2, "", "two")]


@pytest.mark.parametrize(
    ("models", "span", "digest", "chosen"),
    [
        (MODELS, "2013-06", "d", "/2013-05"),  # whichever was trained last
        (MODELS, "2013-04", "d", "/2013-03"),  # what came before a backfill's own span
        (MODELS, "2013-03", "d", ""),
        ([*MODELS, blessed(10, "2013-05", "again")], "2013-06", "d", "/again"),
        (MODELS, "2013-06", "digest of 2013-05", "/2013-05"),  # an equal earlier model
        ([blessed(1, "9"), blessed(2, "8")], "10", "d", "/9"),
        (UNORDERED, "", "digest of three", "/two"),
        (UNORDERED, "", "digest of two", "/one"),  # not itself
        (UNORDERED, "2013", "d", ""),
    ],
)
def test_the_baseline_is_the_newest_blessed_model_of_an_earlier_span(
    models, span, digest, chosen
):
    found = choose(models, span, digest)
    assert (found.uri if found else "") == chosen


def test_without_spans_the_same_base_with_another_choice_is_an_earlier_model(
    bless, drive
):
    bless("", "candidate")
    assert drive("")["baseline_digest"] == ""
    own = (SiloBenefit("F9", "personal", "d", "w.npz"),)
    assert drive("", own=own)["baseline_digest"] == "digest of candidate"


@given(st.permutations(MODELS))
def test_the_order_of_blessings_does_not_matter(models):
    assert choose(models, "2013-06", "d") == MODELS[1]


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
    bless("2013-04", "april", keep=False, benefit_uri="/benefit/of/april")
    gone = drive("2013-05")
    assert gone == {
        "waivers": "[]",
        "baseline_span": "2013-04",
        "baseline_digest": "digest of april",
        "baseline_uri": "",
        "baseline_gone": str(tmp_path / "april"),
        "baseline_benefit": "",
    }
    # Once it is back the key is another one, so the evaluation compares.
    (tmp_path / "april").mkdir()
    ModelCard(digest="digest of april").write(tmp_path / "april")
    back = drive("2013-05")
    assert (back["baseline_uri"], back["baseline_gone"]) == (gone["baseline_gone"], "")


def test_a_waiver_makes_another_key_and_its_withdrawal_gives_the_first_back(
    drive, tmp_path
):
    """So the refusal comes from the cache, and counts again."""
    waivers = Waivers(f"sqlite:///{tmp_path}/operator.sqlite", "flights")
    before = drive("2013-05")
    gate = {"gate": "silo_floor", "model_digest": "digest of candidate"}
    given = waivers.waive(
        run_id="run-1",
        reason="zählt nicht",
        by="A. Reviewer",
        until="2999-12-31",
        **gate,
    )
    assert json.loads(drive("2013-05")["waivers"]) == [dataclasses.asdict(given)]
    assert drive("2013-05", "another model")["waivers"] == "[]"
    # It was given for the base model alone, not for silos' own beside it.
    own = (SiloBenefit("F9", "personal", "d", "w.npz"),)
    assert drive("2013-05", own=own)["waivers"] == "[]"
    waivers.withdraw(reason="zählt doch", by="B. Reviewer", **gate)
    assert drive("2013-05") == before
