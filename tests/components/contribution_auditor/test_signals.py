"""Each hard sign seen to be given and to be held back, by figures made by hand."""

from __future__ import annotations

import math

import pytest

from components.contribution_auditor.signals import echo, meaning, substance
from components.payloads.benefit import ALONE, BASE, PERSONAL, SiloBenefit
from components.payloads.cohort import Cohort, Member
from components.payloads.interval import Interval
from components.payloads.manifest import EVAL, TRAIN
from components.payloads.model_run import SiloRecord, summarise


def record(silo, norm=1.0, echoed=0.1, repeat=0.8, twin=0.5, digest=""):
    return SiloRecord(silo, 100, 0.7, 0.6, norm, 0.5, echoed, repeat, twin, digest)


def rounds(number=6, silos=12, **odd):
    """Return records of honest silos, and of silo `s0` as `odd` says of each round."""
    found = []
    for index in range(number):
        odd.setdefault("digest", str)
        members = [
            record(f"s{k}", echoed=0.05 * (k % 4), digest=f"{k}-{index}")
            for k in range(1, silos)
        ]
        own = {name: of(index) if callable(of) else of for name, of in odd.items()}
        found.append(summarise(index + 1, [record("s0", **own), *members], {}))
    return found


def kinds(found, silo="s0"):
    return [sign.kind for sign in found[silo].signs]


def test_honest_updates_give_no_sign():
    found = echo.find(rounds())
    assert not any(one.signs or one.notes for one in found.values())
    assert found["s0"].measures == {
        "norm": 1.0,
        "repeat": 0.8,
        "twin": 0.5,
        "echo": 0.1,
    }


def test_an_update_that_changes_nothing_in_any_round_is_a_sign():
    found = echo.find(rounds(norm=0.0, echoed=0.0, repeat=0.0, twin=0.0))
    assert kinds(found) == [echo.ZERO]
    assert "changed nothing in all 5 rounds" in found["s0"].signs[0].finding.sentence


def test_one_round_with_an_update_is_enough_to_be_no_zero():
    found = echo.find(rounds(norm=lambda index: float(index == 3)))
    assert not kinds(found)


def test_the_same_bytes_again_and_again_are_a_sign():
    found = echo.find(rounds(digest=lambda i: "same" if i > 1 else str(i)))
    assert kinds(found) == [echo.REPLAY]
    assert "the same update 4 times, byte for byte" in (
        found["s0"].signs[0].finding.sentence
    )


def test_updates_that_turn_little_are_no_replay():
    """With few steps, updates of honest silos hardly turn from round to round."""
    assert not kinds(echo.find(rounds(repeat=0.9999999)))


def test_zeros_where_nobody_moves_or_the_training_makes_them_are_no_sign():
    idle = [
        summarise(i + 1, [record(f"s{k}", 0.0) for k in range(8)], {}) for i in range(6)
    ]
    assert echo.find(idle) == {}
    zero = rounds(norm=0.0, echoed=0.0)
    for plan in (("afl", "mean"), ("fed_avg", "clipped")):
        assert not kinds(echo.find(zero, echo.untold_by(*plan)))


def test_an_honest_silo_among_many_that_send_nothing_gets_no_sign():
    many = [
        summarise(
            i + 1,
            [record("s0"), *(record(f"s{k}", 0.0, digest="z") for k in (1, 2))],
            {},
        )
        for i in range(6)
    ]
    found = echo.find(many)
    assert not kinds(found)
    assert kinds(found, "s1") == [echo.ZERO]


def test_what_the_others_moved_the_model_by_sent_back_is_a_sign():
    found = echo.find(rounds(echoed=0.89))
    assert kinds(found) == [echo.COPY]
    assert "cosine 0.89; of half of the other silos below 0." in (
        found["s0"].signs[0].finding.sentence
    )


@pytest.mark.parametrize(("echoed", "signs"), [(0.6, []), (0.89, [echo.COPY])])
def test_a_silo_that_holds_rows_of_another_moves_as_it_does(echoed, signs):
    assert kinds(echo.find(rounds(echoed=echoed), overlapping=["s0"])) == signs
    assert kinds(echo.find(rounds(echoed=echoed))) == [echo.COPY]


def test_a_silo_that_turns_shows_it_in_the_second_half():
    found = echo.find(rounds(number=10, echoed=lambda i: 0.9 if i >= 5 else 0.1))
    assert kinds(found) == [echo.COPY]


def test_where_all_silos_are_alike_a_high_cosine_is_no_sign():
    alike = [
        summarise(
            i + 1, [record(f"s{k}", echoed=0.93 - 0.01 * k) for k in range(8)], {}
        )
        for i in range(5)
    ]
    assert not any(one.signs for one in echo.find(alike).values())


@pytest.mark.parametrize("silos", [5, 10])
def test_among_too_few_others_no_copy_is_named(silos):
    assert not kinds(echo.find(rounds(silos=silos, echoed=0.95)))
    assert kinds(echo.find(rounds(silos=11, echoed=0.95))) == [echo.COPY]


def test_who_left_early_echoes_no_more_than_all_did_then():
    """In the first rounds, honest silos move as the model did before."""
    gone = rounds(number=10, echoed=0.9)
    kept = [
        one if one.round <= 5 else summarise(one.round, one.silos[1:], {})
        for one in gone
    ]
    assert kept[9].silos[0].silo != "s0"
    assert not kinds(echo.find(kept))


def test_scaffold_tells_silos_what_the_others_did():
    untold = echo.untold_by("scaffold", "mean")
    assert not kinds(echo.find(rounds(echoed=0.95), untold))
    assert echo.untold_by("fed_avg", "mean") == {}


