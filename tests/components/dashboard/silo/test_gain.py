"""What an owner reads of its gain, and of the others' gains."""

from __future__ import annotations

import dataclasses

import pytest

from components.dashboard import gains
from components.dashboard.section import Bullets, Drawing
from components.dashboard.silo import bounds, gain, own
from components.dashboard.silo.others import Others
from components.payloads import table
from components.payloads.benefit import BenefitReport
from components.payloads.ledger import Ledger, SiloLine
from tests.components.dashboard import made_benefits
from tests.components.dashboard.conftest import said, table_of, texts
from tests.components.dashboard.silo import made_runs
from tests.components.dashboard.silo.made_runs import figure, member

GAINS = {"a": 0.012, "b": -0.3, "c": 0.004, "d": 0.0049, "e": 0.0151, "f": 0.4}
MODELS = "Your models on your evaluation rows"


def run_of(*silos, names=tuple(GAINS), **fields):
    found = BenefitReport("ditto", "a" * 64, silos, **fields)
    aucs = table.make_table(figure(name, "auc", 0.7) for name in names)
    run = made_runs.report([member(name) for name in names], aucs)
    return dataclasses.replace(run, benefit=found, parts=run.parts | {"benefit"})


def section_of(run, silo="a"):
    """Return the section of a silo's page."""
    found = [
        it
        for one in run.benefit.silos
        if (it := gains.figure(one, "served", gains.GAIN))
    ]
    others = Others(found, {line.member.silo for line in run.judged})
    (report,) = [one for one in own.reports(run) if one.silos[0].member.silo == silo]
    return gain.section(report, others)


def made(**first):
    """Return six silos with the gains above; `first` changes `a`."""
    silos = [made_benefits.silo(name, value) for name, value in GAINS.items()]
    return [dataclasses.replace(silos[0], **first), *silos[1:]]


def test_an_owner_reads_its_models_its_gain_and_what_serves_it_and_why():
    (silo,) = made_benefits.report(["a"]).silos
    found = section_of(run_of(silo, names=("a",)))
    assert [row[0] for row in texts(table_of(found, MODELS))] == [
        *("base", "personal", "alone")
    ]
    for row in texts(table_of(found, MODELS)):
        for cell, metric in zip(row[1:4], ("auc", "log_loss", "brier"), strict=True):
            expected = "{:.3f} ({:.3f} to {:.3f})".format(*silo.figures[row[0]][metric])
            assert cell == expected
        if row[0] != "alone":
            expected = "{:+.3f} ({:+.3f} to {:+.3f})".format(*silo.gains[row[0]]["auc"])
            assert row[4] == expected
    moods = [row.cells[0].mood for row in table_of(found, MODELS).rows]
    assert moods == ["", "good", ""]
    assert said(found)[0] == "The model `personal` serves you."
    (why,) = [part.items for part in found.parts if isinstance(part, Bullets)]
    assert why == (silo.reason,)


def test_the_others_gains_are_counts_in_ranges_and_outliers_are_not_told():
    found = section_of(run_of(*made()))
    (drawn,) = [part for part in found.parts if isinstance(part, Drawing)]
    assert drawn.title == "Gain in AUC, yours +0.012"
    assert drawn.counts == (
        *(("below -0.10", "1"), ("0.00 to 0.01", "2")),
        *(("0.01 to 0.02 (yours)", "1"), ("0.10 or more", "1")),
    )
    assert drawn.label.startswith("Gain in AUC of 5 other silos: 3 in lower ranges")


def test_with_fewer_than_five_others_nothing_is_shown():
    names = tuple(GAINS)[:5]
    found = section_of(run_of(*made()[:5], names=names))
    assert [part for part in found.parts if isinstance(part, Drawing)] == []
    assert "Fewer than 5 others have a gain: theirs are not shown." in said(found)


