import json

from tfx.types import channel

from components import artifacts
from components.feature_spec_gen import component, executor
from components.feature_spec_gen.settings import FeatureSettings
from tests.support.silos import properties_of


def test_parameters_are_those_that_the_executor_reads():
    read = properties_of(executor)[0]
    declared = set(component.FeatureSpecGenSpec.PARAMETERS)
    assert declared - read == {"code"}, "for the cache alone"
    assert read <= declared


def test_node_carries_its_section_and_its_code():
    node = component.FeatureSpecGen(
        statistics=channel.Channel(type=artifacts.SiloStatistics),
        cohort=channel.Channel(type=artifacts.Cohort),
        schema=channel.Channel(type=artifacts.Schema),
        settings=FeatureSettings(clip=3),
        not_features=["late"],
    )
    assert json.loads(node.exec_properties["not_features"]) == ["late"]
    assert '"clip":3.0' in node.exec_properties["settings"]
