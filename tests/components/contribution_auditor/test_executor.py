"""Executor and driver on artifacts made by hand, and earlier audits in real MLMD."""

from __future__ import annotations

import json
import pathlib

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components import artifacts
from components.contribution_auditor import component, earlier, executor
from components.contribution_auditor.settings import AuditSettings
from components.federation import audited_rounds
from components.payloads import egress
from components.payloads.contribution import (
    ECHO,
    ContributionReport,
    Sign,
    SiloContribution,
)
from components.payloads.findings import Finding
from tests.components.contribution_auditor import support
from tests.support import silos

SIGN = Sign(ECHO, "copy", Finding("it repeats"))


def test_parameters_are_what_the_executor_reads():
    read, _ = silos.properties_of(executor)
    # The digests of code are there for the cache alone.
    known = set(component.ContributionAuditorSpec.PARAMETERS)
    assert read == known - {"code", "module_code"}


def test_the_executor_writes_the_report_and_what_earlier_audits_are_found_by(tmp_path):
    request = support.request(tmp_path, settings=AuditSettings(rounds=2))
    inputs = {}
    for name, kind, payload in (
        ("examples", artifacts.SiloExamples, request.manifest),
        ("cohort", artifacts.Cohort, request.cohort),
        ("feature_spec", artifacts.FeatureSpec, support.SPEC),
        ("benefit", artifacts.BenefitReport, request.benefit),
    ):
        made = kind()
        made.uri = str(tmp_path / name)
        pathlib.Path(made.uri).mkdir()
        payload.write(made.uri)
        inputs[name] = [made]
    run = artifacts.ModelRun()
    run.uri = str(request.model_run)
    output = artifacts.ContributionReport()
    output.uri = str(tmp_path / "contribution")
    properties = {
        "settings": request.settings.model_dump_json(),
        "training": request.plan.model_dump_json(),
        "label": support.LABEL,
        "split_by": "[]",
        "min_rows": 30,
        "module_file": request.module_file,
        "appeals": json.dumps({"west": "B. Owner: ours"}),
        "earlier": json.dumps({"west": [["2013-10", ["zero"]]]}),
        "attempt": "key/0",
    }
    executor.Executor().Do(
        inputs | {"model_run": [run]}, {"contribution": [output]}, properties
    )
    report = ContributionReport.read(output.uri)
    assert [one.silo for one in report.silos] == [*support.SIZES]
    assert report.get("west").appeal == "B. Owner: ours"
    assert not [*request.model_run.rglob(audited_rounds.UPDATES)]
    assert set(egress.read(output.uri)) == set(support.SIZES)
    assert output.get_string_custom_property("use_case") == "flights"
    assert output.get_string_custom_property("span") == "3"
    assert output.get_string_custom_property(earlier.MODEL) == "digest"


class Store:
    """Audits in ML Metadata, one after the other."""

    def __init__(self, folder: pathlib.Path) -> None:
        config = metadata_store_pb2.ConnectionConfig()
        config.sqlite.filename_uri = str(folder / "m.sqlite")
        config.sqlite.connection_mode = 3
        self.store = metadata_store.MetadataStore(config)
        kind = artifacts.ContributionReport()
        self._type = self.store.put_artifact_type(kind.artifact_type)
        self._folder = folder

    def add(self, model, span, *riders, use_case="flights", write=True):
        made = artifacts.ContributionReport()
        made.type_id = self._type
        made.uri = str(self._folder / f"{model}-{span}")
        for name, value in (("use_case", use_case), ("model", model), ("span", span)):
            made.set_string_custom_property(name, value)
        if write:
            pathlib.Path(made.uri).mkdir(exist_ok=True)
            found = [SiloContribution(silo, signs=(SIGN,)) for silo in riders]
            ContributionReport((*found, SiloContribution("honest"))).write(made.uri)
        self.store.put_artifacts([made.mlmd_artifact])

    def find(self, model, span="2013-12"):
        found = earlier.find(self.store, "flights", model, span)
        assert earlier.of_json(earlier.to_json(found)) == found
        return {silo: [one.where for one in many] for silo, many in found.items()}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def test_no_audit_yet(store):
    assert store.find("a") == {}


def test_signs_of_the_last_two_earlier_spans_are_found_the_latest_first(store):
    store.add("a", "2013-08", "north")
    store.add("c", "2013-10", "west", "east")
    store.add("b", "2013-09", "west")
    assert store.find("d") == {"west": ["2013-10", "2013-09"], "east": ["2013-10"]}


def test_the_same_rows_or_later_ones_are_no_earlier_audit(store):
    store.add("a", "2013-11", "west")
    store.add("b", "2013-12", "west")
    assert store.find("c", "2013-11") == {}
    assert store.find("c", "2013-10") == {}


def test_of_several_audits_of_a_span_the_last_counts(store):
    store.add("a", "2013-11", "west")
    store.add("b", "2013-11")
    assert store.find("c") == {}


def test_clean_audits_put_an_old_sign_behind(store):
    store.add("a", "2013-08", "west")
    store.add("b", "2013-09")
    store.add("c", "2013-10")
    assert store.find("d") == {}


def test_other_use_cases_and_lost_reports_are_passed_over(store):
    store.add("a", "2013-09", "west", use_case="census")
    store.add("b", "2013-10", "west", write=False)
    assert store.find("c") == {}


def test_without_spans_audits_of_other_models_count(store):
    store.add("a", "", "west")
    [[named]] = store.find("b", "").values()
    assert named.startswith("run ")
    assert store.find("a", "") == {}


def test_without_spans_an_audit_that_is_found_again_sees_nothing_later(store):
    store.add("a", "", "west")
    store.add("b", "", "east")
    assert store.find("a", "") == {}
    assert [*store.find("b", "")] == ["west"]


def test_the_kinds_of_signs_are_kept(store):
    store.add("a", "2013-09", "west")
    [one] = earlier.find(store.store, "flights", "b", "2013-10")["west"]
    assert one.kinds == ("copy",)
