"""What a package tells of itself; files that are no packages are refused."""

import pytest
import yaml

from components.errors import SettingsError
from pipelines.kubeflow import package
from pipelines.kubeflow.package import Declared
from tests.support import kfp_package


def test_steps_come_after_those_they_wait_for(package_file):
    steps = package.read(package_file).steps
    titles = [step.title for step in steps]
    order = ["Open run", "SiloExampleGen", "Dashboard", "Decide"]
    assert [title for title in titles if title in order] == order
    assert set(titles) == {*order, "Close run"}


def test_a_step_knows_its_retries_and_the_labels_of_its_pods(package_file):
    steps = {step.task: step for step in package.read(package_file).steps}
    assert steps["dashboard"].retried
    assert not steps["decide"].retried
    assert (steps["decide"].annotations, steps["decide"].labels) == (0, 2)


def test_without_a_platform_document_no_labels_are_known(tmp_path):
    path = tmp_path / "package.yaml"
    path.write_text(yaml.safe_dump(kfp_package.pipeline()))
    assert {step.annotations for step in package.read(path).steps} == {None}


def test_parameters_have_types(package_file):
    parameters = package.read(package_file).parameters
    assert parameters["rounds"] == Declared("rounds", "NUMBER_INTEGER", False)
    assert parameters["span"].kind == "STRING"


def test_a_parameter_without_default_is_required(tmp_path):
    spec = kfp_package.pipeline()
    del spec["root"]["inputDefinitions"]["parameters"]["span"]["defaultValue"]
    del spec["root"]["inputDefinitions"]["parameters"]["span"]["isOptional"]
    path = tmp_path / "package.yaml"
    path.write_text(yaml.safe_dump(spec))
    assert package.read(path).parameters["span"].required


def test_the_versions_name_is_its_contents_digest(package_file, tmp_path):
    name = package.version_name(package_file)
    copy = kfp_package.write(tmp_path / "copy.yaml")
    other = kfp_package.write(tmp_path / "other.yaml", image="newer")
    assert package.version_name(copy) == name
    assert package.version_name(other) != name
    assert len(name) == package.DIGITS


@pytest.mark.parametrize("nested", [True, False])
def test_a_server_returns_it_with_or_without_a_platform(nested):
    spec = kfp_package.pipeline()
    told = {"pipeline_spec": spec, "platform_spec": kfp_package.platform()}
    assert package.of_version(told if nested else spec).name == "flights"


def _old(spec):
    return {**spec, "schemaVersion": "2.0.0"}


def _foreign(spec):
    tasks = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    del tasks["open-run"], tasks["silo-example-gen"]["dependentTasks"]
    return spec


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_old, "found schema version 2.0.0, expected 2.1.0"),
        (_foreign, "found no step `open-run`"),
        (lambda _: {"rows": 3}, "found no pipeline"),
        (lambda _: ["root"], "found no pipeline"),
        (lambda _: None, "found no pipeline"),
    ],
)
def test_another_document_is_refused(tmp_path, change, found):
    path = tmp_path / "package.yaml"
    path.write_text(yaml.safe_dump(change(kfp_package.pipeline())))
    with pytest.raises(SettingsError, match=found):
        package.read(path)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("package.zip", b"PK", "expected a package named"),
        ("package.yaml", b"a: [", "found no valid YAML"),
        ("package.yaml", b"", "found no pipeline"),
        ("package.yaml", b"\xff\xfe\x00", "found no readable file"),
    ],
)
def test_another_file_is_refused(tmp_path, name, content, found):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=found):
        package.read(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match="No such file"):
        package.read(tmp_path / "package.yaml")
