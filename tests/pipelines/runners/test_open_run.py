"""A run's first step reads the settings once, and refuses what can't be used."""

import dataclasses
import json
import pathlib
import types

import pytest

from components.errors import FairSiloError, SettingsError
from pipelines import use_case
from pipelines.operator_snapshot import NOTHING
from pipelines.runners import open_run, parameters, steps
from pipelines.runners.job import Job


def values(**changed: str) -> dict[str, str]:
    known = parameters.of(use_case.find("flights").settings)
    return {one.name: str(one.default) for one in known} | changed


@pytest.fixture
def job(tmp_path) -> Job:
    return Job("flights", "run-1", tmp_path)


def opened(job: Job, folder: pathlib.Path, **changed: str):
    return open_run.settings_of(job, values(**changed), folder)


def test_the_form_changes_settings_and_relative_paths_start_at_the_root(job, tmp_path):
    chosen = opened(job, tmp_path, rounds="3", seed="9")
    assert chosen.settings.training.rounds == 3
    assert chosen.settings.training.seed == 9
    assert chosen.data == tmp_path / "build" / "flights-data"


def test_the_config_map_counts_unless_the_form_says_something_else(job, tmp_path):
    patch = tmp_path / "flights.yaml"
    patch.write_text(
        "training: {rounds: 4, batch_size: 32, seed: 7}\nvalidation: {quorum: 2}\n"
        "kubeflow: {not_blessed: red}\ngates: {silo_gap: {at_most: 0.4}}\n"
    )
    untouched = opened(job, tmp_path).settings
    assert (untouched.training.rounds, untouched.training.batch_size) == (4, 32)
    assert untouched.kubeflow.not_blessed == "red"
    assert untouched.gates.silo_gap.at_most == 0.4
    chosen = opened(
        job,
        tmp_path,
        rounds="5",
        colour_if_not_blessed="green",
        skip_gate_silo_gap="true",
    )
    assert (chosen.settings.training.rounds, chosen.settings.training.seed) == (5, 7)
    assert chosen.settings.kubeflow.not_blessed == "green"
    assert chosen.settings.gates.silo_gap is None
    assert chosen.settings.validation.quorum == 2
    assert chosen.settings.validation.min_rows == 50  # beside it, untouched


def test_a_gate_that_only_the_config_map_knows_needs_no_toggle(job, tmp_path):
    (tmp_path / "flights.yaml").write_text("gates: {silo_gap: null}\n")
    assert opened(job, tmp_path).settings.gates.silo_gap is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"rounds": "0"}, "field `rounds`: found '0'; input should be greater"),
        ({"algorithm": "fedsgd"}, "expected one of"),
        (
            {"client_learning_rate": "fast"},
            "field `client_learning_rate`: found 'fast'",
        ),
        ({"colour_if_not_blessed": "blue"}, "field `colour_if_not_blessed`: found"),
        ({"force": "maybe"}, "field `force`: found 'maybe', expected true or false"),
        ({"span": " "}, "field `span`: found nothing"),
        (
            dict.fromkeys(
                (
                    "skip_gate_better_than_chance",
                    "skip_gate_silo_floor",
                    "skip_gate_silo_gap",
                    "skip_gate_calibration",
                    "skip_gate_change",
                    "skip_gate_silo_change",
                ),
                "true",
            ),
            "no gate is configured",
        ),
    ],
)
def test_a_wrong_value_of_the_form_is_refused_by_its_fields_name(
    job, tmp_path, changed, sentence
):
    with pytest.raises(SettingsError, match=sentence) as refusal:
        opened(job, tmp_path, **changed)
    assert "settings.yaml" not in str(refusal.value)
    assert "training." not in str(refusal.value)
    assert refusal.value.hint == "start the run again with another value"


@pytest.mark.parametrize(
    ("missing", "added", "found"),
    [
        ("seed", {}, "without seed"),
        ("", {"momentum": "0.9"}, "with the unknown momentum"),
        ("", {"gate_change": "false"}, "with the unknown gate_change"),
    ],
)
def test_a_package_of_another_version_is_refused(job, tmp_path, missing, added, found):
    given = {name: text for name, text in values(**added).items() if name != missing}
    with pytest.raises(SettingsError, match=found) as refusal:
        open_run.settings_of(job, given, tmp_path)
    assert "of another version" in refusal.value.hint


def test_a_broken_config_map_is_named(job, tmp_path):
    (tmp_path / "flights.yaml").write_text("training: [")
    with pytest.raises(SettingsError, match=r"flights\.yaml: found no valid YAML"):
        opened(job, tmp_path)


def test_the_chain_is_written_with_its_run_and_without_secrets(
    job, tmp_path, monkeypatch
):
    monkeypatch.setenv("FAIRSILO_STORE", "mysql+pymysql://me:secret@db:3306/fairsilo")
    data = tmp_path / "build" / "flights-data"
    data.mkdir(parents=True)
    given = values(rounds="3")
    chosen = open_run.settings_of(job, given, tmp_path)
    assert not open_run.compile_run(job, chosen, given, NOTHING), "the data is there"
    chain = json.loads(job.ir_file.read_text())
    text = job.ir_file.read_text()
    assert chain["runtimeSpec"]["pipelineRunId"]["fieldValue"]["stringValue"] == "run-1"
    assert "secret" not in text
    assert str(tmp_path / "flights" / "pipeline") in text
    assert list(job.places.schemas.iterdir())
    assert {path.name for path in job.folder.iterdir()} == {
        "pipeline.json",
        "settings.json",
    }
    assert open_run.read_settings(job) == chosen.settings


def test_settings_that_are_not_there_are_named_with_the_step_that_writes_them(job):
    with pytest.raises(FairSiloError, match="found no settings") as refusal:
        open_run.read_settings(job)
    assert "the step prepare wrote" in refusal.value.message


@pytest.mark.parametrize(
    "nodes",
    [
        ("FairnessEvaluator",),  # Pusher in no step
        ("Pusher", "FairnessEvaluator"),  # before what it reads
        ("FairnessEvaluator", "Pusher", "Auditor"),  # not in the chain
    ],
)
def test_a_chain_whose_nodes_are_not_those_of_the_steps_is_refused(nodes, monkeypatch):
    def node(name, *upstream):
        before = [types.SimpleNamespace(id=one) for one in upstream]
        return types.SimpleNamespace(id=name, upstream_nodes=before)

    chain = types.SimpleNamespace(
        components=[node("FairnessEvaluator"), node("Pusher", "FairnessEvaluator")]
    )
    right = steps.Step("evaluate", "Evaluate", ("FairnessEvaluator", "Pusher"))
    monkeypatch.setattr(steps, "CHAIN", (right,))
    open_run.check_nodes(chain)
    monkeypatch.setattr(steps, "CHAIN", (dataclasses.replace(right, nodes=nodes),))
    with pytest.raises(FairSiloError, match="expected those of the steps") as refusal:
        open_run.check_nodes(chain)
    assert "steps.py" in refusal.value.hint
