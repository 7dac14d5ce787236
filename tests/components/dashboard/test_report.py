from __future__ import annotations

import pytest

from components.dashboard import report, scores
from components.errors import FairSiloError
from components.payloads import egress, table
from components.payloads.egress import Departure
from components.payloads.minimum_data import MinimumData
from tests.components.dashboard.conftest import (
    ARABIC,
    EVIL,
    LEFT_OUT,
    SILOS,
    TOO_FEW_SILO,
    WORST,
)

ABOUT = report.About("flights", "7", "", {})


def gather(run) -> report.Report:
    cells = scores.of_table(table.read(run.evaluation))
    return report.gather(run.sources, ABOUT, cells)


def test_silos_come_worst_first_and_the_one_with_too_few_rows_last(run):
    found = [line.member.silo for line in gather(run).silos]
    assert found == [*WORST, TOO_FEW_SILO]


def test_only_admitted_silos_with_a_number_are_judged(run):
    judged = {line.member.silo for line in gather(run).judged}
    assert judged == set(SILOS) - {LEFT_OUT, TOO_FEW_SILO}


def test_what_left_is_added_up_over_artifacts_by_silo_and_kind(tmp_path):
    folders = [tmp_path / name for name in ("one", "two", "none")]
    for folder in folders:
        folder.mkdir()
    first = {"a": [Departure("model updates", 3, 100)], "b": []}
    second = {"a": [Departure("statistics", 1, 7), Departure("model updates", 2, 50)]}
    egress.write(folders[0], first)
    egress.write(folders[1], second)
    assert report.merge_departures([str(folder) for folder in folders]) == {
        "a": (Departure("statistics", 1, 7), Departure("model updates", 5, 150))
    }


def test_a_reason_and_a_note_are_findings(run):
    by_silo = {line.member.silo: line for line in gather(run).silos}
    assert by_silo[LEFT_OUT].has_findings
    assert by_silo[ARABIC].has_findings
    assert by_silo[EVIL].has_findings
    assert not by_silo["silo-00"].has_findings
    assert by_silo["silo-00"].differs_in == ("carrier", 0.42)
    assert by_silo["silo-00"].left_bytes == 500
    assert by_silo["silo-00"].left_of("model updates") is None


def test_below_quorum_the_silos_left_out_come_first_and_each_reason_once(refused):
    found = gather(refused)
    assert not found.is_trained
    assert found.silos[0].member.silo == LEFT_OUT
    assert found.reasons == ["15 of 16 silos were admitted; the quorum is 16"]


def test_a_missing_decision_is_an_error_not_an_empty_page(run):
    (run.folder / "blessing" / "decision.json").unlink()
    with pytest.raises(FairSiloError, match=r"expected `decision\.json`"):
        gather(run)


def test_settings_may_be_left_out():
    assert report.parse_settings("") == {}
    assert report.parse_settings('{"rounds": 3}') == {"rounds": 3}


def test_minimum_data_is_that_of_the_settings():
    asked = {"gates": {"minimum_data": {"rows": 50, "rows_of_each_label": 5}}}
    needed = report.About("flights", "7", "", asked).minimum_data
    assert (needed.rows, needed.rows_of_each_label) == (50, 5)


@pytest.mark.parametrize("settings", [{}, {"gates": None}, {"gates": {}}])
def test_without_settings_minimum_data_is_what_gates_ask_by_default(settings):
    needed = report.About("flights", "7", "", settings).minimum_data
    assert needed == MinimumData()
