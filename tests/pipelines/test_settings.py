"""Settings are strict, and say what was found, what is allowed and the way out."""

import pathlib

import pytest
import yaml

from components.errors import SettingsError
from pipelines.settings import load

SMALL = {
    "silos": {"root": "data", "pattern": "{silo}/{span}.parquet"},
    "rows": {"label": "late", "score": "following_span"},
    "gates": {"silo_floor": {"at_least": 0.6}},
}


@pytest.fixture
def write(tmp_path):
    def _write(data) -> pathlib.Path:
        path = tmp_path / "pipelines" / "mine" / "settings.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = data if isinstance(data, str) else yaml.safe_dump(data)
        path.write_text(text)
        return path

    return _write


def test_small_settings_are_filled_with_defaults(write):
    settings = load(write(SMALL))
    assert settings.training.rounds == 10
    assert settings.source.rows.label == "late"


def test_override_changes_a_nested_setting_with_its_type(write):
    settings = load(write(SMALL), ["training.rounds=3", "evaluation.slices=[a, b]"])
    assert settings.training.rounds == 3
    assert settings.evaluation.slices == ("a", "b")


def test_unknown_key_is_named_with_what_is_allowed_and_what_was_meant(write):
    with pytest.raises(SettingsError) as caught:
        load(write({**SMALL, "training": {"round": 3}}))
    text = str(caught.value)
    assert "`training.round`: unknown key; did you mean `rounds`?" in text
    assert "Allowed: algorithm, batch_size" in text
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("training.rounds=0", "`training.rounds`: found 0; input should be greater"),
        (
            "training.algorithm=fedavgg",
            "`training.algorithm`: found 'fedavgg'; expected",
        ),
        ("rows.eval_share=1.5", "`rows.eval_share`: found 1.5; input should be less"),
        (
            "gates.silo_floor.at_leest=0.5",
            "`gates.silo_floor.at_leest`: unknown key; did you mean `at_least`? "
            "Allowed: at_least, metric, refuse_if, threshold",
        ),
        (
            "gates.silo_floor.metric=tpr",
            "`gates.silo_floor`: `tpr` needs `threshold`",
        ),
        ("validation.skew=ignore", "`validation.skew`: found 'ignore'"),
        ("silos.pattern='*.csv'", "must start with '{silo}/'"),
        ("silos.pattern='{silo}/../x'", "may not hold '..'"),
    ],
)
def test_impossible_value_is_told_with_key_value_and_bound(write, override, told):
    with pytest.raises(SettingsError) as caught:
        load(write(SMALL), [override])
    assert told in str(caught.value)


def test_all_faults_are_told_at_once(write):
    with pytest.raises(SettingsError, match="2 settings can't be used"):
        load(write(SMALL), ["training.rounds=0", "training.batch_size=0"])


def test_a_refused_item_is_not_told_as_a_list_too_short_as_well(write):
    with pytest.raises(SettingsError) as caught:
        load(write(SMALL), ["evaluation.thresholds=[2]"])
    assert "1 setting can't be used:\n" in caught.value.message
    assert "`evaluation.thresholds.0`: found 2" in caught.value.message
    assert "at least 1 item" not in caught.value.message
    with pytest.raises(SettingsError, match="at least 1 item"):
        load(write(SMALL), ["evaluation.thresholds=[]"])


def test_no_gate_is_an_error_at_start(write):
    with pytest.raises(SettingsError, match="no gate is configured"):
        load(write({**SMALL, "gates": {"better_than_chance": None}}))


def test_missing_section_is_named(write):
    with pytest.raises(SettingsError, match="`rows`: found nothing, expected a value"):
        load(write({key: SMALL[key] for key in ("silos", "gates")}))


def test_scoring_the_following_span_needs_spans(write):
    with pytest.raises(SettingsError, match=r"must hold '\{span\}'"):
        load(write({**SMALL, "silos": {"root": "data"}}))


@pytest.mark.parametrize("text", ["", "- a\n", "a: [b\n"])
def test_file_without_sections_is_refused(write, text):
    with pytest.raises(SettingsError):
        load(write(text))


def test_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="found no such file"):
        load(tmp_path / "settings.yaml")


@pytest.mark.parametrize("override", ["training", "=3", "silos.root.x=1"])
def test_override_without_a_place_is_refused(write, override):
    with pytest.raises(SettingsError):
        load(write(SMALL), [override])


def test_gates_can_not_judge_what_is_not_measured(write):
    overrides = ["gates.minimum_data.rows=20", "evaluation.min_slice_rows=30"]
    with pytest.raises(SettingsError, match=r"`gates\.minimum_data\.rows` is 20"):
        load(write(SMALL), overrides)
