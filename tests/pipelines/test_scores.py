"""Scores made elsewhere: what is asked for, and what is refused."""

from __future__ import annotations

import pathlib

import pytest

from components.errors import SettingsError
from components.fairness_evaluator.gate_settings import GateSettings
from pipelines import scores

FOLDER = pathlib.Path("/data/scored")


def request(label="", score="score", baseline="", use_case="", overrides=()):
    return scores.request(FOLDER, label, score, baseline, use_case, overrides)


def test_without_a_use_case_only_the_overrides_count():
    asked = request(overrides=["evaluation.slices=[sex]", "gates.silo_gap.at_most=0.1"])
    assert (asked.name, asked.label, asked.score) == ("scored", "label", "score")
    assert asked.settings.evaluation.slices == ("sex",)
    assert asked.settings.gates is not None
    assert list(asked.settings.gates.configured) == ["better_than_chance", "silo_gap"]
    assert request().settings.gates is None


def test_a_use_case_gives_label_measures_and_gates():
    asked = request(use_case="census", overrides=["evaluation.thresholds=[0.25, 0.5]"])
    assert (asked.name, asked.label) == ("census", "high_income")
    assert asked.settings.evaluation.slices == ("sex", "race")
    assert asked.settings.gates is not None
    assert request(use_case="census", label="rich").label == "rich"


@pytest.mark.parametrize(
    "columns",
    [{"label": "score"}, {"baseline": "score"}, {"label": "old", "baseline": "old"}],
)
def test_one_column_can_not_be_two_things(columns):
    with pytest.raises(
        SettingsError, match=r"found the columns .*, expected different"
    ):
        request(**columns)


def test_gates_that_need_a_model_trained_alone_are_left_out_and_named():
    asked = GateSettings.model_validate(
        {
            "silo_gap": {"at_most": 0.1},
            "worse_than_alone": {"at_most_worse": 0.01},
            "base_worse_than_alone": {"at_most_worse": 0.05},
        }
    )
    gates, note = scores.without_gains(asked)
    assert list(gates.configured) == ["better_than_chance", "silo_gap"]
    assert note.startswith("left out: worse_than_alone and base_worse_than_alone,")
    assert scores.without_gains(gates) == (gates, "")


def test_settings_that_can_not_be_used_are_named():
    with pytest.raises(SettingsError) as caught:
        request(overrides=["evaluation.slice=[sex]", "gates.silo_floor.at_least=2"])
    assert caught.value.message.startswith("--set: 2 settings can't be used:\n")
    assert "`evaluation.slice`: unknown key; did you mean `slices`?" in str(
        caught.value
    )
    with pytest.raises(SettingsError, match=r"`gates.minimum_data.rows` is 20, but"):
        request(overrides=["gates.silo_gap.at_most=0.1", "gates.minimum_data.rows=20"])
