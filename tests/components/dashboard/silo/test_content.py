"""What a silo's owner reads: judgement, figures, bounds, the others, its training."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dashboard.silo import bounds, content, training
from components.dashboard.silo.content import Judgement
from components.dashboard.silo.figures import MAX_GROUPS, OwnFigures
from components.dashboard.silo.names import ANOTHER, SiloNames
from components.dashboard.silo.others import MIN_OTHERS, Others
from components.dashboard.silo.words import GATES, MEANINGS
from components.fairness_evaluator.gate_settings import (
    RATES,
    Calibration,
    Change,
    Floor,
    GateSettings,
    GroupGap,
)
from components.payloads import table
from components.payloads.egress import KINDS
from components.payloads.findings import Finding
from components.payloads.model_run import Dropped, RoundRecord, RunRecord, SiloRecord
from components.payloads.table import Table
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import figure, member

# ---- judgement -------------------------------------------------------------

FEW = member("a"), made_runs.report([member("a")], Table())


def judge(rows=None, why="41 rows", one=FEW[0], run=FEW[1]) -> Judgement:
    return content.judge(run, one, rows, why)


def test_a_judged_silo_needs_no_reason():
    assert judge(why="") == Judgement(True)


@pytest.mark.parametrize(
    ("rows", "reason", "change"),
    [
        (None, "It has no labelled evaluation rows.", "At least 100 are needed."),
        (
            figure("a", "rows", None, rows=41, positives=None, note="too few"),
            "It has 41 labelled evaluation rows, and 100 are needed",
            "59 more would do.",
        ),
        (
            figure("a", "rows", 1500.0, rows=1500, positives=7),
            "Of its 1,500 labelled evaluation rows, 7 are with the outcome, and 10",
            "3 more rows with the outcome would do.",
        ),
        (
            figure("a", "rows", 150.0, rows=150, positives=146),
            "Of its 150 labelled evaluation rows, 4 are without the outcome, and 10",
            "6 more rows without the outcome would do.",
        ),
        (figure("a", "rows", 150.0, rows=150, positives=75), "41 rows.", ""),
        (figure("a", "rows", 150.0, rows=150, positives=None), "41 rows.", ""),
    ],
)
def test_too_little_data(rows, reason, change):
    found = judge(rows)
    assert not found.is_judged
    assert found.reason.startswith(reason)
    assert found.change.startswith(change)


def test_who_is_not_judged_for_other_reasons():
    out = judge(one=member("a", admitted=False))
    assert out.reason.startswith("It was not admitted")
    assert "findings" in out.change
    untrained = made_runs.report([member("a")], Table(), refusal="none")
    assert "Nothing was trained" in judge(run=untrained).reason
    ungated = made_runs.report([member("a")], Table(), gates={})
    assert "no gate was asked" in judge(run=ungated).reason


def test_without_an_evaluation_there_are_findings_and_a_part_only():
    names = [f"Zq{index}" for index in range(2)]
    note, reason = Finding("column `x` is new"), Finding("too few rows", "export more")
    members = [member(names[0], reasons=(reason,), notes=(note,)), member(names[1])]
    run = made_runs.report(members, Table(), refusal="1 of 3 admitted")
    page, _ = content.pages(run)
    assert (page.figures, page.bounds) == (None, ())
    assert [(out, one.sentences) for out, one in page.findings] == [
        (True, ("too few rows",)),
        (False, ("column `x` is new",)),
    ]
    assert page.part.num_rounds == 3


# ---- figures ---------------------------------------------------------------

PLACE = {"slice": "sex"}
FIGURES = [
    figure("a", "rows", 1234.0),
    figure("a", "auc", 0.7, low=0.66, high=0.75),
    figure("a", "auc", 0.6, model="baseline"),
    figure("a", "auc", 0.1, model="change", low=0.05, high=0.16),
    figure("a", "auc", 0.69, split="next"),
    *(figure("a", "tpr", 0.4 + at, threshold=at) for at in (0.1, 0.25, 0.5)),
    figure("a", "own_threshold", 0.31),
    figure("a", "own_threshold_tpr", 0.62),
    figure("a", "rows", 700.0, group="men", rows=700, **PLACE),
    figure("a", "auc", 0.72, group="men", **PLACE),
    figure("a", "auc", 0.02, model="change", group="men", **PLACE),
    figure("a", "rows", 500.0, group="women", rows=500, **PLACE),
    figure("a", "auc", 0.64, group="women", **PLACE),
    figure("a", "rows", None, group="too few", rows=34, note="too few", **PLACE),
    figure("a", "auc_gap", 0.08, about="men (0.72) and women (0.64)", **PLACE),
    figure("a", "equal_opportunity_difference", 0.3, threshold=0.25, **PLACE),
    figure("a", "equal_opportunity_difference", 0.9, threshold=0.5, **PLACE),
]


def own(figures, num_others=5) -> OwnFigures:
    more = [figure(f"o{n}", "auc", 0.6 + n / 50) for n in range(num_others)]
    judged = {"a", *(one.silo for one in more)}
    return OwnFigures(table.of(figures), Others([*figures, *more], judged), "a")


def test_lines():
    found = own(FIGURES)
    (auc,) = found.lines
    assert (auc.found.value, auc.before.value, auc.change.value) == (0.7, 0.6, 0.1)
    assert auc.others.num_others == 5
    assert found.charts == [auc]
    rates = [(line.measure.metric, line.threshold) for line in found.rates]
    assert rates == [("tpr", 0.1), ("tpr", 0.25), ("tpr", 0.5)]
    assert found.threshold == 0.25
    assert [(m.metric, f.value) for m, f in found.following] == [("auc", 0.69)]


def test_groups_the_worst_first_and_small_ones_without_a_figure():
    found = own(FIGURES)
    (sex,) = found.groups
    assert sex.groups == ("women", "men", "too few")
    assert found.get("auc", "sex", "too few").note == "too few"
    assert [(m.metric, f.value) for m, f in sex.gaps] == [
        ("auc_gap", 0.08),
        ("equal_opportunity_difference", 0.3),
    ]


def test_a_threshold_of_its_own_would_reveal_the_rate_of_few_others():
    assert own(FIGURES).own_threshold.value == 0.31
    assert [f.value for _, f in own(FIGURES).own_rates] == [0.62]
    assert own(FIGURES, num_others=4).own_threshold is None


def test_groups_are_cut_where_they_are_many():
    sizes = {"age": 30, "age x town": 40, "town": 3}
    rows = [
        figure("a", "rows", 50.0, slice=column, group=f"g{index:03d}")
        for column, size in sizes.items()
        for index in range(size)
    ]
    found = [(one.column, one.num_groups, len(one.groups)) for one in own(rows).groups]
    assert found == [("age", 30, 13), ("town", 3, 3), ("age x town", 40, 14)]
    assert MAX_GROUPS == 13 + 3 + 14


@pytest.mark.parametrize("figures", [[], [figure("a", "rows", None, note="too few")]])
def test_a_silo_without_figures(figures):
    found = own(figures)
    assert not found.has_own
    assert (found.charts, found.threshold) == ([], None)


# ---- bounds ----------------------------------------------------------------


def compare(gates, *figures):
    return bounds.of_silo(gates, own(figures))


@pytest.mark.parametrize(
    ("value", "low", "high", "met", "sure"),
    [
        (0.70, 0.66, 0.75, True, True),
        (0.70, 0.64, 0.75, True, False),
        (0.64, 0.60, 0.66, False, False),
        (0.60, 0.55, 0.64, False, True),
        (0.65, 0.65, 0.70, True, True),
        (0.60, None, None, False, True),
    ],
)
def test_a_floor(value, low, high, met, sure):
    gates = {"silo_floor": {"at_least": 0.65}}
    (found,) = compare(gates, figure("a", "auc", value, low=low, high=high))
    assert (found.is_met, found.is_sure) == (met, sure)
    assert (found.what, found.demanded) == ("AUC", "at least 0.650")


@pytest.mark.parametrize(
    ("metric", "value", "met"),
    [
        ("auc", -0.031, False),
        ("auc", -0.009, True),
        ("log_loss", 0.031, False),
        ("log_loss", -0.2, True),
    ],
)
def test_a_change_is_worse_by_the_metrics_own_direction(metric, value, met):
    gates = {"silo_change": {"metric": metric, "at_most_worse": 0.01}}
    (found,) = compare(gates, figure("a", metric, value, model="change"))
    assert (found.is_met, found.signed) == (met, True)
    assert found.demanded == "at most 0.010 worse"


def test_calibration_and_groups():
    gap = "equal_opportunity_difference"
    found = compare(
        {
            "calibration": {"at_most": 0.05},
            "group_gap": {"metric": "tpr", "threshold": 0.5, "at_most": 0.1},
        },
        figure("a", "calibration_error", 0.06, low=0.04, high=0.08),
        figure("a", gap, 0.11, threshold=0.5, slice="race"),
        figure("a", gap, 0.09, threshold=0.5, slice="sex"),
        figure("a", gap, 0.7, threshold=0.25, slice="sex"),
    )
    assert [(one.what, one.is_met) for one in found] == [
        ("calibration error", False),
        ("difference in true positive rate at 0.5 between groups of race", False),
        ("difference in true positive rate at 0.5 between groups of sex", True),
    ]
    assert not found[0].is_sure


def test_a_bound_without_a_figure_is_neither_kept_nor_missed():
    gates = {"group_gap": {"at_most": 0.1, "slices": ["race"]}}
    (named,) = compare(gates, figure("a", "auc_gap", 0.2, slice="sex"))
    few = figure("a", "rows", None, note="too few", rows=7)
    (noted,) = compare({"silo_floor": {"at_least": 0.6}}, few)
    assert (named.found, named.slack) == (None, ())
    assert (noted.found.note, noted.slack) == ("too few", ())


def test_bounds_are_read_from_the_real_settings():
    settings = GateSettings(
        silo_floor=Floor(at_least=0.7, refuse_if="possibly"),
        group_gap=GroupGap(at_most=0.1, metric="precision", threshold=0.5),
        calibration=Calibration(at_most=0.04),
        silo_change=Change(at_most_worse=0.02, metric="brier"),
    )
    found = compare(
        settings.model_dump(mode="json"),
        figure("a", "auc", 0.5),
        figure("a", "predictive_parity_difference", 0.2, threshold=0.5, slice="sex"),
    )
    assert [(one.gate, one.refuse_if) for one in found] == [
        ("silo_floor", "possibly"),
        ("calibration", settings.calibration.refuse_if),
        ("silo_change", settings.silo_change.refuse_if),
        ("group_gap", settings.group_gap.refuse_if),
    ]


def test_each_metric_and_gate_and_kind_of_egress_has_its_words():
    assert set(bounds.GAPS) == {"auc", *RATES} - {"fnr"}
    for metric in ("auc", "pr_auc", "log_loss", "brier", *bounds.GAPS):
        gates = {"silo_change": {"at_most_worse": 0.0, "metric": metric}}
        assert compare(gates, figure("a", "auc", 0.5))[0].what
    assert set(MEANINGS) == set(KINDS)
    assert set(GATES) >= set(GateSettings.model_fields)


# ---- the others ------------------------------------------------------------

AUC = {"a": 0.71, "b": 0.62, "c": 0.64, "d": 0.70, "e": 0.83, "f": 0.66}


def others(values, metric="auc", judged=None):
    figures = [figure(silo, metric, value) for silo, value in values.items()]
    return Others(figures, set(values) if judged is None else judged)


def seen(found, value, silo="a", metric="auc"):
    return found.of(silo, metric, None, figure(silo, metric, value))


def counts(found):
    return [(each.low, each.high, each.count, each.own) for each in found.bins]


def test_a_histogram_worked_by_hand():
    found = seen(others(AUC), 0.71)
    assert counts(found) == [
        (0.6, 0.65, 2, False),
        (0.65, 0.7, 1, False),
        (0.7, 0.75, 1, True),
        (0.75, 0.8, 0, False),
        (0.8, 0.85, 1, False),
    ]
    assert (found.lower, found.alike, found.higher) == (3, 1, 1)
    assert (found.num_others, found.most) == (5, 2)


def test_fewer_than_five_others_are_not_shown():
    assert MIN_OTHERS == 5
    assert seen(others(dict(list(AUC.items())[:5])), 0.71) is None


def test_only_judged_silos_count_and_a_silo_not_among_them_is_not_taken_out():
    found = others(AUC | {"g": 0.99, "h": 0.01}, judged=set(AUC))
    assert seen(found, 0.71).num_others == 5
    assert seen(found, 0.71, silo="quarantined").num_others == 6


def test_only_numbers_of_all_rows_of_the_candidate_count():
    figures = [figure(silo, "auc", value) for silo, value in AUC.items()]
    figures += [
        figure("a", "auc", 0.1, model="baseline"),
        figure("b", "auc", 0.1, split="next"),
        figure("c", "auc", 0.1, slice="sex", group="men"),
        figure("", "auc", 0.1),
    ]
    assert seen(Others(figures, set(AUC)), 0.71).num_others == 5
    noted = [figure("a", "auc", None, note="too few"), figure("b", "auc", math.nan)]
    assert seen(Others(noted, {"a", "b"}), 0.5, silo="c") is None


def test_without_a_figure_of_its_own_a_silo_sees_nothing():
    assert others(AUC).of("a", "auc", None, None) is None
    few = figure("a", "auc", None, note="too few")
    assert others(AUC).of("a", "auc", None, few) is None


def test_the_ends():
    found = seen(others(dict.fromkeys("bcdef", 1.0) | {"a": 0.0}), 0.0)
    assert counts(found)[0] == (0.0, 0.05, 0, True)
    assert counts(found)[-1] == (0.95, 1.0, 5, False)
    losses = others(dict.fromkeys("bcdef", 7.0) | {"a": 1.0}, "log_loss")
    assert counts(seen(losses, 1.0, metric="log_loss"))[-1] == (1.95, None, 5, False)


@pytest.mark.parametrize("twentieths", range(20))
def test_an_edge_belongs_to_the_bin_above(twentieths):
    value = twentieths * 0.05
    (only,) = seen(others(dict.fromkeys("abcdef", value)), value).bins
    assert (only.low, only.count) == (twentieths / 20, 5)


@given(
    st.dictionaries(
        st.text(min_size=1), st.floats(0, 1, allow_nan=False), min_size=6, max_size=30
    )
)
def test_each_other_silo_is_counted_once(values):
    silo, value = next(iter(values.items()))
    found = seen(others(values), value, silo=silo)
    assert sum(each.count for each in found.bins) == len(values) - 1
    assert [each.own for each in found.bins].count(True) == 1
    assert all(each.low in {n / 20 for n in range(20)} for each in found.bins)


# ---- training --------------------------------------------------------------


def record(silo: str, norm: float) -> SiloRecord:
    return SiloRecord(silo, 10, 0.7, 0.6, norm, 0.5)


RUN = RunRecord(
    "fed_avg",
    rounds=(
        RoundRecord(1, 0.7, 0.6, (record("a", 4.0), record("b", 9.0))),
        RoundRecord(2, 0.7, 0.6, (record("b", 8.0),), (Dropped("a", "late"),)),
        RoundRecord(3, 0.7, 0.6, (record("b", 7.0),), (Dropped("a", "late"),)),
        RoundRecord(4, 0.7, 0.6, (record("a", 1.0), record("b", 6.0))),
        RoundRecord(5, 0.7, 0.6, (record("a", 3.0),), (Dropped("b", "died"),)),
        RoundRecord(6, 0.7, 0.6, (record("b", 5.0),), (Dropped("a", "late"),)),
    ),
    left_out=(Dropped("c", "no row with a label"),),
)


def test_rounds_taken_and_missed():
    found = training.parts(RUN, ["a", "b", "c"])
    records = [(number, one.update_norm) for number, one in found["a"].records]
    assert records == [(1, 4.0), (4, 1.0), (5, 3.0)]
    assert found["a"].missed == (("late", (2, 3, 6)),)
    assert training.ranges((2, 3, 6)) == "2 to 3, 6"
    assert (found["b"].num_rounds, found["c"].left_out) == (6, "no row with a label")
    assert not found["c"].records


def test_a_curve_worked_by_hand():
    records = training.parts(RUN, ["a"])["a"].records
    norms, cosines = training.curves(records)
    assert norms.shapes[1] == ("curve", "M0,0 240,60 320,20")
    assert norms.label == (
        "Norm of its update: 4.000 in your first round, 3.000 in your last; between "
        "1.000 and 4.000."
    )
    assert cosines.shapes[1] == ("curve", "M0,0 240,0 320,0")  # all alike
    assert training.curves(records[:1]) == []


def test_many_rounds_are_thinned_out():
    part = training.parts(made_runs.rounds(["a"], 300), ["a"])["a"]
    assert [number for number, _ in part.latest] == [*range(281, 301)]
    points = training.curves(part.records)[0].shapes[1][1].split()
    assert len(points) == training.MAX_POINTS + 1
    assert (points[0], points[-1]) == ("M0,0", "320,60")


# ---- names -----------------------------------------------------------------

NAMES = SiloNames(["north", "north east", "F9", "مطار القاهرة", "<b>", "a(b", "_"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("has user id 3 of silo `north`", "has user id 3 of silo `another silo`"),
        ("as north east, and F9", "as another silo, and another silo"),
        ("northern F91 F9a", "northern F91 F9a"),
        ("مطار القاهرة!", "another silo!"),
        ("like <b>, a(b and _", "like another silo, another silo and another silo"),
        ("", ""),
    ],
)
def test_other_names_are_hidden(text, shown):
    assert NAMES.hide_others(text, "south") == shown


def test_its_own_name_stays_also_where_it_holds_another():
    text = "silo `north east`: like north"
    assert NAMES.hide_others(text, "north east") == f"silo `north east`: like {ANOTHER}"


names = st.text(alphabet="Qzü -(.", min_size=1, max_size=6).filter(str.strip)


@given(st.lists(names, min_size=2, max_size=6, unique_by=str.strip))
def test_a_name_between_other_words_is_always_found(silos):
    mine, other = silos[0].strip(), silos[1].strip()
    found = SiloNames(silos).hide_others(f"as in `{other}`", mine)
    assert found != f"as in `{other}`" or mine.startswith(other)
