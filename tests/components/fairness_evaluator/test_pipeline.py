"""The node in a TFX pipeline with TFX's own Pusher, driver and cache included."""

from __future__ import annotations

import datetime
import sqlite3

import pytest
from tfx.components.pusher.component import Pusher
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local import local_dag_runner
from tfx.proto import pusher_pb2
from tfx.types import standard_artifacts

from components import artifacts
from components.fairness_evaluator.component import FairnessEvaluator
from components.fairness_evaluator.driver import BASELINE
from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.settings import EvaluationSettings
from components.fairness_evaluator.waivers import Waivers
from components.payloads.benefit import BenefitReport

pytestmark = pytest.mark.beam


@pytest.fixture(scope="module")
def runs(world, tmp_path_factory):
    """Run five times: blessed, the same again, under a gate too high, with that gate
    waived, and when the waiver is over."""
    root = tmp_path_factory.mktemp("pipeline")
    world.manifest.write(root)
    world.cohort.write(root)
    BenefitReport(base=world.models["candidate"][1].digest).write(root)
    states = []
    for number, floor in enumerate((0.5, 0.5, 0.99, 0.99, 0.99)):
        if number == 3:
            _waive(world, root)
        if number == 4:
            _end_waivers(root)
        _run(world, root, floor)
        pushed = len(list((root / "served").glob("*")))
        with metadata.Metadata(_connection(root)) as connection:
            executions = connection.store.get_executions_by_type(
                "components.fairness_evaluator.component.FairnessEvaluator"
            )
            blessings = connection.store.get_artifacts_by_type("ModelBlessing")
        states.append((executions, blessings, pushed))
    return states


def _store(root):
    return f"sqlite:///{root}/operator.sqlite"


def _waive(world, root):
    Waivers(_store(root), "flights").waive(
        run_id="run-3",
        gate="silo_floor",
        model_digest=world.models["candidate"][1].digest,
        reason="agreed with all silos",
        by="A. Reviewer",
        until=datetime.datetime.now(datetime.UTC).date().isoformat(),
    )


def _end_waivers(root):
    with sqlite3.connect(root / "operator.sqlite") as connection:
        connection.execute("UPDATE gate_waivers SET until = '2026-01-01'")


def _connection(root):
    return metadata.sqlite_metadata_connection_config(str(root / "mlmd.sqlite"))


def _run(world, root, floor):
    given = {
        "examples": (artifacts.SiloExamples, str(root)),
        "cohort": (artifacts.Cohort, str(root)),
        "model": (standard_artifacts.Model, world.models["candidate"][0]),
        "benefit": (artifacts.BenefitReport, str(root)),
    }
    nodes = {
        name: importer.Importer(uri, kind).with_id(name)
        for name, (kind, uri) in given.items()
    }
    channels = {name: node.outputs["result"] for name, node in nodes.items()}
    evaluator = FairnessEvaluator(
        **channels,
        settings=EvaluationSettings(slices=("origin",)),
        gates=GateSettings(
            silo_floor={"at_least": floor}, change={"at_most_worse": 0.01}
        ),
        label="late",
        use_case="flights",
        waivers=Waivers(_store(root), "flights").all_active(
            datetime.datetime.now(datetime.UTC).date()
        ),
    )
    pusher = Pusher(
        model=channels["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(
                base_directory=str(root / "served")
            )
        ),
    )
    local_dag_runner.LocalDagRunner().run(
        pipeline.Pipeline(
            "evaluation",
            str(root / "pipeline"),
            _connection(root),
            [*nodes.values(), evaluator, pusher],
            enable_cache=True,
        )
    )


def _last(executions):
    return max(executions, key=lambda execution: execution.id)


def test_a_blessed_model_is_pushed(runs):
    _, blessings, pushed = runs[0]
    assert [b.custom_properties["blessed"].int_value for b in blessings] == [1]
    assert pushed == 1


def test_what_the_driver_found_is_on_record_and_in_the_cache_s_key(runs):
    properties = _last(runs[0][0]).custom_properties
    for name in BASELINE:
        assert properties[name].string_value == ""


def test_the_same_again_is_taken_from_the_cache(runs):
    cached = _last(runs[1][0])
    assert cached.last_known_state == cached.CACHED
    assert len(runs[1][1]) == 1


def test_a_refused_model_is_not_pushed_and_the_chain_ends_in_order(runs):
    executions, blessings, pushed = runs[2]
    assert _last(executions).last_known_state == _last(executions).COMPLETE
    assert [b.custom_properties["blessed"].int_value for b in blessings] == [1, 0]
    assert pushed == runs[1][2]


def test_a_waiver_judges_again_and_the_model_is_pushed(runs):
    executions, blessings, pushed = runs[3]
    assert _last(executions).last_known_state == _last(executions).COMPLETE
    assert [b.custom_properties["blessed"].int_value for b in blessings] == [1, 0, 1]
    assert pushed == runs[2][2] + 1


def test_once_a_waiver_is_over_the_refusal_counts_again(runs):
    executions, blessings, pushed = runs[4]
    assert _last(executions).last_known_state == _last(executions).CACHED
    assert len(blessings) == len(runs[3][1])
    assert pushed == runs[3][2]
