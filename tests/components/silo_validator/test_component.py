from tfx.types import channel

from components import artifacts
from components.silo_validator import component, driver, executor
from components.silo_validator.columns import Columns
from components.silo_validator.settings import ValidationSettings
from tests.support.silos import properties_of


def test_parameters_are_those_that_executor_and_driver_read():
    read = properties_of(executor)[0] | properties_of(driver)[0]
    declared = component.SiloValidatorSpec.PARAMETERS
    assert set(declared) - read == {"code"}, "for the cache alone"
    assert read <= set(declared)
    optional = {name for name, parameter in declared.items() if parameter.optional}
    assert optional == {"baselines"}, "the driver adds this"


def test_node_carries_its_section_and_its_code():
    node = component.SiloValidator(
        examples=channel.Channel(type=artifacts.SiloExamples),
        schema=channel.Channel(type=artifacts.Schema),
        settings=ValidationSettings(quorum=3),
        columns=Columns("late", ("id",)),
        use_case="flights",
        quarantined={"west": "audit", "north": "—"},
    )
    assert node.exec_properties["by_hand"] == '{"north": "—", "west": "audit"}'
    assert '"quorum":3' in node.exec_properties["settings"]
    assert len(node.exec_properties["code"]) == 64
    assert node.outputs["cohort"].type is artifacts.Cohort


def test_node_is_run_by_its_own_driver_and_executor():
    node = component.SiloValidator
    assert node.DRIVER_CLASS is driver.Driver
    assert node.EXECUTOR_SPEC.executor_class is executor.Executor
