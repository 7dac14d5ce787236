"""Pusher's page: where the model went, or why it did not."""

from components.payloads import pushed_model
from components.payloads.decision import Decision
from pipelines.runners.step_reports import pushing
from tests.pipelines.runners.step_reports import cases


def test_a_pushed_model_is_told_with_its_places(blessed, tmp_path):
    content = pushing.describe(blessed)
    assert (content.verdict, content.mood) == (
        "Pushed: the model is in service",
        "good",
    )
    assert content.metrics == {"pushed": "yes"}
    assert cases.rows(content, "Where it is") == {
        "Model servers read": (str(tmp_path / "serving"),),
        "Digest of the model": ("a" * 64,),
        "Copy kept with the run": (
            str(tmp_path / "pipeline" / "Pusher" / "pushed_model" / "7"),
        ),
    }


def test_a_copy_whose_other_places_are_gone_is_told_alone(blessed, tmp_path):
    (tmp_path / "serving").rmdir()
    del blessed["FederatedTrainer"]
    rows = cases.rows(pushing.describe(blessed), "Where it is")
    assert list(rows) == ["Copy kept with the run"]


def test_a_blessed_model_that_was_held_back_tells_which_is_newer(blessed):
    folder = blessed["Pusher"].outputs["pushed_model"]
    (folder / pushed_model.SAVED_MODEL).unlink()
    pushed_model.hold_back(folder, "2013-11")
    content = pushing.describe(blessed)
    assert content.verdict == "Not pushed: a model of a later span is blessed"
    assert content.reasons == (
        "blessed; not put into service: the model of 2013-11 is newer",
    )
    assert (content.mood, content.metrics) == ("plain", {"pushed": "no"})


def test_a_model_that_was_not_pushed_has_the_reasons(refused):
    content = pushing.describe(refused)
    assert content.verdict == "Not pushed: whatever is in service stays in service"
    assert content.reasons == (f"Not blessed: {cases.REFUSAL}",)
    assert content.metrics == {"pushed": "no"}


def test_without_a_decision_there_is_no_reason(refused):
    del refused["FairnessEvaluator"]
    assert pushing.describe(refused).reasons == ()


def test_reasons_are_those_of_the_decision(refused):
    Decision(False, ("one", "two")).write(
        refused["FairnessEvaluator"].outputs["blessing"]
    )
    assert pushing.describe(refused).reasons == ("one", "two")
