"""The chain has its nodes in their order, and compiles without training engines."""

import json
import subprocess
import sys

import pytest

from pipelines import pipeline, use_case
from pipelines.operator_snapshot import NOTHING
from pipelines.places import Places

CHAIN = [
    "ImportSchemaGen",
    "SiloExampleGen",
    "SiloValidator",
    "FeatureSpecGen",
    "FederatedTrainer",
    "SiloBenchmark",
    "ContributionAuditor",
    "FairnessEvaluator",
    "Pusher",
    "BatchInferrer",
    "Dashboard",
]


@pytest.fixture
def flights(tmp_path):
    return use_case.find("flights", [f"silos.root={tmp_path / 'data'}"])


def test_parts_of_the_chain_end_where_they_should(flights, tmp_path):
    built = pipeline.build(flights, Places(tmp_path), "2013-11", NOTHING)
    assert {node.id for node in built.components} == set(CHAIN)
    assert built.enable_cache
    checks = pipeline.build_checks(flights, Places(tmp_path), "2013-11", NOTHING)
    assert {node.id for node in checks.components} == set(CHAIN[:4])
    scoring = pipeline.build_prediction(flights, Places(tmp_path), "2013-12")
    assert [node.id for node in scoring.components] == [*CHAIN[:2], "BatchInferrer"]
    assert scoring.components[1].exec_properties["purpose"] == "score"


def test_each_node_gets_its_own_section_only(flights, tmp_path):
    """A changed gate must not change what the trainer is keyed by."""

    def sections(*overrides):
        chosen = use_case.find("flights", overrides)
        built = pipeline.build(chosen, Places(tmp_path), "2013-11", NOTHING)
        return {
            node.id: json.dumps({k: str(v) for k, v in node.exec_properties.items()})
            for node in built.components
        }

    before, after = sections(), sections("gates.silo_gap.at_most=0.3")
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"FairnessEvaluator", "Dashboard"}
    for override, more in (
        ("privacy.run_epsilon=1", set()),
        # It is neither measured nor a feature then.
        ("privacy.person=hour", {"SiloValidator", "FeatureSpecGen"}),
    ):
        after = sections(override)
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"FederatedTrainer", "Dashboard"} | more
    assert "operator.sqlite" in after["FederatedTrainer"]
    assert json.loads(json.loads(after["SiloValidator"])["columns"])["unmeasured"] == [
        "day",
        "hour",
    ]


def test_building_loads_no_more_engines_than_it_needs(tmp_path):
    code = (
        "import sys, pathlib\n"
        "sys.modules['tensorflow_federated'] = None\n"
        "from pipelines import use_case\n"
        "from pipelines.cli import console\n"
        "with console.engines():\n"
        "    from pipelines import pipeline\n"
        "from pipelines.operator_snapshot import NOTHING\n"
        "from pipelines.places import Places\n"
        "from tfx.dsl.compiler import compiler\n"
        f"built = pipeline.build(use_case.find('flights'), "
        f"Places(pathlib.Path({str(tmp_path)!r})), 'latest', NOTHING)\n"
        "compiler.Compiler().compile(built)\n"
        "assert 'tensorflow_transform' not in sys.modules, 'all of tfx.components'\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)
