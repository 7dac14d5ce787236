"""Every gate blesses and refuses, in a sentence with number, interval and bound."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from components.fairness_evaluator.gate_settings import GateSettings
from components.fairness_evaluator.gates.registry import GATES
from tests.components.fairness_evaluator.gates.evidence import (
    BASELINE_2013_04,
    OVERALL,
    THREE,
    figure,
    gains,
    group,
    judge,
    models,
    silo,
)

CALIBRATION = "calibration_error"
FEW = silo("HA", 0.1, 0.05, 0.15, rows=99, positives=50)
# Twelve silos: the worst tenth are two, of .50 and .54. Half an interval is .02.
TWELVE = [
    each
    for number, value in enumerate([0.9, 0.54, 0.8, 0.5, *([0.7] * 8)])
    for each in silo(f"S{number:02}", value, value - 0.02, value + 0.02)
]
GROUPS = [
    *group("Female", 0.86),
    *group("Male", 0.90),
    *silo("mining", 0.8, 0.7, 0.9),
    *group("Female", 0.70, silo="mining"),
    *group("Male", 0.88, silo="mining"),
    # Judged, but only one of its groups has enough rows.
    *silo("farming", 0.8, 0.7, 0.9),
    *group("Female", 0.10, silo="farming", rows=40, positives=12),
    *group("Male", 0.90, silo="farming"),
]
RATE = {"metric": "positive_rate", "threshold": 0.5}
UNEVEN = [
    *group("Female", 0.10, rows=1000, **RATE),
    *group("Male", 0.25, rows=2000, **RATE),
]
WHOLE = [figure(CALIBRATION, 0.02, 0.01, 0.03)]
ERRORS = [
    *WHOLE,
    *silo("9E", 0.03, 0.01, 0.05, metric=CALIBRATION),
    *silo("F9", 0.12, 0.09, 0.15, metric=CALIBRATION),
]
LOST = models(0.701, 0.724, -0.031, -0.015)


def changed(name, now, before, low, high, *, metric="auc", **more):
    rows = figure("rows", None, silo=name, **more)
    return [rows, *models(now, before, low, high, silo=name, metric=metric, **more)]


LOSSES = [
    *changed("F9", 0.671, 0.702, -0.044, -0.018),
    *changed("AA", 0.750, 0.740, -0.010, 0.030),
]
# Silo AA loses by the base model and is served by its own; F9 loses by both.
ALONE = [*gains("AA", -0.06, 0.015), *gains("F9", -0.04, -0.031)]
EVERY: list[tuple[str, dict, list, str, str]] = [
    (
        "minimum_data",
        {"judged_silos": 4},
        [*THREE, *FEW],
        "3 of 4 silos can be judged; needed at least 4.",
        "ask for more labelled rows: HA. Where the bound is wrong, change "
        "`gates.minimum_data.judged_silos`",
    ),
    (
        "better_than_chance",
        {},
        [figure("auc", 0.49, 0.468, 0.512)],
        "AUC over all silos is 0.490 (95 % CI 0.468 to 0.512), and chance has 0.500; "
        "needed above 0.500, also for the lower end.",
        "add labelled ones. `gates.better_than_chance: null` removes the gate.",
    ),
    (
        "silo_floor",
        {"at_least": 0.67},
        [*THREE, *FEW],
        # z for 3 is 2.3877, 1.2182 times 1.96: .612 - .032 x 1.2182 = .573.
        "silo F9 has AUC 0.612 (95 % CI for 3 silos 0.573 to 0.651); needed at least "
        "0.670. Judged: 3 of 4 silos; the others have too few rows or are left out.",
        "Look at the page of silo F9 and at the findings about its data; where its "
        "data is sound, the model lacks features or training that would serve it. "
        "Where the bound is wrong, change `gates.silo_floor.at_least`: `fairsilo gate "
        "preview` shows what another would have decided.",
    ),
    (
        "worst_tenth",
        {"at_least": 0.55},
        TWELVE,
        # z for 12 is 2.8578: .02 x 2.8578 / 1.96 = .0292.
        "the worst tenth of 12 judged silos (silo S03, silo S01) has a mean AUC of "
        "0.520 (95 % CI for 12 silos 0.491 to 0.549); needed at least 0.550.",
        "Look at what silo S03, silo S01 have in common",
    ),
    (
        "silo_gap",
        {"at_most": 0.08},
        THREE,
        # Below: hypot(.021, .032) = .03828; for 3 pairs x 1.2182 = .0466.
        "silo 9E has AUC 0.742 and silo F9 0.612, a gap of 0.130 (95 % CI for 3 pairs "
        "of silos 0.083 to 0.177); allowed 0.080.",
        "See what sets silo F9 and silo 9E apart: size,",
    ),
    (
        "group_gap",
        {"at_most": 0.1},
        GROUPS,
        # z for 2 pairs is 2.2365, 1.1411 times 1.96; hypot(.01, .01) x 1.1411 = .0161.
        "in silo mining, sex Male has AUC 0.880 and sex Female 0.700, a gap of 0.180 "
        "(95 % CI for 2 pairs of groups 0.164 to 0.196); allowed 0.100. Compared over "
        "all silos and inside 1 of 2 judged silos. Groups with too few rows: 1.",
        "Look at sex Female and sex Male in silo mining in the heat map",
    ),
    (
        "four_fifths",
        {"threshold": 0.5},
        UNEVEN,
        # Katz: exp(1.96 sqrt(1/100 - 1/1000 + 1/500 - 1/2000)) = 1.2224.
        "over all silos, sex Male has positive rate 0.250 at threshold 0.5 and sex "
        "Female 0.100, a ratio of 0.400 (95 % CI 0.327 to 0.489); needed at least "
        "0.800.",
        "Compare the base rates of sex Female and sex Male over all silos",
    ),
    (
        "calibration",
        {"at_most": 0.1},
        [*ERRORS, *group("Female", 0.2, metric=CALIBRATION)],
        # z for 4 figures is 2.4909, 1.2709 times 1.96.
        "sex Female has calibration error 0.200 (95 % CI for 4 figures 0.187 to "
        "0.213); allowed 0.100.",
        "Look at the calibration curve of sex Female:",
    ),
    (
        "change",
        {"at_most_worse": 0.01},
        LOST,
        "the federation loses 0.023 AUC (0.724 to 0.701, 95 % CI of the change -0.031 "
        "to -0.015); allowed 0.010.",
        "Compare this run with that of the baseline",
    ),
    (
        "silo_change",
        {"at_most_worse": 0.01, "metric": "brier"},
        [
            *changed("F9", 0.202, 0.171, 0.018, 0.044, metric="brier"),
            *changed("AA", 0.150, 0.160, -0.03, 0.010, metric="brier"),
        ],
        # z for 2 is 2.2365: .013 x 1.1411 = .0148.
        "the Brier score of silo F9 rises by 0.031 (0.171 to 0.202, 95 % CI of the "
        "change for 2 silos 0.016 to 0.046); allowed 0.010.",
        "Look at the page of silo F9: whether its rows changed",
    ),
    (
        "worse_than_alone",
        {"at_most_worse": 0.01},
        ALONE,
        # t of 99 degrees for 2 silos is 2.2709, 1.1445 times 1.9842.
        "silo F9 loses 0.031 AUC with the model that serves it against one of its own "
        "rows alone, 95 % CI for 2 silos -0.042 to -0.020; allowed 0.010.",
        "Give silo F9 more rows to choose its model by (`rows.choose_share`)",
    ),
    (
        "base_worse_than_alone",
        {"at_most_worse": 0.01},
        ALONE,
        "silo AA loses 0.060 AUC with the base model against one of its own rows "
        "alone, 95 % CI for 2 silos -0.071 to -0.049; allowed 0.010. Missed too by "
        "silo F9.",
        "look at what sets silo AA apart",
    ),
]


@pytest.mark.parametrize(("gate", "settings", "figures", "says", "hint"), EVERY)
def test_each_gate_refuses_with_its_numbers_and_a_hint(
    gate, settings, figures, says, hint
):
    found = judge(gate, settings, figures, baseline=BASELINE_2013_04)
    assert (found.passed, found.sentence) == (False, f"Not blessed: {says}")
    assert hint in found.hint
    assert found.hint.endswith(
        "To let this one model pass all the same, and answer for it: `fairsilo gate "
        f"waive RUN --gate {gate}`."
    )


def test_the_table_has_every_gate_of_the_settings_in_their_order():
    assert list(GATES) == list(GateSettings.model_fields)
    assert {gate for gate, *_ in EVERY} == set(GATES)


@pytest.mark.parametrize(
    ("gate", "settings", "figures", "says"),
    [
        (
            "minimum_data",
            {"judged_silos": 3},
            [*THREE, *FEW],
            "3 of 4 silos can be judged; needed at least 3.",
        ),
        (
            "silo_floor",
            {"at_least": 0.6},
            THREE,
            "Closest of 3: silo F9 has AUC 0.612 (95 % CI for 3 silos 0.573 to 0.651); "
            "needed at least 0.600.",
        ),
        (
            "silo_floor",
            {"at_least": 0.65},  # .644 without widening
            THREE,
            "Closest of 3: silo F9 has AUC 0.612 (95 % CI for 3 silos 0.573 to 0.651); "
            "needed at least 0.650, which chance alone could explain.",
        ),
        (
            "silo_floor",
            {"at_least": 0.1, "metric": "tpr", "threshold": 0.5},
            [
                *silo("9E", 0.5, 0.45, 0.55, metric="tpr", threshold=0.25),
                *silo("9E", 0.2, 0.15, 0.25, metric="tpr", threshold=0.5)[:1],
            ],
            "Silo 9E has true positive rate 0.200 at threshold 0.5 (95 % CI 0.150 to "
            "0.250); needed at least 0.100.",
        ),
        (
            "group_gap",
            {"at_most": 0.2},
            [*GROUPS, *group("A", 0.9, slice="race")],
            "Closest of 2: in silo mining, sex Male has AUC 0.880 and sex Female "
            "0.700, a gap of 0.180 (95 % CI for 2 pairs of groups 0.164 to 0.196); "
            "allowed 0.200. Compared over all silos and inside 1 of 2 judged silos. "
            "Groups with too few rows: 1. Fewer than two groups to compare: race.",
        ),
        (
            "four_fifths",
            {"threshold": 0.5, "at_least": 0.4},
            # Neither the small group nor those inside a silo are judged.
            [
                *UNEVEN,
                *group("Other", 0.0, rows=40, positives=12, **RATE),
                *group("Female", 0.0, silo="9E", **RATE),
                figure("rows", None, silo="9E"),
            ],
            "Over all silos, sex Male has positive rate 0.250 at threshold 0.5 and sex "
            "Female 0.100, a ratio of 0.400 (95 % CI 0.327 to 0.489); needed at least "
            "0.400. Groups with too few rows: 1.",
        ),
        (
            "calibration",
            {"at_most": 0.1},
            [
                *ERRORS,
                *group("Other", 0.5, metric=CALIBRATION, rows=50),
                *group("Female", 0.6, metric=CALIBRATION, silo="9E"),
            ],
            "Closest of 3: silo F9 has calibration error 0.120 (95 % CI for 3 figures "
            "0.083 to 0.157); allowed 0.100, which chance alone could explain. "
            "Groups with too few rows: 1.",
        ),
        (
            "change",
            {"at_most_worse": 0.02},
            models(0.730, 0.724, 0.001, 0.011),
            "The federation gains 0.006 AUC (0.724 to 0.730, 95 % CI of the change "
            "0.001 to 0.011); allowed 0.020.",
        ),
        (
            "change",
            {"at_most_worse": 0.02, "metric": "log_loss"},
            models(0.35, 0.40, -0.07, -0.03, metric="log_loss"),
            "The log loss of the federation falls by 0.050 (0.400 to 0.350, 95 % CI of "
            "the change -0.070 to -0.030); allowed 0.020.",
        ),
        (
            "worse_than_alone",
            {"at_most_worse": 0.025},
            ALONE,
            "Closest of 2: silo F9 loses 0.031 AUC with the model that serves it "
            "against one of its own rows alone, 95 % CI for 2 silos -0.042 to -0.020; "
            "allowed 0.025, which chance alone could explain.",
        ),
        (  # Served by what it trained alone, so nothing can be lost.
            "worse_than_alone",
            {"at_most_worse": 0.0, "refuse_if": "possibly"},
            gains("AA", -0.3, 0.0, spread=0.0),
            "Silo AA gains 0.000 AUC with the model that serves it against one of its "
            "own rows alone; allowed 0.000, also for the upper end.",
        ),
        (  # Of 99 rows nobody can tell; the gate speaks of the others.
            "base_worse_than_alone",
            {"at_most_worse": 0.0},
            [*gains("AA", 0.03, 0.03), *gains("HA", -0.3, 0.0, rows=99)],
            "Silo AA gains 0.030 AUC with the base model against one of its own rows "
            "alone, 95 % CI 0.020 to 0.040; allowed 0.000. Judged: 1 of 2 silos; the "
            "others have too few rows or are left out.",
        ),
    ],
)
def test_each_gate_passes_with_its_numbers_and_whom_it_left_out(
    gate, settings, figures, says
):
    found = judge(gate, settings, figures, baseline=BASELINE_2013_04)
    assert (found.passed, found.sentence, found.hint) == (True, says, "")


@pytest.mark.parametrize(
    ("gate", "figures", "key", "ends"),
    [
        # By `value`, `surely` and `possibly`: the last bound that passes.
        ("silo_floor", THREE, "at_least", (0.612, 0.650, 0.573)),
        ("worst_tenth", TWELVE, "at_least", (0.52, 0.549, 0.490)),
        ("silo_gap", THREE, "at_most", (0.13, 0.084, 0.177)),
        ("group_gap", GROUPS, "at_most", (0.18, 0.164, 0.197)),
        ("four_fifths", UNEVEN, "at_least", (0.4, 0.488, 0.327)),
        ("calibration", ERRORS, "at_most", (0.12, 0.084, 0.157)),
        ("change", LOST, "at_most_worse", (0.023, 0.015, 0.031)),
        ("silo_change", LOSSES[:4], "at_most_worse", (0.031, 0.018, 0.044)),
        ("worse_than_alone", ALONE[3:], "at_most_worse", (0.031, 0.021, 0.041)),
        ("base_worse_than_alone", ALONE, "at_most_worse", (0.06, 0.0486, 0.0715)),
    ],
)
def test_each_part_of_the_interval_can_be_asked(gate, figures, key, ends):
    step = -0.0011 if key.startswith("at_most") else 0.0011
    more = {"threshold": 0.5} if gate == "four_fifths" else {}
    for part, bound in zip(("value", "surely", "possibly"), ends, strict=True):
        for at, passed in ((bound, True), (bound + step, False)):
            settings = {key: at, "refuse_if": part, **more}
            assert (
                judge(gate, settings, figures, baseline=BASELINE_2013_04).passed
                is passed
            )


def test_on_chance_is_not_above_it():
    for low, passed in ((0.5, False), (0.5001, True)):
        figures = [figure("auc", 0.6, low, 0.7)]
        assert judge("better_than_chance", {}, figures).passed is passed


def test_every_other_silo_that_misses_the_floor_is_named():
    many = [each for n in range(9) for each in silo(f"S{n}", 0.5 + n / 100, 0.4, 0.6)]
    found = judge("silo_floor", {"at_least": 0.9, "refuse_if": "value"}, many)
    assert found.sentence == (
        "Not blessed: silo S0 has AUC 0.500 (95 % CI 0.400 to 0.600); needed at least "
        "0.900, whatever the interval. Missed too by silo S1, silo S2, silo S3, silo "
        "S4, silo S5 and 3 more."
    )


def test_a_floor_is_missed_by_a_silo_that_is_sure_though_another_is_lower():
    figures = [*silo("big", 0.58, 0.57, 0.59), *silo("small", 0.55, 0.40, 0.70)]
    found = judge("silo_floor", {"at_least": 0.6}, figures)
    assert found.sentence.startswith("Not blessed: silo big has AUC 0.580")


def test_a_figure_without_an_interval_can_be_judged_by_its_value_only():
    bare = silo("HA", 0.4, metric="pr_auc")
    settings = {"at_least": 0.3, "metric": "pr_auc"}
    found = judge("silo_floor", settings, bare)
    assert "PR-AUC has no interval to judge by for silo HA." in found.sentence
    assert found.hint.startswith("Set `refuse_if: value` for this gate")
    found = judge("silo_floor", settings | {"refuse_if": "value"}, bare)
    assert found.sentence == (
        "Silo HA has PR-AUC 0.400; needed at least 0.300, whatever the interval."
    )


@pytest.mark.parametrize(
    ("refuse_if", "figures", "says"),
    [
        (
            "value",
            silo("F9", 0.69996, 0.66, 0.72),
            "silo F9 has AUC 0.69996 (95 % CI 0.660 to 0.720); needed at least 0.700,",
        ),
        (
            "surely",
            silo("F9", 0.68, 0.66, 0.6998),
            "silo F9 has AUC 0.680 (95 % CI 0.660 to 0.6998); needed at least 0.700.",
        ),
    ],
)
def test_a_refusal_is_not_contradicted_by_its_rounding(refuse_if, figures, says):
    settings = {"at_least": 0.7, "refuse_if": refuse_if}
    assert says in judge("silo_floor", settings, figures).sentence


def test_a_silo_of_few_rows_does_not_hide_two_that_surely_lie_apart():
    figures = [
        *silo("lucky", 0.80, 0.50, 1.00),
        *silo("good", 0.75, 0.74, 0.76),
        *silo("bad", 0.65, 0.64, 0.66),
    ]
    found = judge("silo_gap", {"at_most": 0.05}, figures)
    assert "silo good has AUC 0.750 and silo bad 0.650, a gap of 0.100" in (
        found.sentence
    )
    by_value = judge("silo_gap", {"at_most": 0.2, "refuse_if": "value"}, figures)
    assert by_value.sentence.startswith("Silo lucky has AUC 0.800 and silo bad 0.650")


def test_only_the_slices_asked_for_are_compared():
    race = [*group("A", 0.5, slice="race"), *group("B", 0.9, slice="race")]
    assert not judge("group_gap", {"at_most": 0.2}, [*GROUPS, *race]).passed
    settings = {"at_most": 0.2, "slices": ["sex"]}
    assert judge("group_gap", settings, [*GROUPS, *race]).passed


@pytest.mark.parametrize(
    ("gate", "settings", "metric", "figures"),
    [
        ("calibration", {"at_most": 0.5}, CALIBRATION, ERRORS),
        ("group_gap", {"at_most": 0.5}, "auc", GROUPS),
    ],
)
def test_small_groups_joined_are_not_judged(gate, settings, metric, figures):
    joined = group("too few", None, rows=610, positives=None, metric=metric)
    found = judge(gate, settings, [*figures, *joined])
    assert found.passed
    assert "too few over all silos" not in found.sentence
    assert "Groups with too few rows: " in found.sentence


def test_two_groups_whose_names_are_cut_alike_are_both_judged():
    long = "Production, transportation and material moving occupations: "
    wrong, right = (
        group(long + name, value, 0.0, slice="job", metric=CALIBRATION)
        for name, value in (("assemblers", 0.3), ("drivers", 0.01))
    )
    for groups in ([*wrong, *right], [*right, *wrong]):
        found = judge("calibration", {"at_most": 0.1}, [*ERRORS[:3], *groups])
        assert "Not blessed: job Production, transportation" in found.sentence


@pytest.mark.parametrize(
    ("metric", "before", "now", "allowed", "says"),
    [
        ("auc", 0.7, 0.6991, 0.0006, "loses 0.0009 AUC (0.700 to 0.699); allowed 0.00"),
        ("brier", 0.1, 0.1004, 0.0002, "by 0.0004 (0.1000 to 0.1004); allowed 0.0002"),
        ("brier", 0.1, 0.1104, 0.01, "rises by 0.0104 (0.100 to 0.110); allowed 0.010"),
        ("auc", 0.7, 0.70003, 0.01, "gains 0.00003 AUC (0.70000 to 0.70003); allowed"),
        ("auc", 0.7, 0.7, 0.01, "The AUC of the federation does not change (0.700 to"),
        (
            "brier",
            0.1,
            0.1,
            0.01,
            "The Brier score of the federation does not change (",
        ),
    ],
)
def test_a_change_is_told_apart_from_none_and_from_the_bound(
    metric, before, now, allowed, says
):
    settings = {"metric": metric, "at_most_worse": allowed, "refuse_if": "value"}
    figures = models(now, before, metric=metric)
    assert (
        says in judge("change", settings, figures, baseline=BASELINE_2013_04).sentence
    )


@pytest.mark.parametrize(
    ("metric", "interval"), [("auc", "-0.218 to 0.018"), ("brier", "-0.214 to 0.014")]
)
def test_a_change_of_the_auc_is_widened_as_student_s_t_others_as_normal(
    metric, interval
):
    figures = [
        each
        for name in ("F9", "AA")
        for each in changed(name, 0.6, 0.7, -0.2, 0.0, metric=metric, positives=10)
    ]
    settings = {"at_most_worse": 0.5, "metric": metric}
    found = judge("silo_change", settings, figures, baseline=BASELINE_2013_04)
    # For 2 at once: t of 9 degrees 2.667 over 2.262, normal 2.236 over 1.960.
    assert f"95 % CI of the change for 2 silos {interval})" in found.sentence


@pytest.mark.parametrize("gate", ["change", "silo_change"])
def test_without_an_earlier_model_a_change_passes_and_says_so(gate):
    found = judge(gate, {"at_most_worse": 0.02}, [])
    assert (found.passed, found.sentence) == (
        True,
        "There is no baseline to compare with.",
    )


@pytest.mark.parametrize("gate", ["worse_than_alone", "base_worse_than_alone"])
def test_where_silos_trained_no_model_alone_the_hint_says_what_to_set(gate):
    found = judge(gate, {"at_most_worse": 0.5}, THREE)
    assert found.hint.startswith("Set `rows.choose_share`, such as 0.15, so that each")


@given(st.floats(0.0, 0.2), st.floats(-0.5, 0.5), st.floats(0.0, 0.3))
def test_a_loss_against_alone_is_refused_where_it_is_surely_above_the_bound(
    bound, gain, half
):
    figures = gains("F9", gain, 0.0, spread=half)
    found = judge("base_worse_than_alone", {"at_most_worse": bound}, figures)
    if abs(gain + half + bound) > 1e-8:
        assert found.passed == (gain + half > -bound)


@pytest.mark.parametrize("gate", ["worse_than_alone", "base_worse_than_alone"])
def test_a_gain_is_widened_with_the_degrees_of_freedom_that_made_it(gate):
    """Here those of four groups, though each label has many rows."""
    two = [*gains("AA", 0.1, 0.1), *gains("F9", -0.05, -0.05)]
    few = [dataclasses.replace(one, freedom=3) for one in two]
    wide = 0.01 * stats.t.isf((1 - 0.95**0.5) / 2, 3) / stats.t.isf(0.025, 3)
    for bound in (0.05 - wide - 1e-6, 0.05 - wide + 1e-6):
        found = judge(gate, {"at_most_worse": bound}, few)
        assert found.passed == (bound > 0.05 - wide)
        assert judge(gate, {"at_most_worse": bound}, two).passed is False


PRECISION = {"metric": "precision", "threshold": 0.5}
WORSE = {"at_most_worse": 0.9}


@pytest.mark.parametrize(
    ("gate", "settings", "figures", "says"),
    [
        (
            "better_than_chance",
            {},
            [figure("auc", None, note="one class")],
            "AUC has no value for the federation (one class).",
        ),
        ("silo_floor", {"at_least": 0.5}, [], "only 0 of 0 silos could be judged."),
        (
            "silo_floor",
            {"at_least": 0.3, **PRECISION},
            [
                *silo("HA", 0.7, 0.6, 0.8),
                figure("precision", None, silo="HA", threshold=0.5, note="no rows"),
            ],
            "precision at 0.5 has no value for silo HA (no rows).",
        ),
        ("worst_tenth", {"at_least": 0.6}, FEW, "only 0 of 1 silos could be judged."),
        ("silo_gap", {"at_most": 0.2}, THREE[:2], "only 1 of 1 silos could be judged."),
        (
            "group_gap",
            {"at_most": 0.2},
            THREE,
            "no two groups of any slice have enough rows over all silos.",
        ),
        (
            "group_gap",
            {"at_most": 0.2},
            group("Male", 0.9),
            "no two groups of sex have enough rows over all silos.",
        ),
        (
            "group_gap",
            {"at_most": 0.2, "slices": ["race"]},
            [*GROUPS, *group("A", 0.9, slice="race")],
            "no two groups of race have enough rows over all silos.",
        ),
        (  # No row of C scores above .5; in S1 it would hide nothing either.
            "group_gap",
            {"at_most": 0.1, **PRECISION},
            [
                *silo("S1", 0.8, 0.7, 0.9),
                *group("A", 0.72, **PRECISION),
                *group("C", None, note="no rows", **PRECISION),
                *group("A", 0.72, silo="S1", **PRECISION),
                *group("C", None, silo="S1", **PRECISION),
            ],
            "precision at 0.5 has no value for sex C over all silos (no rows), sex C "
            "in silo S1.",
        ),
        (
            "four_fifths",
            {"threshold": 0.5},
            [*group("Female", 0.0, **RATE), *group("Male", 0.0, rows=900, **RATE)],
            "no row of any group of sex scores above 0.5, so there is no ratio.",
        ),
        (
            "calibration",
            {"at_most": 0.1},
            [*ERRORS, *group("F", None, metric=CALIBRATION, note="no rows")],
            "calibration error has no value for sex F over all silos (no rows).",
        ),
        (
            "change",
            WORSE,
            [figure("auc", 0.7)],
            "AUC of the model of 2013-04 has no value for the federation.",
        ),
        (
            "change",
            WORSE,
            LOST[:2],
            "the change of AUC against the model of 2013-04 has no value for the "
            "federation.",
        ),
        (
            "change",
            WORSE,
            models(0.7, 0.7, 0.0, 0.0, earlier_rows=1400),
            "the model of 2013-04 could score 1,400 rows of the federation and the "
            "candidate 500, so they can't be compared.",
        ),
        (
            "change",
            WORSE,
            models(0.7, 0.7),
            "the change of AUC against the model of 2013-04 has no interval to judge "
            "by for the federation.",
        ),
        (
            "silo_change",
            WORSE,
            LOSSES[:-1],
            "the change of AUC against the model of 2013-04 has no value for silo AA.",
        ),
        (
            "worse_than_alone",
            WORSE,
            [*THREE[:2], *ALONE, *gains("EV", 0.1, None)],
            "the gain in AUC over training alone is not known for silo 9E, silo EV.",
        ),
        (
            "base_worse_than_alone",
            WORSE,
            THREE,
            "the gain in AUC over training alone is not known for silo 9E, silo AA, "
            "silo F9.",
        ),
    ],
)
def test_what_can_not_be_computed_refuses_with_the_reason(
    gate, settings, figures, says
):
    found = judge(gate, settings, figures, baseline=BASELINE_2013_04)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate {gate} could not be computed: {says}",
    )
    assert found.hint.endswith(f"`fairsilo gate waive RUN --gate {gate}`.")
    assert found.hint[0].isupper()


@pytest.mark.parametrize("gate", ["change", "silo_change"])
@pytest.mark.parametrize(
    ("span", "name"),
    [("2013-04", "the model of 2013-04"), ("", "the baseline")],
)
def test_a_model_whose_folder_is_gone_refuses_and_says_which_and_where(
    gate, span, name
):
    gone = dataclasses.replace(BASELINE_2013_04, span=span)
    found = judge(gate, WORSE, [*LOST[:1], *LOSSES[:2]], gone=gone)
    assert (found.passed, found.sentence) == (
        False,
        f"Not blessed: gate {gate} could not be computed: the folder of {name} (digest "
        "4f3a9c0de5b1) is gone, looked for at /models/4, so nothing could be compared "
        "with it.",
    )
    assert found.hint.startswith("Put that folder back")


@pytest.mark.parametrize(
    ("gate", "settings", "says"),
    [
        (
            "minimum_data",
            {"judged_silos": 8},
            "judged silos: at least 8, each with 100 labelled rows and 10 of each "
            "label",
        ),
        (
            "better_than_chance",
            {},
            "AUC over all silos above 0.5, also at the lower end of its 95 % interval",
        ),
        (
            "group_gap",
            {
                "at_most": 0.1,
                "metric": "tpr",
                "threshold": 0.5,
                "slices": ["sex", "race"],
            },
            "true positive rate at 0.5 of any two groups of sex or race at most 0.1 "
            "apart, over all silos and in each judged silo",
        ),
        (
            "worse_than_alone",
            {"at_most_worse": 0.02},
            "AUC of each judged silo with the model that serves it at most 0.02 worse "
            "than with one of its own rows alone",
        ),
        (
            "four_fifths",
            {"threshold": 0.25},
            "positive rate at 0.25 of a group of each slice at least 0.8 times that of "
            "another, over all silos",
        ),
    ],
)
def test_what_is_demanded_is_said_in_a_few_words(gate, settings, says):
    section = getattr(GateSettings.model_validate({gate: settings}), gate)
    assert GATES[gate].demand(section) == says


@given(st.data())
def test_the_order_of_figures_does_not_matter(data):
    for gate, settings, figures, *_ in EVERY:
        mixed = data.draw(st.permutations(figures))
        assert judge(gate, settings, mixed, baseline=BASELINE_2013_04) == judge(
            gate, settings, figures, baseline=BASELINE_2013_04
        )


@given(st.floats(0, 1), st.floats(0, 1))
def test_loosening_never_refuses_what_passed(one, other):
    strict, loose = max(one, other), min(one, other)
    for gate, key, bounds in (
        ("silo_floor", "at_least", (strict, loose)),
        ("worst_tenth", "at_least", (strict, loose)),
        ("silo_gap", "at_most", (loose, strict)),
    ):
        passed = [judge(gate, {key: at}, [OVERALL, *THREE]).passed for at in bounds]
        assert passed != [True, False]