@pytest.mark.parametrize(
    ("silos", "fields", "sentence"),
    [
        ((), {"refusal": "see `b`"}, "Nothing was compared: see `another silo`."),
        ((), {}, "You have no models of your own in this run"),
    ],
)
def test_where_nothing_was_compared_one_sentence_says_so(silos, fields, sentence):
    found = section_of(run_of(*silos, **fields))
    (text,) = said(found)
    assert sentence in text
    assert len(found.parts) == 1


def test_a_silo_without_an_entry_reads_that_base_serves_it():
    found = section_of(run_of(*made()[1:]))
    (text,) = said(found)
    assert text.endswith("the federation's model serves you.")


def test_sentences_do_not_name_the_others():
    silos = made(reason="better than `b`", failure="as in `c`")
    found = section_of(run_of(*silos, pooled="rows of `a` and `b` met"))
    (why,) = [part.items for part in found.parts if isinstance(part, Bullets)]
    assert why == ("better than `another silo`", "as in `another silo`")
    assert "rows of" not in " ".join(said(found))


def test_an_owner_reads_that_its_rows_met_those_of_others():
    pooled = made_benefits.report([*GAINS], pooled=True)
    run = dataclasses.replace(run_of(), benefit=pooled)
    assert gain.MET in said(section_of(run))[1]
    assert gain.MET not in said(section_of(run_of(*made())))[1]


def test_a_silo_may_be_called_as_a_model_is():
    silos = [made_benefits.silo(name, 0.01) for name in ("alone", "base")]
    found = section_of(run_of(*silos, names=("alone", "base")), "alone")
    assert said(found)[0] == "The model `base` serves you."


def test_a_silo_whose_own_model_was_lost_reads_so():
    line = SiloLine("a", "p", 9, 0, "d", 1, 1, "m" * 64, "base", "models/a.npz: gone")
    run = dataclasses.replace(run_of(*made()), ledger=Ledger("done", silos=(line,)))
    (why,) = [p.items for p in section_of(run).parts if isinstance(p, Bullets)]
    assert why[-1] == "models/a.npz: gone"


def test_a_sentence_about_a_lost_model_is_read_once():
    line = SiloLine("a", "p", 9, 0, "d", 1, 1, "m" * 64, "base", "models/a.npz: gone")
    silos = made(reason="models/a.npz: gone")
    run = dataclasses.replace(run_of(*silos), ledger=Ledger("done", silos=(line,)))
    (why,) = [p.items for p in section_of(run).parts if isinstance(p, Bullets)]
    assert why == ("models/a.npz: gone",)


def test_an_owner_does_not_read_whose_models_were_lost():
    run = run_of(*made())
    lost = {"not_as_chosen": {"b": "of `b`"}, "baseline_not_as_served": ("of `c`",)}
    decided = dataclasses.replace(run.decision, **lost)
    for one in own.reports(dataclasses.replace(run, decision=decided)):
        assert one.decision.not_as_chosen == {}
        assert one.decision.baseline_not_as_served == ()


def test_a_silo_without_a_gain_reads_that():
    found = section_of(run_of(*made(gains={}, figures={}, failure="one class")))
    assert table_of(found, MODELS).rows == ()
    assert "one class" in next(p.items for p in found.parts if isinstance(p, Bullets))
    assert [part for part in found.parts if isinstance(part, Drawing)] == []


@pytest.mark.parametrize(
    ("value", "met", "sure"),
    [(0.01, True, True), (-0.004, True, False), (-0.03, False, True)],
)
def test_the_gates_of_going_alone_are_held_against_the_silo_s_gain(value, met, sure):
    gate = {"at_most_worse": 0.005, "refuse_if": "surely"}
    run = run_of(made_benefits.silo("a", value), names=("a",))
    settings = {"worse_than_alone": gate, "base_worse_than_alone": gate}
    decision = dataclasses.replace(run.decision, settings=settings)
    found = bounds.of_silo(dataclasses.replace(run, decision=decision), "a")
    assert [one.what for one in found] == [
        "AUC of what serves you against that of `alone`",
        "AUC of the base model against that of `alone`",
    ]
    for one in found:
        assert (one.is_met, one.is_sure) == (met, sure)
        assert one.demanded == "at most 0.005 worse"
