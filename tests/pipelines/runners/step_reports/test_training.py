"""FederatedTrainer's page: losses, drop-outs and how the silos were kept apart."""

import pytest

from components.federation.silo_registry import OWN_PODS
from components.federation.workers import ONE_USER_ID, OWN_USER_IDS
from components.payloads.model_run import Dropped, RunRecord
from components.scoring.model import CARD
from pipelines.runners.step_reports import training
from tests.pipelines.runners.step_reports import cases


def write(nodes, **change) -> None:
    record = RunRecord("fed_avg", **change)
    record.write(nodes["FederatedTrainer"].outputs["model_run"])


def test_losses_are_told_from_the_last_round_on(blessed):
    content = training.describe(blessed)
    assert content.verdict == "A model was trained in 3 rounds"
    assert cases.rows(content, "Rounds") == {
        "3": ("0.600", "0.550", "2", "1"),
        "2": ("0.700", "0.650", "2", "1"),
        "1": ("0.800", "0.750", "3", "0"),
    }
    value, detail, _ = cases.figure_of(content, "Loss before the last round")
    assert (value, detail) == ("0.600", "first round: 0.800")
    assert content.metrics == {
        "rounds": 3,
        "loss before the last round": pytest.approx(0.6),
        "silos in the last round": 2,
        "silos that dropped out": 1,
    }


def test_the_curve_has_a_point_a_round_and_marks_drop_outs(blessed):
    chart = training.describe(blessed).chart
    assert chart.training.before.first == pytest.approx(0.8)
    assert len(chart.training.before.points) == 3
    assert chart.dropped == ((2, 1), (3, 1))
    assert chart.note == ""


def test_a_thousand_rounds_are_thinned_with_the_first_and_the_last(blessed):
    write(blessed, rounds=tuple(map(cases.round_record, range(1, 1002))))
    chart = training.describe(blessed).chart
    assert chart.note == "One round in 6 is drawn, and the last."
    assert chart.training.rounds.low == 1
    assert chart.training.rounds.high == 1001
    assert len(chart.training.before.points) == 168


def test_who_dropped_out_is_told_with_rounds_and_reasons(blessed):
    late = (Dropped(cases.EVIL, "no answer"), Dropped(cases.LONG, "no answer"))
    write(
        blessed,
        rounds=(cases.round_record(1, late), cases.round_record(2, late[1:])),
        left_out=(Dropped(cases.LONG, "has no training rows"),),
    )
    assert cases.rows(training.describe(blessed), "Silos that dropped out") == {
        cases.LONG: (
            "before the first round, 1, 2",
            ("has no training rows", "no answer"),
        ),
        cases.EVIL: ("1", ("no answer",)),
    }


def test_one_user_id_for_all_silos_is_said_on_the_page(blessed):
    write(blessed, isolation=ONE_USER_ID, rounds=(cases.round_record(1),))
    content = training.describe(blessed)
    assert content.verdict == "A model was trained in 1 round"
    assert content.notices == (
        "Isolation of the silos: one user id: the coordinator does not run as root, so "
        "all silos' workers share its user id and nothing but their working directory "
        "keeps them apart. Workers in the silos' own namespaces are kept apart: name "
        "them in the config map fairsilo-silos.",
    )


@pytest.mark.parametrize("isolation", [OWN_USER_IDS, OWN_PODS])
def test_silos_kept_apart_need_no_notice(blessed, isolation):
    write(blessed, isolation=isolation, rounds=(cases.round_record(1),), resumed_from=4)
    content = training.describe(blessed)
    assert content.notices == ()
    assert cases.rows(content, "About the training") == {
        "Algorithm": ("fed_avg",),
        "How the silos' workers were kept apart": (isolation,),
        "Resumed after round": ("4",),
        "Digest of the model": ("a" * 64,),
    }


def test_a_refusal_is_told_without_figures(refused):
    content = training.describe(refused)
    assert (content.verdict, content.mood) == ("Nothing was trained", "bad")
    assert content.reasons == (cases.REFUSAL,)
    assert content.chart is None
    assert content.figures == ()
    assert content.metrics == {
        "rounds": 0,
        "loss before the last round": None,
        "silos in the last round": 0,
        "silos that dropped out": 0,
    }


def test_a_model_that_is_gone_leaves_the_account_of_its_training(blessed):
    (blessed["FederatedTrainer"].outputs["model"] / CARD).unlink()
    about = cases.rows(training.describe(blessed), "About the training")
    assert "Digest of the model" not in about
