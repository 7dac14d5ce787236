"""Executor and driver on artifacts made by hand, without an orchestrator."""

from __future__ import annotations

import pathlib

import pytest
from tfx.orchestration import metadata
from tfx.orchestration.portable import data_types

from components import artifacts
from components.payloads import egress
from components.payloads.benefit import BASE, PERSONAL, BenefitReport
from components.scoring import model
from components.silo_benchmark import component, driver, executor
from tests.components.silo_benchmark.support import (
    LABEL,
    PLAN,
    SPEC,
    entry,
    make_case,
    sizes,
)
from tests.support import silos


def test_parameters_are_what_the_executor_reads():
    read, _ = silos.properties_of(executor)
    # The digests of code are there for the cache alone.
    known = set(component.SiloBenchmarkSpec.PARAMETERS)
    assert read == known - {"code", "module_code"}


def write_spec(folder):
    """Write what is read of a SavedModel."""
    assets = model.serving_path(folder) / "assets"
    assets.mkdir(parents=True)
    SPEC.write(assets)


class Node:
    """The node on a case of two silos, of which the base model does not fit one."""

    def __init__(self, folder: pathlib.Path) -> None:
        homes = folder / "homes"
        self.case = make_case(
            folder,
            entry(homes, "east", -0.5, sizes(400, 150, 200)),
            entry(homes, "north", 0.5, sizes(200, 90, 90), 7),
        )
        request = self.case.request()
        write_spec(request.model)
        self.inputs = {}
        for name, kind, payload in (
            ("examples", artifacts.SiloExamples, request.manifest),
            ("cohort", artifacts.Cohort, request.cohort),
            ("feature_spec", artifacts.FeatureSpec, SPEC),
            ("model", artifacts.Model, None),
            ("model_run", artifacts.ModelRun, request.run),
        ):
            made = kind()
            made.uri = str(folder / name.replace("model_run", "run"))
            pathlib.Path(made.uri).mkdir(exist_ok=True)
            if payload:
                payload.write(made.uri)
            self.inputs[name] = [made]
        self.properties = {
            "settings": request.settings.model_dump_json(),
            "training": PLAN.model_dump_json(),
            "label": LABEL,
            "split_by": "[]",
            "min_rows": 5,
            "module_file": request.module_file,
            "attempt": "key/0",
        }
        self.output = artifacts.BenefitReport()
        self.output.uri = str(folder / "benefit")
        self._connection = metadata.Metadata(
            metadata.sqlite_metadata_connection_config(str(folder / "m.sqlite"))
        )

    def run(self) -> BenefitReport:
        outputs = {"benefit": [self.output]}
        executor.Executor().Do(self.inputs, outputs, self.properties)
        return BenefitReport.read(self.output.uri)

    def publish(self) -> int:
        with self._connection as opened:
            made = self.output
            made.type_id = opened.store.put_artifact_type(made.artifact_type)
            made.mlmd_artifact.state = driver.LIVE
            return silos.publish(opened.store, [made.mlmd_artifact])[0]

    def lost(self) -> str:
        info = data_types.ExecutionInfo(
            input_dict=self.inputs, exec_properties=self.properties
        )
        added = driver.Driver(self._connection).run(info).exec_properties
        return str(added["lost_report_ids"].string_value)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    made = Node(tmp_path_factory.mktemp("node"))
    return made, made.run()


def test_executor_writes_the_report_and_what_left_each_silo(node):
    made, report = node
    assert [(one.silo, one.served) for one in report.silos] == [
        ("east", PERSONAL),
        ("north", BASE),
    ]
    left = egress.read(made.output.uri)
    assert {silo: item.kind for silo, (item,) in left.items()} == {
        "east": "benefit figures",
        "north": "benefit figures",
    }
    assert made.output.get_string_custom_property("attempt") == "", "no fault"


def test_lost_weights_are_trained_again_and_the_cache_holds_until_then(node):
    made, report = node
    assert made.lost() == ""
    number = made.publish()
    assert made.lost() == ""
    path = made.case.entries[0].silo.path(report.get("east").weights)
    content = path.read_bytes()
    path.unlink()
    assert made.lost() == str(number)
    assert made.run() == report
    assert path.read_bytes() == content
    assert made.lost() == ""


def test_lost_weights_of_another_model_do_not_matter(node, tmp_path):
    made, report = node
    made.publish()
    path = made.case.entries[0].silo.path(report.get("east").weights)
    kept = path.read_bytes()
    path.write_bytes(b"damaged")
    try:
        assert made.lost() != ""
        model.ModelCard(digest="other").write(tmp_path)
        write_spec(tmp_path)
        other = artifacts.Model()
        other.uri = str(tmp_path)
        inputs = made.inputs
        made.inputs = inputs | {"model": [other]}
        assert made.lost() == ""
        model.ModelCard(refusal="no quorum").write(tmp_path)
        assert made.lost() == ""
        made.inputs = inputs
    finally:
        path.write_bytes(kept)


def test_report_of_a_damaged_silo_is_not_final(tmp_path):
    made = Node(tmp_path)
    split = made.case.entries[0].splits["eval"]
    pathlib.Path(split.paths[0]).write_bytes(b"damaged")
    report = made.run()
    assert "damaged" in report.get("east").failure
    assert made.output.get_string_custom_property("attempt") == "key/0"
