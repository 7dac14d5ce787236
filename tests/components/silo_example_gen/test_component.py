from components.silo_example_gen import component, driver, executor
from tests.support import silos

ADDED = {"fingerprint", "generation"}  # by the driver, see test_driver.py
ONLY_FOR_THE_CACHE: set[str] = set()


def test_parameters_are_what_driver_and_executor_read():
    parameters = set(component.SiloExampleGenSpec.PARAMETERS)
    by_driver, _ = silos.properties_of(driver)
    by_executor, _ = silos.properties_of(executor)
    assert parameters == (by_driver | by_executor) - ADDED | ONLY_FOR_THE_CACHE


def test_the_component_carries_the_spec_the_driver_and_the_executor():
    node = component.SiloExampleGen
    assert node.SPEC_CLASS is component.SiloExampleGenSpec
    assert node.DRIVER_CLASS is driver.Driver
    assert node.EXECUTOR_SPEC.executor_class is executor.Executor