def test_too_few_rounds_say_nothing():
    assert echo.find(rounds(number=3, norm=0.0)) == {}


def test_two_silos_that_send_the_same_are_both_noted_and_neither_is_blamed():
    found = echo.find(rounds(twin=0.99999))
    assert not kinds(found)
    assert "another silo's in each round" in found["s0"].notes[0].sentence


def benefit(silo, auc, positives=100, rows=1_000, **others):
    figures = {BASE: auc} | others
    return SiloBenefit(
        silo,
        rows={EVAL: rows},
        positives=positives,
        figures={
            name: {"auc": Interval(value, value - 0.03, value + 0.03)}
            for name, value in figures.items()
        },
    )


def cohort_of_aucs(*odd, aucs=(0.8, 0.82, 0.84, 0.86, 0.88)):
    honest = [benefit(f"s{k}", auc) for k, auc in enumerate(aucs)]
    return {one.silo: one for one in (*odd, *honest)}


def test_labels_that_no_model_ranks_are_a_sign():
    odd = benefit("odd", 0.5, **{PERSONAL: 0.51, ALONE: 0.49})
    found = meaning.find(cohort_of_aucs(odd))["odd"]
    assert [sign.kind for sign in found.signs] == [meaning.NO_MEANING]
    assert found.measures["rank_z"] == pytest.approx(0.01 / 0.030438, rel=1e-3)
    assert "the best AUC is 0.510 on 1,000" in found.signs[0].finding.sentence


@pytest.mark.parametrize("model", [PERSONAL, ALONE])
def test_one_model_that_ranks_them_is_enough_to_be_no_sign(model):
    found = meaning.find(cohort_of_aucs(benefit("odd", 0.5, **{model: 0.6})))["odd"]
    assert not found.signs


def test_with_few_rows_it_may_be_chance_and_the_note_says_how_many_would_tell():
    odd = benefit("odd", 0.5, positives=4, rows=40)
    found = meaning.find(cohort_of_aucs(odd))["odd"]
    assert not found.signs
    assert "may be chance with 40 evaluation rows, 4 of the rarer label" in (
        found.notes[0].sentence
    )
    # The bound is .65, the error by chance .154, and rows grow by the square of
    # (2 + 2.326) * .154 / .15 = 4.44.
    assert "about 789 would tell" in found.notes[0].sentence


def test_where_the_question_is_hard_for_all_nobody_is_blamed():
    weak = cohort_of_aucs(benefit("odd", 0.51), aucs=(0.54, 0.55, 0.56, 0.53, 0.57))
    assert not meaning.find(weak)["odd"].signs
    assert not meaning.find(weak)["odd"].notes


def test_a_silo_whose_question_is_harder_is_not_without_meaning():
    """Among others of .8 to .88, .62 may be honest: z is 1.9 with 25 positives."""
    odd = benefit("odd", 0.61, positives=25, rows=250)
    found = meaning.find(cohort_of_aucs(odd))["odd"]
    assert 1.5 < found.measures["rank_z"] < 2
    assert not found.signs


def test_inverted_labels_are_noted_and_no_sign():
    found = meaning.find(cohort_of_aucs(benefit("odd", 0.2, **{ALONE: 0.8})))["odd"]
    assert not found.signs
    assert "look inverted" in found.notes[0].sentence


def test_another_order_of_positives_is_noted():
    odd = benefit("odd", 0.83, positives=8)
    found = meaning.find(cohort_of_aucs(odd))
    assert "0.8% of its evaluation rows have label 1" in found["odd"].notes[0].sentence
    assert not found["s0"].notes


def test_the_chance_error_is_that_of_the_area_under_a_curve_without_knowledge():
    # Six orders of one positive among two negatives: AUC 0, 1/2, 1 each twice.
    assert meaning.chance_error(1, 2) == pytest.approx(math.sqrt(1 / 6))


def member(silo, distinct=1.0, rows=400, **shared):
    return Member(silo, True, rows={TRAIN: rows}, distinct=distinct, shared_rows=shared)


def test_rows_that_another_silo_holds_too_are_a_measure_and_accuse_neither():
    """A large silo that copies a small one's rows holds all of them."""
    copied, copier = member("small", big=1.0), member("big", rows=4_000, small=0.1)
    found = substance.find(Cohort((copier, copied), 2))
    assert found["small"].measures["shared"] == 1.0
    assert found["big"].measures["shared"] == 0.1
    assert not found["small"].signs
    assert not found["big"].signs


def others(distinct=1.0):
    return tuple(member(f"other{k}", distinct) for k in range(4))


def test_few_rows_exported_often_are_a_sign():
    found = substance.find(Cohort((member("a", distinct=0.05), *others()), 1))
    assert kinds(found, "a") == [substance.REPEATED_ROWS]
    assert "about 20 of its 400 training rows" in found["a"].signs[0].finding.sentence


@pytest.mark.parametrize("distinct", [0.05, 0.5])
def test_where_all_rows_are_coarse_few_distinct_ones_are_no_sign(distinct):
    """Five columns with two values each have 32 rows at most."""
    found = substance.find(Cohort((member("a", distinct=0.05), *others(distinct)), 1))
    assert not found["a"].signs


def test_a_silo_that_validation_did_not_measure_has_no_substance():
    found = substance.find(Cohort((Member("a", True, rows={TRAIN: 400}), *others()), 1))
    assert found["a"].measures == {}
    assert not found["a"].signs
