"""Settings are strict, and say what was found, what is allowed and the hint."""

import contextlib
import copy
import pathlib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from components.errors import SettingsError
from pipelines import use_case
from pipelines.settings import UseCaseSettings, load

SMALL = {
    "silos": {"root": "data", "pattern": "{silo}/{span}.parquet"},
    "rows": {"label": "late", "key": ["id"], "score": "following_span"},
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


def test_what_changed_the_file_is_told_with_a_fault(write, tmp_path):
    path, patch = write(SMALL), tmp_path / "patch.yaml"
    patch.write_text("training: {rounds: 0}")
    for overrides, by in (
        ([], f"(changed by {patch})"),
        (["a=1", "b=2"], f"(changed by {patch}, then --set a=1 --set b=2)"),
    ):
        with pytest.raises(SettingsError) as caught:
            load(path, overrides, patch)
        assert caught.value.message.startswith(f"{path} {by}: ")
    with pytest.raises(SettingsError) as caught:
        load(write({**SMALL, "training": {"rounds": 0}}))
    assert caught.value.message.startswith(f"{path}: 1 setting can't")


def test_a_refused_item_is_not_told_as_a_list_too_short_as_well(write):
    with pytest.raises(SettingsError) as caught:
        load(write(SMALL), ["evaluation.thresholds=[2]"])
    assert "1 setting can't be used:\n" in caught.value.message
    assert "`evaluation.thresholds.0`: found 2" in caught.value.message
    assert "at least 1 item" not in caught.value.message
    with pytest.raises(SettingsError, match="at least 1 item"):
        load(write(SMALL), ["evaluation.thresholds=[]"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"gates": {"better_than_chance": None}}, "no gate is configured"),
        ({"rows": None}, "`rows`: found null; expected a section"),
        ({"silos": {"root": "data"}}, "must hold '{span}'"),
        ({"training": {"rounds": 0, "batch_size": 0}}, "2 settings can't be used"),
        (
            {"training": {"round": 3}},
            "`training.round`: unknown key; did you mean `rounds`",
        ),
        ({"rows": {"key": ["id"]}}, "`rows.label`: found nothing, expected a value"),
    ],
)
def test_sections_that_no_run_could_use_are_refused(write, change, told):
    with pytest.raises(SettingsError) as caught:
        load(write({**SMALL, **change}))
    assert told in str(caught.value)


@pytest.mark.parametrize("method", ["fine_tune", "ditto", "mr_mtl"])
def test_models_of_the_silos_own_need_rows_to_choose_by(write, method):
    overrides = [f"personal.method={method}"]
    with pytest.raises(SettingsError) as caught:
        load(write(SMALL), overrides)
    assert (
        f"personal.method is `{method}` and rows.choose_share 0, expected rows by "
        "which each silo's model is chosen, such as rows.choose_share=0.15"
    ) in str(caught.value)
    found = load(write(SMALL), [*overrides, "rows.choose_share=0.15"])
    assert (found.personal.method, found.rows.choose_share) == (method, 0.15)
    assert load(write(SMALL), ["personal.method=none"]).rows.choose_share == 0.0


def test_gates_can_not_judge_what_is_not_measured(write):
    overrides = ["gates.minimum_data.rows=20", "evaluation.min_slice_rows=30"]
    with pytest.raises(SettingsError, match=r"`gates\.minimum_data\.rows` is 20"):
        load(write(SMALL), overrides)


