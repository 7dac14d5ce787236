"""A run's first step reads the settings once, and refuses what can't be used."""

import json
import pathlib

import pytest

from components.errors import SettingsError
from pipelines import use_case
from pipelines.runners import opening, parameters
from pipelines.runners.job import Job


def values(**changed: str) -> dict[str, str]:
    known = parameters.of(use_case.find("flights").settings)
    return {one.name: str(one.default) for one in known} | changed


@pytest.fixture
def job(tmp_path) -> Job:
    return Job("flights", "run-1", tmp_path)


def opened(job: Job, folder: pathlib.Path, **changed: str):
    return opening.settings_of(job, values(**changed), folder)


def test_the_form_changes_settings_and_relative_paths_start_at_the_root(job, tmp_path):
    chosen = opened(job, tmp_path, rounds="3", seed="9")
    assert chosen.settings.training.rounds == 3
    assert chosen.settings.training.seed == 9
    assert chosen.data == tmp_path / "build" / "flights-data"


def test_the_config_map_changes_settings_and_the_form_still_wins(job, tmp_path):
    patch = tmp_path / "flights.yaml"
    patch.write_text("training: {rounds: 4, batch_size: 32}\nvalidation: {quorum: 2}\n")
    chosen = opened(job, tmp_path, rounds="5", batch_size="32")
    assert chosen.settings.training.rounds == 5
    assert chosen.settings.validation.quorum == 2
    assert chosen.settings.validation.min_rows == 50  # beside it, untouched


def test_a_gate_that_only_the_config_map_knows_needs_no_toggle(job, tmp_path):
    (tmp_path / "flights.yaml").write_text("gates: {silo_gap: null}\n")
    assert opened(job, tmp_path).settings.gates.silo_gap is None


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"rounds": "0"}, "`training.rounds`: found 0; input should be greater"),
        ({"algorithm": "fedsgd"}, "expected one of"),
        ({"client_learning_rate": "fast"}, "`training.client_learning_rate`"),
        ({"force": "maybe"}, "parameter `force` is 'maybe': expected true or false"),
        ({"span": " "}, "parameter `span` is empty"),
        (
            dict.fromkeys(
                (
                    "gate_better_than_chance",
                    "gate_silo_floor",
                    "gate_worst_silo",
                    "gate_silo_gap",
                    "gate_calibration",
                    "gate_change",
                    "gate_silo_change",
                ),
                "false",
            ),
            "no gate is configured",
        ),
    ],
)
def test_a_wrong_parameter_is_refused_with_the_settings_own_error(
    job, tmp_path, changed, sentence
):
    with pytest.raises(SettingsError, match=sentence):
        opened(job, tmp_path, **changed)


@pytest.mark.parametrize(
    ("missing", "added", "found"),
    [
        ("seed", {}, "without seed"),
        ("", {"momentum": "0.9"}, "with the unknown momentum"),
    ],
)
def test_a_package_of_another_version_is_refused(job, tmp_path, missing, added, found):
    given = {name: text for name, text in values(**added).items() if name != missing}
    with pytest.raises(SettingsError, match=found) as refusal:
        opening.settings_of(job, given, tmp_path)
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
    opening.compile_run(job, opening.settings_of(job, given, tmp_path), given)
    chain = json.loads(job.ir_file.read_text())
    text = job.ir_file.read_text()
    assert chain["runtimeSpec"]["pipelineRunId"]["fieldValue"]["stringValue"] == "run-1"
    assert "env:FAIRSILO_STORE" in text
    assert "secret" not in text
    assert str(tmp_path / "flights" / "pipeline") in text
    assert list(job.places.schemas.iterdir())
    assert [path.name for path in job.folder.iterdir()] == ["pipeline.json"]
