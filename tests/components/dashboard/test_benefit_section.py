"""What each silo gains, as the run page shows it."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard import formats
from components.dashboard.formats import NONE
from components.dashboard.section import Chart
from components.dashboard.sections import benefit, decision, silos
from components.payloads import table
from components.payloads.benefit import ALONE, BASE, PERSONAL, POOLED, BenefitReport
from tests.components.dashboard import made_benefits
from tests.components.dashboard.conftest import (
    EVIL,
    LEFT_OUT,
    SILOS,
    TOO_FEW_SILO,
    figures_of,
    page_of,
    said,
    table_of,
    texts,
)

EACH = "Each silo's models"
QUESTION = "Federated learning or personalised transfer learning?"
SIZES = "Who gets the gain"


@pytest.fixture(scope="module")
def made(run):
    return benefit.section(run)


def of(run, *silos, **fields):
    """Return the section of a report with these silos."""
    found = BenefitReport("ditto", "a" * 64, silos, **fields)
    return benefit.section(dataclasses.replace(run, benefit=found))


def test_each_silo_s_numbers_are_the_report_s(run, made):
    shown = {row[0]: row for row in texts(table_of(made, EACH))}
    assert set(shown) == set(SILOS)
    for one in run.benefit.silos:
        _, rows, served, gain, *rest = shown[one.silo]
        assert rows == formats.count(one.rows["train"])
        assert served == one.served
        assert gain == "{:+.3f} ({:+.3f} to {:+.3f})".format(*one.gain)
        assert rest[:6] == [
            f"{one.figures[model][metric].value:.3f}"
            for metric in ("auc", "log_loss")
            for model in (BASE, PERSONAL, ALONE)
        ]
        assert rest[6] == one.reason


def test_the_surely_lowest_gain_comes_first(run, made):
    known = {one.silo: one.gain.high for one in run.benefit.silos}
    shown = [row[0] for row in texts(table_of(made, EACH))]
    judged = {line.member.silo for line in run.judged}
    assert shown == sorted(shown, key=lambda silo: (silo not in judged, known[silo]))
    assert 0 < len(judged) < len(shown)


def test_key_figures_are_of_the_judged_silos(run, made):
    judged = [
        one for one in run.benefit.silos if one.silo not in {LEFT_OUT, TOO_FEW_SILO}
    ]
    surely = sum(one.gain.low > 0 for one in judged)
    worse = sum(one.gain.high < 0 for one in judged)
    assert 0 < worse < surely < len(judged) == 14
    found = figures_of(made)
    assert found["Silos that surely gain"].value == f"{surely} of 14"
    assert found["Silos surely worse than alone"].value == f"{worse} of 14"
    mean = sum(one.gain.value for one in judged) / 14
    assert found["Mean gain (AUC)"].value == f"{mean:+.3f}"
    base = sum(one.served == BASE for one in judged)
    assert found["Silos served by base"].value == f"{base} of 14"
    alone = sum(one.served == ALONE for one in judged)
    assert found["Silos served by base"].detail == (
        f"by personal: {14 - base - alone}; by alone: {alone}"
    )


def test_without_an_evaluation_all_compared_silos_count_and_no_chart_is_drawn(run):
    alone = dataclasses.replace(run, scores=type(run.scores)())
    made = benefit.section(alone)
    assert figures_of(made)["Silos served by base"].value.endswith("of 16")
    assert [part for part in made.parts if isinstance(part, Chart)] == []


def test_the_question_is_answered_by_hand(run):
    made = of(run, *map(made_benefits.silo, ("silo-01", "silo-02"), (0.04, -0.03)))
    mean = "0.705 (0.684 to 0.730)"  # half of sqrt(2) times 0.03, and of 0.036
    gain = "+0.005 (-0.002 to +0.013)"
    assert texts(table_of(made, QUESTION)) == [
        ["Federated (base)", mean, "0.670", NONE, gain, "1", "1"],
        ["Alone", "0.700 (0.679 to 0.725)", "0.700", NONE, NONE, NONE, NONE],
        ["What serves each silo", mean, "0.670", NONE, gain, "1", "1"],
    ]


def test_ways_of_training_are_compared_over_the_silos_that_have_all_models(run):
    full = made_benefits.report(["silo-00", "silo-01", "silo-02"]).silos
    made = of(run, *full, made_benefits.silo("silo-04", 0.5))
    found = table_of(made, QUESTION)
    assert "3 of 4 silos" in found.caption
    mean = sum(one.figures[PERSONAL]["auc"].value for one in full) / 3
    personal = texts(found)[1]
    assert personal[0] == "Federated, then personalised"
    assert personal[1].startswith(f"{mean:.3f} (")


def test_pooled_rows_are_said_and_shown(run):
    pooled = made_benefits.report(SILOS, pooled=True)
    made = benefit.section(dataclasses.replace(run, benefit=pooled))
    assert f"Pooled rows: {pooled.pooled}." in said(made)
    headings = [name for name, _ in table_of(made, EACH).headings]
    assert {"AUC, pooled", "Log loss, pooled"} <= {*headings}
    assert "Pooled rows" in [row[0] for row in texts(table_of(made, QUESTION))]
    (chart,) = [it for it in made.parts if getattr(it, "name", "") == "ownmodels"]
    assert [mark for mark, _ in chart.legend] == [BASE, PERSONAL, ALONE, POOLED]


def test_a_refusal_is_one_sentence(refused):
    made = benefit.section(refused)
    assert said(made) == [f"Nothing was compared: {refused.benefit.refusal}."]
    assert len(made.parts) == 1
    assert said(made)[0] in page_of(refused)
    nothing = dataclasses.replace(refused, benefit=BenefitReport())
    sentence = "Nothing was compared: no silo was admitted."
    assert said(benefit.section(nothing)) == [sentence]


def test_one_silo_has_no_thirds_and_its_own_figures_as_the_mean(run):
    one = made_benefits.silo("silo-00", 0.02)
    made = of(run, one)
    assert table_of(made, SIZES).rows == ()
    assert figures_of(made)["Mean gain (AUC)"].value == "+0.020"
    assert figures_of(made)["Silos that surely gain"].value == "1 of 1"
    page = page_of(dataclasses.replace(run, benefit=BenefitReport(silos=(one,))))
    assert "+0.020 (+0.010 to +0.032)" in page


def test_silos_without_an_entry_and_without_a_gain_are_named(run):
    bare = made_benefits.silo("silo-00", 0, figures={}, gains={}, failure="one class")
    made = of(run, bare, made_benefits.silo(EVIL, 0.01))
    (sentence,) = [text for text in said(made) if text.startswith("Served by")]
    assert "silo-01" in sentence
    assert EVIL not in sentence
    assert LEFT_OUT not in sentence  # no model serves it
    first, last = texts(table_of(made, EACH))
    assert (first[0], last[0]) == (EVIL, "silo-00")
    assert last[3:6] == [NONE, NONE, NONE]
    assert last[-1].endswith("one class")


def test_the_decision_says_that_what_serves_the_silos_was_judged(run):
    own = sum(one.served != BASE for one in run.benefit.silos)
    *_, text = said(decision.decision(run))
    assert text.endswith(
        f"What serves each silo was judged: {own} silos have their own."
    )
    without = dataclasses.replace(run, benefit=BenefitReport())
    assert "What serves" not in " ".join(said(decision.decision(without)))


def test_the_base_model_stands_beside_what_serves_the_silos(run):
    beside = [
        dataclasses.replace(figure, model=table.BASE)
        for figure in run.scores
        if figure.model == table.CANDIDATE
    ]
    scores = table.make_table([*run.scores, *beside])
    judged = dataclasses.replace(run, scores=scores)
    rows = texts(table_of(silos.section(judged), "Across the judged silos"))
    models = [row[2] for row in rows if row[0] == "AUC"]
    assert models == ["candidate", "baseline", "base"]
    assert page_of(judged)


def test_the_page_has_the_section_only_where_silos_were_compared(run):
    assert 'id="benefit"' in page_of(run)
    without = dataclasses.replace(run, parts=run.parts - {"benefit"})
    assert 'id="benefit"' not in page_of(without)