# Every section, also those that are left out by default.
FULL = {
    **SMALL,
    "gates": {
        "silo_floor": {"at_least": 0.6, "metric": "tpr", "threshold": 0.5},
        "worst_tenth": {"at_least": 0.6},
        "silo_gap": {"at_most": 0.2},
        "group_gap": {"at_most": 0.2, "slices": ["sex"]},
        "four_fifths": {"threshold": 0.5, "slices": ["sex x race"]},
        "calibration": {"at_most": 0.1},
        "change": {"at_most_worse": 0.02},
        "silo_change": {"at_most_worse": 0.02},
    },
    "evaluation": {"slices": ["sex", "race"], "intersections": [["sex", "race"]]},
    "kubeflow": {"resources": {"train": {"cpu": "2", "memory": "4Gi"}}},
    "schedules": {"monthly": {"cron": "0 4 2 * *", "parameters": {"rounds": 3}}},
}
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.dates()
    | st.text(max_size=8),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.integers(), below, max_size=3)
    ),
    max_leaves=4,
)


def places(value, place=()):
    """Yield the place of every setting, at every depth."""
    yield place
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield from places(value[key], (*place, key))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "settings.yaml"
    path.write_text(yaml.safe_dump(FULL))
    return load(path).model_dump(mode="json"), path


@given(st.data())
def test_a_wrong_key_or_value_at_any_depth_is_a_sentence(whole, data):
    settings, path = copy.deepcopy(whole[0]), whole[1]
    *above, last = data.draw(st.sampled_from([*places(settings)][1:]))
    target = settings
    for key in above:
        target = target[key]
    if isinstance(target, dict) and data.draw(st.booleans()):
        new = f"{last}s" if data.draw(st.booleans()) else data.draw(st.text())
        target[new] = target.pop(last)
    else:
        target[last] = data.draw(VALUES)
    path.write_text(yaml.dump(settings, allow_unicode=True), encoding="utf-8")
    with contextlib.suppress(SettingsError):
        # What was read goes to the nodes as JSON, and must arrive there.
        read = load(path).of_run()
        assert UseCaseSettings.model_validate_json(read).of_run() == read


