"""What a silo's owner reads: its own report, figures, bounds, the others, its part."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.dashboard.formats import NONE
from components.dashboard.section import Drawing, Section, Table
from components.dashboard.silo import bounds, own, sections
from components.dashboard.silo.names import ANOTHER, SiloNames
from components.dashboard.silo.others import MIN_OTHERS, Others
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
from components.payloads.table import Table as Scores
from tests.components.dashboard.conftest import said, table_of, texts
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import figure, member


def of_first(run):
    """Return the report of the silo `a`."""
    return next(one for one in own.reports(run) if one.silos[0].member.silo == "a")


def shown(figures=(), num_others=5, share=True, **how) -> dict[str, Section]:
    """Return the sections of the silo `a`, whose figures these are, by id."""
    more = [figure(f"o{n}", "auc", 0.6 + n / 50) for n in range(num_others)]
    members = [member("a"), *(member(one.silo) for one in more)]
    run = made_runs.report(members, table.make_table([*figures, *more]), **how)
    others = Others(run.scores, {one.member.silo for one in run.judged})
    made = sections.sections(of_first(run), others, share)
    return {section.id: section for section in made}


# ---- the decision ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({}, "The gates judged this silo."),
        (
            {"not_judged": {"a": "41 evaluation rows, 100 are needed"}},
            "No gate judged this silo: 41 evaluation rows, 100 are needed.",
        ),
        ({"gates": {}}, "Every gate passed"),
        ({"refusal": "none"}, "There is no new model."),
    ],
)
def test_a_silo_reads_whether_the_gates_judged_it(how, sentence):
    found = said(shown([figure("a", "auc", 0.7)], **how)["decision"])
    assert any(text.startswith(sentence) for text in found)


def test_without_an_evaluation_there_are_findings_and_a_part_only():
    note, reason = Finding("column `x` is new"), Finding("too few rows", "export more")
    members = [member("a", reasons=(reason,), notes=(note,)), member("b")]
    run = made_runs.report(members, Scores(), refusal="1 of 3 admitted")
    found = sections.sections(of_first(run), Others((), ()), True)
    assert [one.id for one in found] == [
        "decision",
        "gates",
        "findings",
        "predictions",
        "part",
        "left",
    ]
    (row,) = table_of(found[2], "Validation findings").rows
    kept_out, noted = (cell.findings[0] for cell in row.cells[2:])
    assert (kept_out.sentences, kept_out.hint) == (("too few rows",), "export more")
    assert noted.sentences == ("column `x` is new",)
    assert said(found[4])[0] == "You took part in 3 of 3 rounds."


# ---- figures -----------------------------------------------------------------------

PLACE = {"slice": "sex"}
GAP = "equal_opportunity_difference"
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
    figure("a", GAP, 0.3, threshold=0.25, **PLACE),
    figure("a", GAP, 0.9, threshold=0.5, **PLACE),
]


def test_each_metric_stands_beside_baseline_following_span_and_the_others():
    made = shown(FIGURES)
    metrics = table_of(made["figures"], "Metrics of all your rows")
    assert texts(metrics)[0] == [
        *("AUC", "0.700 (0.660 to 0.750)", "0.600", "+0.100 (+0.050 to +0.160)"),
        *("0.690", "5 lower, 0 alike, 0 higher"),
    ]
    assert [row[:2] for row in texts(metrics)[1:]] == [
        ["True positive rate at 0.1", "0.500"],
        ["True positive rate at 0.25", "0.650"],
        ["True positive rate at 0.5", "0.900"],
    ]
    explained = [bool(row.cells[0].findings) for row in metrics.rows]
    assert explained == [True, True, False, False]
    assert len(drawings(made["others"])) == 1


def drawings(section):
    return [part for part in section.parts if isinstance(part, Drawing)]


def test_groups_the_worst_first_and_small_ones_without_a_figure():
    groups = shown(FIGURES)["groups"]
    assert [row[:5] for row in texts(table_of(groups, "Each group"))] == [
        ["women", "sex", "500", "0.640", NONE],
        ["men", "sex", "700", "0.720", "+0.020"],
        ["small groups together", "sex", "34", "too few (34)", NONE],
    ]
    gaps = texts(table_of(groups, "Fairness between your groups"))
    assert [row[:4] for row in gaps] == [
        ["Equal opportunity", "sex", "0.25", "0.300"],
        ["AUC gap", "sex", "", "0.080"],
    ]


def test_a_threshold_of_its_own_would_reveal_the_rate_of_few_others():
    title = "A threshold for each silo"
    rows = texts(table_of(shown(FIGURES)["figures"], title))
    assert rows[0][:3] == ["a", "0.310", "0.620"]
    few = shown(FIGURES, num_others=4)["figures"].parts
    assert title not in [part.title for part in few if isinstance(part, Table)]


def test_groups_are_cut_to_the_surely_worst_where_they_are_many():
    aucs = {f"g{n:03d}": 0.5 + n / 200 for n in range(40)}
    rows = [
        figure("a", metric, value, slice="town", group=group)
        for group, auc in aucs.items()
        for metric, value in (("rows", 50.0), ("auc", auc))
    ]
    made = table_of(shown([figure("a", "rows", 9.0), *rows])["groups"], "Each group")
    assert [row[0] for row in texts(made)] == list(aucs)[: sections.MAX_GROUPS]
    assert made.caption == "30 of 40 groups."
    # Better off than all towns, and yet shown.
    rows += [
        figure("a", metric, value, slice="sex", group=group)
        for group, auc in (("F", 0.9), ("M", 0.91))
        for metric, value in (("rows", 50.0), ("auc", auc))
    ]
    made = table_of(shown([figure("a", "rows", 9.0), *rows])["groups"], "Each group")
    assert [row[0] for row in texts(made)] == [*[*aucs][:28], "F", "M"]


# ---- bounds ------------------------------------------------------------------------


def compare(gates, *figures):
    run = made_runs.report([member("a")], table.make_table(figures), gates=gates)
    return bounds.of_silo(of_first(run), "a")


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
    rows = figure("a", "rows", 1234.0)
    (found,) = compare(gates, rows, figure("a", metric, value, model="change"))
    assert found.is_met == met
    assert found.demanded == "at most 0.010 worse"


def test_calibration_and_groups():
    found = compare(
        {
            "calibration": {"at_most": 0.05},
            "group_gap": {"metric": "tpr", "threshold": 0.5, "at_most": 0.1},
        },
        figure("a", "rows", 1234.0),
        figure("a", "calibration_error", 0.06, low=0.04, high=0.08),
        figure("a", GAP, 0.11, threshold=0.5, slice="race"),
        figure("a", GAP, 0.09, threshold=0.5, slice="sex"),
        figure("a", GAP, 0.7, threshold=0.25, slice="sex"),
    )
    assert [(one.what, one.is_met) for one in found] == [
        ("Calibration error", False),
        ("Difference between groups: True positive rate at 0.5, race", False),
        ("Difference between groups: True positive rate at 0.5, sex", True),
    ]
    assert not found[0].is_sure


def test_a_bound_without_a_figure_is_neither_kept_nor_missed():
    gates = {"group_gap": {"at_most": 0.1, "slices": ["race"]}}
    rows = figure("a", "rows", 1234.0)
    (named,) = compare(gates, rows, figure("a", "auc_gap", 0.2, slice="sex"))
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
    assert set(sections.KINDS) == set(KINDS)
    assert set(own.GATES) >= set(GateSettings.model_fields)


# ---- the others --------------------------------------------------------------------

AUC = {"a": 0.71, "b": 0.62, "c": 0.64, "d": 0.70, "e": 0.83, "f": 0.66}


def others(values, metric="auc", judged=None):
    figures = [figure(silo, metric, value) for silo, value in values.items()]
    return Others(figures, set(values) if judged is None else judged)


def seen(found, value, silo="a", metric="auc"):
    return found.of(figure(silo, metric, value))


def test_a_histogram_worked_by_hand():
    found = seen(others(AUC), 0.71)
    assert found.bins == [
        (0.6, 0.65, 2, False),
        (0.65, 0.7, 1, False),
        (0.7, 0.75, 1, True),
        (0.75, 0.8, 0, False),
        (0.8, 0.85, 1, False),
    ]
    assert found.sides == (3, 1, 1)


def test_fewer_than_five_others_are_not_shown():
    assert MIN_OTHERS == 5
    assert seen(others(dict(list(AUC.items())[:5])), 0.71) is None


def test_only_judged_silos_count_and_a_silo_not_among_them_is_not_taken_out():
    found = others(AUC | {"g": 0.99, "h": 0.01}, judged=set(AUC))
    assert sum(seen(found, 0.71).sides) == 5
    assert sum(seen(found, 0.71, silo="quarantined").sides) == 6


def test_only_numbers_of_all_rows_of_the_candidate_count():
    figures = [figure(silo, "auc", value) for silo, value in AUC.items()]
    figures += [
        figure("a", "auc", 0.1, model="baseline"),
        figure("b", "auc", 0.1, split="next"),
        figure("c", "auc", 0.1, slice="sex", group="men"),
        figure("", "auc", 0.1),
    ]
    assert sum(seen(Others(figures, set(AUC)), 0.71).sides) == 5
    noted = [figure("a", "auc", None, note="too few"), figure("b", "auc", math.nan)]
    assert seen(Others(noted, {"a", "b"}), 0.5, silo="c") is None


def test_without_a_figure_of_its_own_a_silo_sees_nothing():
    assert others(AUC).of(None) is None
    assert others(AUC).of(figure("a", "auc", None, note="too few")) is None


def test_the_ends():
    found = seen(others(dict.fromkeys("bcdef", 1.0) | {"a": 0.0}), 0.0)
    assert found.bins[0] == (0.0, 0.05, 0, True)
    assert found.bins[-1] == (0.95, 1.0, 5, False)
    losses = others(dict.fromkeys("bcdef", 7.0) | {"a": 1.0}, "log_loss")
    assert seen(losses, 1.0, metric="log_loss").bins[-1] == (1.95, None, 5, False)


@pytest.mark.parametrize("twentieths", range(20))
def test_an_edge_belongs_to_the_bin_above(twentieths):
    value = twentieths * 0.05
    (only,) = seen(others(dict.fromkeys("abcdef", value)), value).bins
    assert (only.low, only.number) == (twentieths / 20, 5)


@given(
    st.dictionaries(
        st.text(min_size=1), st.floats(0, 1, allow_nan=False), min_size=6, max_size=30
    )
)
def test_each_other_silo_is_counted_once(values):
    silo, value = next(iter(values.items()))
    found = seen(others(values), value, silo=silo)
    assert sum(each.number for each in found.bins) == len(values) - 1
    assert [each.own for each in found.bins].count(True) == 1
    assert all(each.low in {n / 20 for n in range(20)} for each in found.bins)


# ---- its part in the training ------------------------------------------------------


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


def part_of(run, silo="a"):
    members = [member(name) for name in "abc"]
    reports = own.reports(made_runs.report(members, Scores(), training=run))
    report = next(one for one in reports if one.silos[0].member.silo == silo)
    return sections.sections(report, Others((), ()), True)[-2]


def test_rounds_taken_and_missed():
    part = part_of(RUN)
    assert said(part)[0] == "You took part in 3 of 6 rounds."
    dropped = table_of(part, "Silos that dropped out")
    assert texts(dropped) == [["a", "2 to 3, 6", ""]]
    assert dropped.rows[0].cells[2].findings[0].sentences == ("late",)
    rounds = texts(table_of(part, "Round by round"))
    assert [(row[0], row[4]) for row in rounds] == [
        *(("1", "4.000"), ("4", "1.000"), ("5", "3.000"))
    ]
    (out,) = texts(table_of(part_of(RUN, "c"), "Silos that dropped out"))
    assert out[1] == "before the first round"


def test_a_curve_worked_by_hand():
    norms, cosines = drawings(part_of(RUN))
    assert norms.shapes[1] == ("curve", "M0,0 240,60 320,20")
    assert norms.label == (
        "Length of your update: 4.000 in your first round, 3.000 in your last; between "
        "1.000 and 4.000."
    )
    assert cosines.shapes[1] == ("curve", "M0,0 240,0 320,0")  # all alike
    assert drawings(part_of(RunRecord("", rounds=RUN.rounds[:2]))) == []


def test_many_rounds_are_thinned_out():
    part = part_of(made_runs.rounds(["a"], 300))
    latest = table_of(part, "Round by round")
    assert [row[0] for row in texts(latest)] == [str(n) for n in range(281, 301)]
    points = drawings(part)[0].shapes[1][1].split()
    assert len(points) == sections.MAX_POINTS + 1
    assert (points[0], points[-1]) == ("M0,0", "320,60")


# ---- names -------------------------------------------------------------------------

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
