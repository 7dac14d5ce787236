"""FeatureSpecGen's page: what was agreed on, and what was left out and why."""

from components.features.spec import FeatureSpec
from components.payloads.cohort import Cohort, Member
from pipelines.runners.step_reports import features
from tests.pipelines.runners.step_reports import cases


def test_features_are_told_with_their_constants(blessed):
    content = features.describe(blessed)
    assert content.verdict == "The silos agreed on 2 features"
    assert cases.rows(content, "Features") == {
        "weight": ("numeric", "70.25", "9.5", ""),
        "colour": ("categorical", "", "", "3"),
    }
    assert content.metrics == {"features": 2, "values in vocabularies": 3}


def test_columns_that_the_model_does_not_get_are_told_with_their_reasons(blessed):
    assert cases.rows(features.describe(blessed), "Columns left out") == {
        "day": ("is listed in `features.ignore`",),
        "size": ("has the same value in every row",),
    }


def test_no_admitted_silo_gives_no_feature(blessed):
    FeatureSpec((), ()).write(blessed["FeatureSpecGen"].outputs["feature_spec"])
    Cohort((Member("a", False),), 1).write(blessed["SiloValidator"].outputs["cohort"])
    content = features.describe(blessed)
    assert (content.verdict, content.mood) == ("There are no features", "bad")
    assert content.reasons == ("No silo was admitted.",)
    assert content.metrics == {"features": 0, "values in vocabularies": 0}
