import dataclasses
import inspect
import json
import pathlib
import re

import pytest
from tfx.types import standard_artifacts

from components.artifacts import BenefitReport, SiloExamples
from components.batch_inferrer import driver, executor
from components.batch_inferrer.component import BatchInferrerSpec
from components.batch_inferrer.executor import Executor
from components.batch_inferrer.gate import choose
from components.batch_inferrer.pods import NO_PODS
from components.batch_inferrer.settings import InferenceSettings
from components.payloads import egress
from components.payloads.ledger import Ledger
from components.payloads.manifest import Manifest
from components.scoring.model import ModelCard
from tests.components.batch_inferrer.cases import KEY, Exported, Federate, written
from tests.support.own_models import Base

pytestmark = pytest.mark.beam


def test_parameters_are_those_that_executor_and_driver_read():
    text = inspect.getsource(executor) + inspect.getsource(driver)
    read = set(re.findall(r'(?:exec_)?properties(?:\[|\.get\()"(\w+)"', text))
    read |= {"use_case", "span"}  # read in a loop
    optional = {k for k, v in BatchInferrerSpec.PARAMETERS.items() if v.optional}
    assert optional == {
        "span",
        "model_uri",
        "model_digest",
        "benefit_uri",
        "stale_ledger_ids",
        "input",
    }
    assert set(BatchInferrerSpec.PARAMETERS) == read | optional


class Runner:
    """Runs the executor on artifacts and reads its ledger."""

    def __init__(
        self, folder: pathlib.Path, manifest: Manifest, model: Exported | Base
    ) -> None:
        self.folder, self.manifest, self.model = folder, manifest, model
        manifest.write(folder)

    def __call__(
        self,
        blessed: int = 1,
        with_model: bool = True,
        model_uri: str = "",
        force: str = "false",
        settings_force: bool = False,
        benefit: str = "",
        benefit_uri: str = "",
    ) -> tuple[Ledger, standard_artifacts.InferenceResult]:
        examples, given = SiloExamples(), standard_artifacts.Model()
        blessing = standard_artifacts.ModelBlessing()
        result = standard_artifacts.InferenceResult()
        examples.uri = result.uri = str(self.folder)
        given.uri = self.model.folder
        blessing.set_int_custom_property("blessed", blessed)
        inputs = {"examples": [examples]}
        if with_model:
            inputs |= {"model": [given], "blessing": [blessing]}
        if benefit:
            report = BenefitReport()
            report.uri = benefit
            inputs["benefit"] = [report]
        properties = {
            "settings": InferenceSettings(force=settings_force).model_dump_json(),
            "code": "c0de",
            "use_case": "people",
            "span": "7",
            "key": json.dumps(KEY),
            "force": force,
            "again": "",
            "pods": json.dumps(dataclasses.asdict(NO_PODS)),
            "work": str(self.folder / "work"),
            "model_uri": model_uri,
            "benefit_uri": benefit_uri,
        }
        Executor().Do(inputs, {"inference_result": [result]}, properties)
        return Ledger.read(self.folder), result


@pytest.fixture
def run(federate: Federate, model: Exported, tmp_path: pathlib.Path) -> Runner:
    return Runner(tmp_path, federate(), model)


def test_a_blessed_model_scores_all_silos_and_what_left_each_is_told(run):
    account, result = run()
    assert (account.status, account.rows) == ("done", 597)
    assert result.get_string_custom_property("use_case") == "people"
    assert result.get_string_custom_property("span") == "7"
    left = egress.read(run.folder)
    assert sorted(left) == ["nord", "süd-東", "vest"]
    assert all(
        [item.kind for item in items] == ["counts and digests"] and items[0].bytes > 0
        for items in left.values()
    )


def test_without_a_blessing_nothing_is_written_in_any_silo(run):
    account, _ = run(blessed=0)
    assert account.status == "skipped"
    assert account.reason == (
        "the model was not blessed: read the evaluator's reasons, or score with it "
        "all the same by `--force`"
    )
    assert written(run.manifest) == {}
    assert egress.read(run.folder) == {}


@pytest.mark.parametrize("how", [{"force": "true"}, {"settings_force": True}])
def test_flag_and_setting_force_a_model_that_is_not_blessed(run, how):
    account, _ = run(blessed=0, **how)
    assert (account.status, account.rows) == ("done", 597)


def test_the_model_that_the_driver_found_scores(run, model):
    account, _ = run(with_model=False, model_uri=model.folder)
    assert (account.status, account.model) == ("done", model.digest)


@pytest.mark.parametrize("is_given", [True, False])
def test_the_report_that_is_given_or_that_the_driver_found_says_what_serves(
    base, federate, tmp_path, is_given
):
    run = Runner(tmp_path, federate(), base)
    folder = tmp_path / "benefit"
    folder.mkdir()
    own = base.own(run.manifest["vest"].silo, "alone", base.others(1))
    base.report(own).write(folder)
    if is_given:
        account, _ = run(benefit=str(folder))
    else:
        account, _ = run(
            with_model=False, model_uri=base.folder, benefit_uri=str(folder)
        )
    assert account.model == base.digest
    assert [(line.served, line.model) for line in account.silos] == [
        ("base", base.digest),
        ("base", base.digest),
        ("alone", own.digest),
    ]


def test_without_any_model_the_ledger_says_the_way_out(run):
    account, _ = run(with_model=False, force="true")
    assert (account.status, account.reason) == (
        "skipped",
        "no blessed model of this span or an earlier one was found: run the pipeline "
        "until a model is blessed",
    )


def test_a_model_that_was_not_trained_does_not_score_even_by_force(tmp_path):
    ModelCard(refusal="2 of 5 silos were admitted; the quorum is 3").write(tmp_path)
    choice = choose(str(tmp_path), is_blessed=False, found="", force=True)
    assert choice.refusal == (
        "no model was trained: 2 of 5 silos were admitted; the quorum is 3"
    )


def test_a_model_whose_folder_is_gone_is_named(tmp_path):
    gone = str(tmp_path / "gone")
    assert choose("", False, gone, False).refusal.startswith(f"{gone}: found no model")