@given(st.text(max_size=20))
def test_any_text_as_settings_or_override_is_a_sentence(whole, text):
    path = whole[1].with_name("other.yaml")
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SettingsError):
        load(path)
    path.write_text(yaml.safe_dump(FULL))
    for override in (text, f"training.rounds={text}", f"{text}=1"):
        with contextlib.suppress(SettingsError):
            load(path, [override])


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("training.rounds=0", "`training.rounds`: found 0; input should be greater"),
        (
            "training.algorithm=fedavgg",
            "`training.algorithm.name`: found 'fedavgg'; input should be 'fed_avg', ",
        ),
        (
            "training.algorithm={name: fed_prox, q: 1}",
            "`training.algorithm`: `q` is of `q_fed_avg`, found `fed_prox`",
        ),
        (
            "training={algorithm: afl, weighting: uniform}",
            "`training`: `afl` with any weighting but `examples`: it finds",
        ),
        ("training.algorithm=loss_gap", "`loss_gap` and rows.choose_share 0, expected"),
        ("rows.eval_share=1.5", "`rows.eval_share`: found 1.5; input should be less"),
        (
            "gates.silo_floor.at_leest=0.5",
            "`gates.silo_floor.at_leest`: unknown key; did you mean `at_least`? "
            "Allowed: at_least, metric, refuse_if, threshold",
        ),
        (
            "gates.silo_floor.threshold=null",
            "`gates.silo_floor`: `tpr` needs `threshold`",
        ),
        ("validation.skew=ignore", "`validation.skew`: found 'ignore'"),
        ("silos.pattern='*.csv'", "must start with '{silo}/'"),
        ("silos.pattern='{silo}/../x'", "may not hold '..'"),
        ("training.rounds=[1", "--set 'training.rounds=[1': found no valid YAML"),
        ("rows.label=2013-02-31", "found no valid YAML: day is out of range for month"),
        ("silos.root.0=1", "--set 'silos.root.0=1': `root` is no section"),
        ("training", "--set 'training': expected a.b=c"),
        ("=3", "--set '=3': expected a.b=c"),
        ("evaluation.slices.0=sex", "`slices` is no section"),
        ("gates.silo_floor=0.6", "`gates.silo_floor`: found 0.6; expected a section"),
        ("features=null", "`features`: found null; expected a section"),
        ("training.rounds=true", "`training.rounds`: found True; expected a number"),
        ("rows.eval_share=yes", "`rows.eval_share`: found True; expected a number"),
        ("features.clip=.inf", "`features.clip`: found inf; input should be a finite"),
        ("training.3=1", "`training.3`: unknown key. Allowed: aggregation, "),
        (
            "schedules.monthly.cronn=1",
            "`schedules.monthly.cronn`: unknown key; did you mean `cron`? Allowed: "
            "catch_up, cron, enabled, parameters",
        ),
        (
            "kubeflow.resources.train.gpus=1",
            "`kubeflow.resources.train.gpus`: unknown key. Allowed: cpu, ",
        ),
        ("privacy.epsilon=0", "`privacy.epsilon`: found 0; input should be greater"),
        ("privacy.epsilon=-1", "`privacy.epsilon`: found -1; input should be greater"),
        ("privacy.clip=0", "`privacy.clip`: found 0; input should be greater than or"),
        ("privacy.delta=0", "`privacy.delta`: found 0; input should be greater than 0"),
        ("privacy.delta=1", "`privacy.delta`: found 1; input should be less than 1"),
        (
            "privacy.run_epsilon=9",
            "`privacy`: found `run_epsilon` 9 and `epsilon` 8, expected no more for a "
            "run than for a window",
        ),
        (
            "privacy.silos={F9: {epsilon: 1, run_epsilon: 1.5}}",
            "`privacy`: found `silos.F9.run_epsilon` 1.5, expected at most 1: a silo",
        ),
        *(
            (
                f"privacy.silos={{F9: {{{weaker}}}}}",
                f"`privacy`: found `silos.F9.{weaker.replace(': ', '` ')}, expected at "
                f"most {most}: a silo may ask for more protection than",
            )
            for weaker, most in (
                ("epsilon: 9", "8"),
                ("run_epsilon: 2.5", "2"),
                ("delta: 0.001", "1e-05"),
            )
        ),
        ("training={3: 1}", "`training.3`: found 3; keys should be strings"),
        ("training={round: 1, round: 2}", "found the key `round` twice"),
    ],
)
def test_a_wrong_override_is_told(write, override, told):
    with pytest.raises(SettingsError) as caught:
        load(write(FULL), [override])
    assert told in caught.value.message


@pytest.mark.parametrize("algorithm", ["q_fed_avg", "afl"])
def test_mr_mtl_is_refused_where_no_mean_of_the_silos_models_is_left(write, algorithm):
    overrides = ["personal.method=mr_mtl", "rows.choose_share=0.1"]
    path = write(FULL)
    assert load(path, overrides).personal.method == "mr_mtl"
    with pytest.raises(SettingsError, match=f"`{algorithm}`, which leaves no mean"):
        load(path, [*overrides, f"training.algorithm={algorithm}"])


EXAMPLE = ["privacy.mode=example"]
SILO = ["privacy.mode=silo", "training.weighting=uniform", "audit.every=never"]
MR_MTL = ["personal.method=mr_mtl", "rows.choose_share=0.1"]


@pytest.mark.parametrize(
    ("overrides", "found", "expected"),
    [
        ([*EXAMPLE, "training.algorithm=scaffold"], "training.algorithm `scaffold`", 2),
        ([*EXAMPLE, "training.algorithm=term"], "training.algorithm `term`", 2),
        ([*EXAMPLE, "personal.pooled=true"], "personal.pooled `True`", 1),
        (SILO[::2], "training.weighting `examples`", 1),
        (SILO[:2], "audit.every `run`", 1),
        (
            SILO[:1],
            "training.weighting `examples`, expected `uniform`; audit.every `run`",
            1,
        ),
        ([*SILO, *MR_MTL], "personal.method `mr_mtl`", 3),
        ([*SILO, "training.aggregation=clipped"], "training.aggregation `clipped`", 1),
        ([*SILO, "training.algorithm=scaffold"], "training.algorithm `scaffold`", 2),
    ],
)
def test_what_would_tell_more_than_privacy_allows_is_refused(
    write, overrides, found, expected
):
    with pytest.raises(SettingsError) as caught:
        load(write(FULL), overrides)
    mode = overrides[0].rpartition("=")[2]
    told = caught.value.message
    assert f"privacy.mode is `{mode}`: found {found}, expected `" in told
    assert told.rpartition("expected ")[2].count(" or `") == expected - 1


