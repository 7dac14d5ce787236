"""BatchInferrer's page: what was scored, what was not and why."""

import pytest

from components.payloads import ledger
from components.payloads.ledger import Ledger
from pipelines.runners.step_reports import inference
from tests.pipelines.runners.step_reports import cases


def test_rows_and_dead_letters_are_told_by_silo(blessed):
    content = inference.describe(blessed)
    assert (content.verdict, content.mood) == ("1,700 rows were scored", "good")
    assert content.metrics == {"rows scored": 1700, "dead letters": 5}
    assert cases.figure_of(content, "Taken over")[0] == "3"
    rows = cases.rows(content, "Predictions by silo")
    assert list(rows.items()) == [
        (cases.NORTH, ("1,200", "4", "f" * 12, "/homes/0/predictions")),
        (cases.ARABIC, ("500", "1", "c" * 12, "/homes/2/predictions")),
    ]
    assert cases.rows(content, "What was not scored") == {
        cases.EVIL: ("", "found no file")
    }


def test_a_refusal_has_its_reason(refused):
    content = inference.describe(refused)
    assert (content.verdict, content.mood) == ("Nothing was scored", "bad")
    assert content.reasons == (f"no model was trained: {cases.REFUSAL}",)
    assert content.figures == ()
    assert content.metrics == {"rows scored": 0, "dead letters": 0}


@pytest.mark.parametrize(
    ("status", "verdict", "mood"),
    [
        (ledger.DONE, "1 row was scored", "good"),
        (ledger.NOTHING, "There is nothing to score", "plain"),
        (ledger.FAILED, "Not all could be scored", "bad"),
    ],
)
def test_each_ending_has_its_words(blessed, status, verdict, mood):
    account = Ledger(status, "a reason", rows=1)
    account.write(blessed["BatchInferrer"].outputs["inference_result"])
    content = inference.describe(blessed)
    assert (content.verdict, content.mood) == (verdict, mood)
    assert content.reasons == ("a reason",)
