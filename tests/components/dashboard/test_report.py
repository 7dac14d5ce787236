from __future__ import annotations

import dataclasses

import pytest

from components.dashboard import report
from components.errors import FairSiloError
from components.payloads import egress
from components.payloads.benefit import BASE, PERSONAL
from components.payloads.egress import EgressItem
from components.payloads.minimum_data import MinimumData
from tests.components.dashboard.conftest import (
    LEFT_OUT,
    SILOS,
    TOO_FEW_SILO,
    WORST,
    write,
)

ABOUT = report.About("flights", "7")


def test_silos_come_worst_first_and_the_one_with_too_few_rows_last(run):
    found = [line.member.silo for line in run.silos]
    assert found == [*WORST, TOO_FEW_SILO]


def test_only_admitted_silos_with_a_number_are_judged(run):
    judged = {line.member.silo for line in run.judged}
    assert judged == set(SILOS) - {LEFT_OUT, TOO_FEW_SILO}


def test_what_the_nodes_wrote_is_read_back(run, tmp_path):
    about = dataclasses.replace(run.about, span="")  # of the manifest
    assert report.gather(write(run, tmp_path), about) == run


def test_gains_are_read_as_they_were_judged(run, tmp_path):
    one = next(it for it in run.benefit.silos if it.served == PERSONAL)
    lost = {one.silo: "its weights are gone"}
    decided = dataclasses.replace(run.decision, not_as_chosen=lost)
    folders = write(dataclasses.replace(run, decision=decided), tmp_path)
    found = report.gather(folders, ABOUT).benefit
    assert found == run.benefit.as_judged(lost) != run.benefit
    assert found.get(one.silo).gain == one.gains[BASE]["auc"] != one.gain


def test_only_what_is_asked_for_is_read(run, tmp_path):
    folders = write(run, tmp_path)
    kept = {key: folders[key] for key in ("evaluation", "blessing")}
    found = report.gather(kept, ABOUT)
    assert found.parts == {"evaluation", "blessing"}
    assert {line.member.silo for line in found.silos} == set(SILOS)
    assert found.incomplete_silos == []  # nothing is known of the training
    assert not found.run.rounds


def test_what_left_is_added_up_over_artifacts_by_silo_and_kind(tmp_path):
    folders = [tmp_path / name for name in ("one", "two", "none")]
    for folder in folders:
        folder.mkdir()
    first = {"a": [EgressItem("model updates", 3, 100)]}
    second = {"a": [EgressItem("statistics", 1, 7), EgressItem("model updates", 2, 50)]}
    egress.write(folders[0], first)
    egress.write(folders[1], second)
    assert egress.total(folders) == {
        "a": (EgressItem("statistics", 1, 7), EgressItem("model updates", 5, 150))
    }


def test_below_quorum_the_silos_left_out_come_first_and_each_reason_once(refused):
    found = refused
    assert not found.is_trained
    assert found.silos[0].member.silo == LEFT_OUT
    assert found.reasons == ["15 of 16 silos were admitted; the quorum is 16"]


def test_a_missing_decision_is_an_error_not_an_empty_page(run, tmp_path):
    folders = write(run, tmp_path)
    (folders["blessing"] / "decision.json").unlink()
    with pytest.raises(FairSiloError, match=r"decision\.json: found no file"):
        report.gather(folders, ABOUT)


def test_minimum_data_is_that_of_the_settings():
    asked = {"gates": {"minimum_data": {"rows": 50, "rows_of_each_label": 5}}}
    needed = report.About("flights", "7", "", asked).minimum_data
    assert (needed.rows, needed.rows_of_each_label) == (50, 5)


@pytest.mark.parametrize("settings", [{}, {"gates": None}, {"gates": {}}])
def test_without_settings_minimum_data_is_what_gates_ask_by_default(settings):
    assert report.About("f", "7", "", settings).minimum_data == MinimumData()