def test_privacy_goes_with_what_tells_no_more(write):
    path = write(FULL)
    for overrides in ([*EXAMPLE, *MR_MTL], SILO):
        for algorithm in ("fed_avg", "fed_prox"):
            found = load(path, [*overrides, f"training.algorithm={algorithm}"])
            assert found.privacy.mode != "none"
    assert load(path, ["training.algorithm=scaffold"]).privacy.mode == "none"


def test_a_silo_without_a_run_s_epsilon_of_its_own_spends_at_most_its_budget(write):
    silos = "{F9: {epsilon: 1}, US: {run_epsilon: 0.5}, VX: {epsilon: 4}}"
    found = load(write(FULL), [f"privacy.silos={silos}"]).privacy
    spent = [found.of_silo(silo).run_epsilon for silo in ("F9", "US", "VX", "AA")]
    assert spent == [1.0, 0.5, 2.0, 2.0]


def test_a_setting_below_an_empty_section_can_be_set(write):
    text = yaml.safe_dump(SMALL) + "training:\n  # rounds: 3\n"
    settings = load(write(text), ["training.rounds=4", "evaluation.slices=[a, b]"])
    assert (settings.training.rounds, settings.training.local_epochs) == (4, 1)
    assert settings.evaluation.slices == ("a", "b")


def test_a_key_that_stands_twice_is_told_with_its_lines(write):
    text = yaml.safe_dump(SMALL) + "training:\n  seed: 1\n  rounds: 3\n  seed: 2\n"
    lines = text.splitlines()
    first, second = (lines.index(f"  seed: {n}") + 1 for n in (1, 2))
    with pytest.raises(SettingsError) as caught:
        load(write(text))
    assert f"found the key `seed` twice, on lines {first} and {second}" in str(
        caught.value
    )


@pytest.mark.parametrize("make", ["nothing", "mkdir", "latin"])
def test_a_file_that_can_not_be_read_is_a_sentence(tmp_path, make):
    path = tmp_path / "settings.yaml"
    if make == "mkdir":
        path.mkdir()
    elif make == "latin":
        path.write_bytes("silos: {root: süd}".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"settings\.yaml: found "):
        load(path)


def test_a_name_in_place_of_a_section_takes_parameters_by_override():
    algorithm = ["training.algorithm=fed_prox", "training.algorithm.mu=0.5"]
    found = use_case.find("flights", algorithm).settings.training.algorithm
    assert (found.name, found.mu) == ("fed_prox", 0.5)
    # The same name once more, as the form on Kubeflow may give it, changes nothing.
    again = [*algorithm, "training.algorithm=fed_prox"]
    assert use_case.find("flights", again).settings.training.algorithm == found
    other = [*algorithm, "training.algorithm=fed_avg"]
    assert use_case.find("flights", other).settings.training.algorithm.name == "fed_avg"


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["rows.choose_share=0", "personal.method=none"], "gates.worse_than_alone is"),
        (
            ["personal.method=mr_mtl", "training.aggregation=median"],
            "personal.method is `mr_mtl` and training has `median`",
        ),
    ],
)
def test_settings_that_need_each_other_are_refused_at_start(overrides, told):
    with pytest.raises(SettingsError) as caught:
        use_case.find("flights", overrides)
    assert told in caught.value.message
