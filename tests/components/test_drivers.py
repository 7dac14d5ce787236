from ml_metadata import MetadataStore
from tfx.dsl.components.base import base_driver as dsl_base_driver
from tfx.orchestration import metadata
from tfx.orchestration.portable import base_driver, data_types

from components.drivers import PropertyDriver


class Adds(PropertyDriver):
    def added(self, execution_info, store):
        assert isinstance(store, MetadataStore)
        return {"text": execution_info.exec_properties["seen"] + "!", "number": 3}


def test_added_properties_reach_tfx_with_their_types(tmp_path):
    connection = metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata.sqlite"))
    )
    driver = Adds(connection)
    output = driver.run(data_types.ExecutionInfo(exec_properties={"seen": "a"}))
    assert set(output.exec_properties) == {"text", "number"}
    assert output.exec_properties["text"].string_value == "a!"
    assert output.exec_properties["number"].int_value == 3


def test_tfx_takes_it_both_as_a_components_driver_and_as_one_to_run():
    assert issubclass(PropertyDriver, dsl_base_driver.BaseDriver)
    assert issubclass(PropertyDriver, base_driver.BaseDriver)
