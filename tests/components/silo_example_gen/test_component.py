from components.silo_example_gen import component, driver, executor
from tests.support import silos

ADDED = {"fingerprint", "generation"}  # by the driver, see test_driver.py
ONLY_FOR_THE_CACHE = {"generation"}


def test_parameters_are_what_driver_and_executor_read():
    parameters = component.SiloExampleGenSpec.PARAMETERS
    by_driver, _ = silos.properties_of(driver)
    by_executor, _ = silos.properties_of(executor)
    assert set(parameters) == by_driver | by_executor | ONLY_FOR_THE_CACHE
    assert {name for name, found in parameters.items() if found.optional} == ADDED


def test_the_component_carries_the_spec_the_driver_and_the_executor():
    node = component.SiloExampleGen
    assert node.SPEC_CLASS is component.SiloExampleGenSpec
    assert node.DRIVER_CLASS is driver.Driver
    assert node.EXECUTOR_SPEC.executor_class is executor.Executor
