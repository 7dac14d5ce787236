"""Parameters of another algorithm and senseless combinations are refused at start."""

from __future__ import annotations

import pydantic
import pytest

from components.federation import plan
from components.federation.algorithms import registry
from components.federation.plan import Algorithm, TrainingPlan, Weighting

ADAM = {"name": "adam", "learning_rate": 0.01}


@pytest.mark.parametrize(
    ("section", "values", "told"),
    [
        (
            Algorithm,
            {"name": "fed_prox", "q": 0.5},
            "`q` is of `q_fed_avg`, found `fed_prox`",
        ),
        (
            Algorithm,
            {"tilt": 1.0},
            "`tilt` is of `term` and `loss_gap`, found `fed_avg`",
        ),
        (Weighting, {"cap": 0.3}, "`cap` is of `capped`, found `examples`"),
        (
            plan.Aggregation,
            {"name": "median", "bad_silos": 2},
            "`bad_silos` is of `trimmed_mean` and `multi_krum`, found `median`",
        ),
        (Algorithm, {"name": "term", "tilt": -1}, "greater than or equal to 0"),
    ],
)
def test_parameter_of_another_name_or_out_of_range_is_refused(section, values, told):
    with pytest.raises(pydantic.ValidationError, match=told):
        section.model_validate(values)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"algorithm": "afl", "weighting": "uniform"}, "finds the silos' shares"),
        ({"aggregation": "median", "weighting": "uniform"}, "`median` with any weight"),
        ({"algorithm": "scaffold", "aggregation": "clipped"}, "corrections sum to"),
        ({"algorithm": "q_fed_avg", "server_optimizer": ADAM}, "finds the size of"),
        (
            {"algorithm": "q_fed_avg", "server_optimizer": {"momentum": 0.9}},
            "`q_fed_avg` with server momentum or `adam`",
        ),
    ],
)
def test_combination_that_makes_no_sense_is_refused_with_the_reason(values, told):
    with pytest.raises(pydantic.ValidationError, match=told):
        TrainingPlan.model_validate(values)


@pytest.mark.parametrize("name", ["scaffold", "q_fed_avg", "afl", "term", "loss_gap"])
def test_algorithm_of_weights_is_refused_where_these_count_for_nothing(name):
    for aggregation in ("median", "geometric_median"):
        values = {"algorithm": name, "aggregation": aggregation}
        with pytest.raises(pydantic.ValidationError, match=f"`{name}` with any agg"):
            TrainingPlan.model_validate(values)


def test_combinations_that_make_sense_are_taken():
    for name in registry.ALGORITHMS:
        TrainingPlan.model_validate({"algorithm": name})
    TrainingPlan.model_validate({"algorithm": "afl", "aggregation": "clipped"})
    for name in ("fed_prox", "scaffold", "term", "loss_gap"):
        chosen = {"algorithm": name, "weighting": "tempered", "server_optimizer": ADAM}
        TrainingPlan.model_validate(chosen)


@pytest.mark.parametrize("name", registry.ALGORITHMS)
def test_plan_is_read_again_as_it_was_written(name):
    found = TrainingPlan.model_validate({"algorithm": {"name": name}})
    assert TrainingPlan.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("section", "entries"),
    [
        (plan.Algorithm, registry.ALGORITHMS),
        (plan.Weighting, registry.WEIGHTINGS),
        (plan.Aggregation, registry.AGGREGATIONS),
    ],
)
def test_every_name_that_settings_take_is_described_and_no_other(section, entries):
    for name in entries:
        assert section(name=name).name == name
    with pytest.raises(pydantic.ValidationError) as refused:
        section(name="none")
    told = str(refused.value)
    assert all(f"'{name}'" in told for name in entries)
    assert told.split("[type")[0].count("'") == 2 * len(entries)


def test_a_name_says_which_kind_it_is_of():
    kinds = (registry.ALGORITHMS, registry.WEIGHTINGS, registry.AGGREGATIONS)
    names = [name for kind in kinds for name in kind]
    assert len(set(names)) == len(names)
