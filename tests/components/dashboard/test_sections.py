"""What each section says of a run: its tables, key figures and verdicts."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.dashboard import report
from components.dashboard.formats import NONE
from components.dashboard.section import Note
from components.dashboard.sections import (
    account,
    data,
    decision,
    key_figures,
    silos,
    training,
)
from components.dashboard.sections.groups import MEASURES, group_gaps
from components.dashboard.sections.key_figures import widest
from components.federation.workers import ONE_USER_ID
from components.payloads import model_run, table
from components.payloads.cohort import Cohort
from components.payloads.decision import Decision, GateResult, Waiver
from components.payloads.egress import EgressItem
from components.payloads.findings import Finding, Group
from components.payloads.manifest import DataFile, Manifest, SiloEntry, Split
from components.payloads.minimum_data import MinimumData
from components.payloads.model_run import Dropped, RoundRecord, RunRecord, SiloRecord
from components.payloads.silo import Silo
from components.payloads.table import Figure
from tests.components.dashboard.conftest import (
    ARABIC,
    EVIL,
    LEFT_OUT,
    LOWEST,
    MISSING,
    TOO_FEW_SILO,
    WORST,
    auc_of,
    figures_of,
    said,
    table_of,
    texts,
)
from tests.components.dashboard.silo.made_runs import figure

ABOUT = report.About("flights", "7")


def evaluated(*figures: Figure, **change) -> report.Report:
    found = report.of_evaluation(ABOUT, None, table.make_table(figures))
    return dataclasses.replace(found, **change)


# Decision and gates


def test_gates_that_refuse_come_first_with_a_hint_and_waived_ones_say_who():
    waiver = Waiver("gap", "agreed", "A. Reviewer", "2026-12-31", "2026-11-24", "r1")
    gates = (
        GateResult("overall", True, "0.713 is enough."),
        GateResult("gap", False, "0.31 apart.", "ask", waiver),
        GateResult("worst", False, "0.510 is too low.", "ask its owner"),
    )
    found = report.Report(ABOUT, decision=Decision(False, gates=gates))
    made = table_of(decision.gates(found), "What each gate says")
    assert [row[:2] for row in texts(made)] == [
        ["`worst`", "refused"],
        ["`gap`", "waived"],
        ["`overall`", "passed"],
    ]
    assert made.rows[0].cells[1].findings == (Group("ask its owner", ()),)
    waived = made.rows[1].cells[1]
    assert waived.mood == "waived"
    assert waived.findings[0].sentences == (
        *("by A. Reviewer until 2026-12-31", "agreed", "said at 2026-11-24"),
    )


def test_a_waived_gate_leads_the_page():
    waiver = Waiver("gap", "agreed", "A. Reviewer", "2026-12-31", "2026-11-24", "r1")
    gates = (GateResult("gap", False, "0.31 apart.", "", waiver),)
    made = decision.decision(report.Report(ABOUT, decision=Decision(True, gates=gates)))
    assert made.title == "⚑ Blessed, 1 gate waived by A. Reviewer"
    assert made.banner == "blessed"
    (note,) = (part for part in made.parts if isinstance(part, Note))
    assert note.title == "Waived: gap. 0.31 apart."
    assert note.items == ("“agreed” said A. Reviewer, until 2026-12-31.",)


def test_a_baseline_that_is_not_what_served_then_is_told():
    said = ("the baseline, silo `F9`: own.npz: found no file",)
    decided = Decision(True, baseline_not_as_served=said)
    made = decision.decision(report.Report(ABOUT, decision=decided))
    (note,) = (part for part in made.parts if isinstance(part, Note))
    assert (note.title, note.items) == ("The baseline is not what served then:", said)


def test_silos_that_no_gate_judged_are_listed_with_the_reason(run):
    made = table_of(decision.gates(run), "Silos that no gate judged")
    assert texts(made) == [
        [TOO_FEW_SILO, "too few rows to judge"],
        [LEFT_OUT, "it is quarantined"],
    ]


# Key figures


def test_the_auc_stands_with_its_interval_and_the_change(run):
    one = figures_of(key_figures.section(run))["AUC"]
    assert one.value == "0.700"
    assert one.detail == (
        "95 % interval: 0.693 to 0.711; +0.020 against the baseline (+0.016 to +0.024)"
    )


def test_the_worst_silo_and_the_gap_are_of_judged_silos(run):
    found = figures_of(key_figures.section(run))
    worst = found["Worst judged silo (AUC)"]
    assert (worst.silo, worst.value) == (LOWEST, f"{auc_of(LOWEST):.3f}")
    judged = [auc_of(silo) for silo in WORST if silo != LEFT_OUT]
    gap = found["Gap between best and worst"]
    assert gap.value == f"{max(judged) - min(judged):.3f}"
    losers = found["Silos that surely lose"]
    assert losers.value == "0 of 14"
    assert losers.detail.endswith("1 are lower at all")


def test_value_and_interval_of_the_gap_are_those_of_the_evaluation():
    over: dict[str, Any] = {"slice": "silo_id", "rows": 3000}
    found = figures_of(
        key_figures.section(
            evaluated(
                figure("a", "auc", 0.9, rows=1000),
                figure("b", "auc", 0.5, rows=12),
                figure(
                    *("", "gap_auc", 0.081),
                    **(over | {"low": 0.047, "high": 0.114, "about": "a and c"}),
                ),
                figure("", "worst_auc", 0.819, **(over | {"about": "c"})),
            )
        )
    )
    assert found["Worst measured silo (AUC)"].silo == "c"
    gap = found["Gap between best and worst"]
    assert gap.value == "0.081"
    assert gap.detail == (
        "AUC of the measured silos; a and c; 95 % interval: 0.047 to 0.114"
    )


def test_counts_are_those_of_cohort_and_ledger(run):
    found = figures_of(key_figures.section(run))
    assert found["Silos admitted"].value == "15 of 16"
    assert found["Silos admitted"].detail == "the quorum is 3; judged: 14"
    assert found["Rows scored"].value == "8,000"
    assert found["AUC on the following span"].value == "0.690"


def test_of_an_evaluation_alone_nothing_of_a_run_is_shown(run):
    found = report.of_evaluation(ABOUT, None, run.scores)
    figures = figures_of(key_figures.section(found))
    assert figures["Silos measured"].value == "15 of 16"
    assert not any("judged" in label for label in figures)
    assert "Rows scored" not in figures
    headings = [name for name, _ in silos.all_silos(found).headings]
    assert headings[-1] == "Rows to evaluate"
    assert "Admission" not in headings


def test_without_an_evaluation_there_are_dashes_with_the_reason(refused):
    found = figures_of(key_figures.section(refused))
    assert found["AUC"].value == found["Gap between best and worst"].value == NONE
    assert found["AUC"].detail == "nothing was evaluated"


def group_auc(group: str, value: float, rows: int, positives: int) -> Figure:
    interval = {"low": value - 0.03, "high": value + 0.02}
    place = {"slice": "race", "group": group, "rows": rows, "positives": positives}
    return figure("", "auc", value, **(place | interval))


def test_a_group_with_too_little_data_does_not_lead_the_widest_gap():
    known = table.make_table(
        [
            group_auc("A", 0.8, 900, 300),
            group_auc("B", 0.7, 500, 100),
            group_auc("C", 0.2, 210, 3),
            group_auc("D", 0.99, 90, 40),
        ]
    )
    gap = widest(known, "race", MinimumData())
    assert gap is not None
    assert gap.about == "A (0.800) and B (0.700)"
    assert gap.number == pytest.approx(0.1)
    assert gap.low == pytest.approx(0.1 - math.hypot(0.03, 0.02))
    assert gap.high == pytest.approx(0.1 + math.hypot(0.02, 0.03))
    assert widest(known, "race", MinimumData(rows=600)) is None


# Silos


def test_silos_come_surely_worst_first_and_say_why_they_are_not_judged(run):
    made = silos.all_silos(run)
    rows = texts(made)
    assert [row[0] for row in rows] == [*WORST, TOO_FEW_SILO]
    judged = {row[0]: row[4] for row in rows}
    assert judged[TOO_FEW_SILO] == "no: too few rows to judge"
    assert judged[LEFT_OUT] == "no: it is quarantined"
    assert judged[EVIL] == "yes"
    assert rows[-1][1] == "too few (7)"
    (row,) = (row for row in made.rows if row.cells[0].text == LEFT_OUT)
    (part,) = (cell for cell in row.cells if cell.text == "not admitted")
    assert part.findings == (Group("", (MISSING.sentence,)),)  # no hint here


def test_each_metric_over_silos_is_a_row_and_the_worst_silo_is_named():
    over = {"slice": "silo_id", "rows": 900}
    made = silos.across_silos(
        evaluated(
            figure("", "worst_auc", 0.61, about="F9", **over),
            figure("", "mean_auc", 0.7, **over),
            figure("", "variance_auc", 0.000_43, **over),
            figure("", "gap_auc", 0.2, **over),
            figure("", "worst_tpr", 0.3, threshold=0.5, about="AS", **over),
            figure("", "mean_tpr", 0.4, threshold=0.5, **over),
        )
    )
    rows = texts(made)
    assert [row[:5] for row in rows] == [
        ["AUC", "", "candidate", "0.610", "F9"],
        ["True positive rate", "0.5", "candidate", "0.300", "AS"],
    ]
    assert rows[0][5:] == [NONE, "0.700", "0.200", "0.00043", NONE, NONE]
    assert [row.threshold for row in made.rows] == [None, 0.5]
    assert not silos.across_silos(evaluated()).rows


def test_each_silo_has_its_own_threshold_and_the_rates_with_it():
    figures = [
        figure("süd", "own_threshold", 0.41),
        figure("süd", "own_threshold_tpr", 0.625, low=0.5, high=0.725),
        figure("süd", "own_threshold_fpr", 0.25, low=0.125, high=0.35),
        figure("nord", "own_threshold", 0.125),
        *(figure(silo, "auc", 0.8) for silo in ("süd", "nord", "ost")),
    ]
    süd = ["süd", "0.410", "0.625", "0.500 to 0.725", "0.250", "0.125 to 0.350"]
    assert texts(silos.own_thresholds(table.make_table(figures))) == [
        ["nord", "0.125", *(NONE, "") * 3],
        [*süd, NONE, ""],
    ]


@pytest.mark.parametrize(("rows", "is_said"), [(1_250, True), (0, False)])
def test_rows_that_figures_over_all_silos_leave_out_are_said(rows, is_said):
    found = evaluated(
        figure("", "rows", 3_000, rows=3_000),
        figure("a", "rows", 3_000, rows=3_000),
        figure("b", "rows", rows, rows=rows),
    )
    sentence = "Figures over all silos leave out 1,250 rows: those of silos that were"
    texts_ = said(silos.section(found))
    assert any(text.startswith(sentence) for text in texts_) is is_said


# Groups


def ratio(value: float, silo: str = "", model: str = "candidate") -> Figure:
    interval = {"low": value - 0.1, "high": value + 0.05}
    place = {"slice": "sex", "threshold": 0.5, "about": "F (0.3) and M (0.4)"}
    metric = "demographic_parity_ratio"
    return figure(silo, metric, value, model=model, **place, **interval)


def auc(silo: str, **more) -> Figure:
    return figure(silo, "auc", 0.7, rows=500, **more)


WOMEN = auc("", slice="sex", group="F")


def test_the_80_percent_rule_has_a_verdict_over_all_silos_and_in_the_worst():
    ratios = (ratio(0.85), ratio(0.71, "a"), ratio(0.65, "b"))
    made = group_gaps(evaluated(WOMEN, auc("a"), auc("b"), *ratios))
    assert texts(made) == [
        [
            *("Demographic parity, ratio", "sex", "0.5", "0.850, at least 0.8"),
            *("0.750 to 0.900", "F (0.3) and M (0.4)", "0.650, below 0.8", "b"),
        ]
    ]
    exactly = group_gaps(evaluated(WOMEN, ratio(0.8), ratio(0.9, model="baseline")))
    assert texts(exactly)[0][3] == "0.800, at least 0.8"
    assert texts(exactly)[0][6] == "0.900"
    assert not group_gaps(evaluated(WOMEN)).rows


@pytest.mark.parametrize("metric", MEASURES)
def test_the_worst_silo_is_the_largest_but_of_a_ratio_and_an_auc(metric):
    values = {"": 0.3, "a": 0.2, "b": 0.4}
    gaps = [figure(silo, metric, v, slice="sex") for silo, v in values.items()]
    (found,) = texts(group_gaps(evaluated(WOMEN, auc("a"), auc("b"), *gaps)))
    low = metric in {"demographic_parity_ratio", "worst_auc"}
    assert found[-1] == ("a" if low else "b")


# The silos' data


def test_findings_name_quarantined_silos_first_with_the_reason(run):
    section = data.findings(run)
    made = table_of(section, "Validation findings")
    assert [row[0] for row in texts(made)] == [LEFT_OUT, EVIL, ARABIC]
    _, admission, why, others = made.rows[0].cells
    assert (admission.text, admission.mood) == ("quarantined", "bad")
    assert why.findings == (Group(MISSING.hint, (MISSING.sentence,)),)
    assert others.findings == ()
    assert made.rows[1].cells[3].findings[0].hint == f"leave `{EVIL}` out"
    assert said(section)[0] == "15 of 16 silos were admitted"


def test_a_cohort_below_its_quorum_and_a_clean_one_say_so(run):
    members = tuple(
        dataclasses.replace(one, admitted=True, reasons=(), notes=())
        for one in run.cohort.members
    )
    clean = data.findings(dataclasses.replace(run, cohort=Cohort(members, 17)))
    assert said(clean) == [
        "16 of 16 silos were admitted; the quorum is 17",
        "Validation found nothing in any silo. Which silos could not be trained or "
        "scored, and why, stands at the top.",
    ]


def entry(silo: str, files: int, error: Finding | None = None) -> SiloEntry:
    paths = [f"/data/{silo}/2013-{month:02}.parquet" for month in range(1, files + 1)]
    return SiloEntry(
        Silo(silo, f"/homes/{silo}"),
        tuple(DataFile(path, "d" * 64, 50) for path in paths),
        {} if error else {"train": Split.of("t.parquet", "e" * 64, 120 + files)},
        error=error,
    )


def test_what_was_read_of_each_silo_comes_faults_first():
    gone = Finding("found no file", "look for it")
    entries = (entry("a", 1), entry("b", 6), entry("c", 0, gone))
    found = report.Report(ABOUT, examples=Manifest("flights", "7", entries))
    section = data.examples(found)
    assert said(section) == ["2 of 3 silos could be read"]
    assert figures_of(section)["Rows to train"].value == "247"
    assert figures_of(section)["Files"].value == "7"
    made = table_of(section, "What was read of each silo")
    assert texts(made) == [
        ["c", "0", NONE, ""],
        ["a", "121", "1: 2013-01.parquet", ""],
        [
            *("b", "126"),
            "6: 2013-01.parquet, 2013-02.parquet, …, 2013-05.parquet, 2013-06.parquet",
            "",
        ],
    ]
    assert made.rows[0].cells[3].findings == (Group("", ("found no file",)),)


def test_the_schema_says_type_values_and_presence():
    shared = schema_pb2.Schema()
    shared.string_domain.add(name="colours", value=["red", "blue"])
    shared.feature.add(name="colour", type=schema_pb2.BYTES, domain="colours")
    age = shared.feature.add(name="age", type=schema_pb2.INT)
    age.int_domain.min, age.int_domain.max = 0, 1200
    age.presence.min_fraction = 1
    late = shared.feature.add(name="late", type=schema_pb2.FLOAT)
    late.float_domain.min, late.presence.min_fraction = 0.5, 0.25
    late.not_in_environment.append("SERVING")
    section = data.schema(report.Report(ABOUT, schema=shared))
    assert said(section)[0].startswith("The shared schema has 3 columns.")
    assert texts(table_of(section, "Columns")) == [
        ["colour", "text", "red, blue", "may be missing", ""],
        ["age", "whole number", "from 0 to 1,200", "in every row", ""],
        ["late", "number", "from 0.5", "in at least 25 % of rows", "SERVING"],
    ]


def test_features_say_what_was_agreed_and_which_columns_are_left_out(run):
    section = data.features(run)
    assert texts(table_of(section, "Features of the model")) == [
        ["distance", "numeric", "1046", "730", ""],
        ["carrier", "categorical", "", "", "3"],
    ]
    unused = texts(table_of(section, "Columns that the model does not get"))
    assert [row[0] for row in unused] == [f"`{EVIL}`", "`carrier`"]
    assert unused[0][1].startswith("Look at this: ")
    none = data.features(report.Report(ABOUT))
    assert said(none) == ["There are no features: no silo was admitted"]


# Training


def test_drop_outs_say_when_and_why(run):
    section = training.section(run)
    made = table_of(section, "Silos that dropped out")
    assert texts(made) == [[EVIL, "3", ""]]
    assert made.rows[0].cells[2].findings == (Group("", ("no answer in 60 s",)),)
    losses = [
        float(row[1]) for row in texts(table_of(section, "Silos in the last round"))
    ]
    assert losses == sorted(losses, reverse=True)
    assert section.charts() == ["training"]


def test_losses_that_no_silo_tells_are_dashes_and_have_no_chart():
    silos = [SiloRecord(name, 9, None, None, 1.0, 0.5) for name in ("a", "b")]
    rounds = (model_run.summarise(1, silos, {}),)
    found = report.Report(ABOUT, run=RunRecord("fed_avg", rounds=rounds))
    section = training.section(found)
    last_round = table_of(section, "Silos in the last round")
    assert [row[:3] for row in texts(last_round)] == [
        ["a", NONE, NONE],
        ["b", NONE, NONE],
    ]
    assert "Highest loss first" not in last_round.caption
    assert not section.charts()


def test_silos_that_dropped_out_most_often_come_first():
    rounds = tuple(
        RoundRecord(n, 0.6, 0.5, (), (Dropped("often", "late"),)) for n in (1, 2)
    )
    run = RunRecord("fed_avg", rounds=rounds, left_out=(Dropped("never", "no rows"),))
    assert training.drops(run) == {
        "often": [("1", "late"), ("2", "late")],
        "never": [("before the first round", "no rows")],
    }


def test_silos_that_share_a_user_id_are_a_notice():
    found = report.Report(ABOUT, run=RunRecord("fed_avg", ONE_USER_ID))
    notes = [p for p in training.section(found).parts if isinstance(p, Note)]
    assert notes[0].title.startswith("Isolation of the silos: one user id")
    assert not training.section(report.Report(ABOUT)).charts()


# The account


def test_what_left_is_added_up_over_silos_first():
    left = {s: (EgressItem("statistics", 2 + i, 100 * i),) for i, s in enumerate("abc")}
    section = account.egress(report.Report(ABOUT, egress=left))
    made = table_of(section, "What left the silos")
    assert [name for name, _ in made.headings] == ["Silo", "Statistics", "Together"]
    assert texts(made)[0] == ["All silos", "9 (300 bytes)", "300 bytes"]
    assert len(made.rows) == 4


def test_what_was_not_scored_is_listed(run):
    section = account.predictions(run)
    assert texts(table_of(section, "What was not scored")) == [
        [EVIL, "score.parquet", "no file"]
    ]
    first, second, *_ = texts(table_of(section, "Predictions by silo"))
    base, place = "base dddddddddddd", "/silo/predictions"
    why = "`<b>` is infinite (4), `a` is infinite (1)"  # most dead letters first
    assert first[1:] == ["500", "300", "5", why, base, "yes", place]
    why = "`a` is infinite (2)"
    assert second[1:] == ["500", "0", "2", why, base, "no", place]
    figures = figures_of(section)
    why = "`<b>` is infinite (4), `a` is infinite (3)"
    assert figures["Dead letters"].detail == why
    assert figures["Rows scored"].detail == "300 of them before, unchanged"
    assert figures["Taken over"].value == "3"
    assert figures["Rows a second"].value == "15,400"
    assert figures["Rows a second"].detail == "1.00 CPU seconds a million rows"


def test_versions_stand_beside_the_digests(run):
    section = account.version(run)
    rows = dict(texts(table_of(section, "Versions")))
    assert rows["model (digest)"] == "a" * 64
    assert rows["this page's code (digest)"] == "f" * 64
    assert rows["tensorflow-model-analysis"]
