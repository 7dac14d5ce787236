"""What people decide while a run is under way counts from the next run on."""

import json

import pytest
from google.protobuf import json_format
from tfx.dsl.compiler import compiler

from components.fairness_evaluator.waivers import Waivers
from components.operator_state import OperatorState
from pipelines import operator_snapshot, pipeline, use_case
from pipelines.places import Places


@pytest.fixture
def places(tmp_path) -> Places:
    return Places(tmp_path)


@pytest.fixture
def waivers(places) -> Waivers:
    return Waivers(places.operator_store, "flights")


@pytest.fixture
def state(places) -> OperatorState:
    return OperatorState(places.operator_store, "flights")


GIVEN = {"gate": "silo_floor", "model_digest": "d1", "by": "A. Reviewer"}


def waive(waivers):
    return waivers.waive(run_id="r", reason="agreed", until="2999-12-31", **GIVEN)


def started(places):
    """Return the chain of a run that starts now."""
    decided = operator_snapshot.read(places.operator_store, "flights")
    chosen = use_case.find("flights", [f"silos.root={places.output / 'data'}"])
    return pipeline.build(chosen, places, "2013-11", decided)


def compiled(chain) -> str:
    return json_format.MessageToJson(compiler.Compiler().compile(chain), sort_keys=True)


def properties(chain, node: str):
    (found,) = (one for one in chain.components if one.id == node)
    return found.exec_properties


def test_a_decision_holds_for_the_runs_that_start_after_it(places, state, waivers):
    before = started(places)
    state.quarantine("9E", "audit")
    given = waive(waivers)
    assert properties(before, "SiloValidator")["quarantined"] == "{}"
    assert properties(before, "FairnessEvaluator")["waivers"] == "{}"
    after = started(places)
    assert properties(after, "SiloValidator")["quarantined"] == '{"9E": "audit"}'
    told = json.loads(properties(after, "FairnessEvaluator")["waivers"])
    assert told["d1"][0]["reason"] == given.reason == "agreed"


def test_what_is_taken_back_gives_the_chain_of_before(places, state, waivers):
    """Its parameters are the cache's key, so all results come from the cache."""
    before = compiled(started(places))
    state.quarantine("9E", "audit")
    waive(waivers)
    assert compiled(started(places)) != before
    state.release("9E", "passed")
    waivers.withdraw(reason="not agreed", **GIVEN)
    assert compiled(started(places)) == before
