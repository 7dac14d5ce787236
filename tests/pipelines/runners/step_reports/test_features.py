"""FeatureSpecGen's page: what was agreed on, and what was left out and why."""

import shutil

from components.features.spec import FeatureSpec
from components.silos.cohort import Cohort, Member
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


def test_columns_are_left_out_by_the_settings_or_for_want_of_values(blessed):
    assert cases.rows(features.describe(blessed), "Columns left out") == {
        "day": (features.NO_FEATURE,),
        "late": (features.NO_FEATURE,),
        "size": (features.NO_VALUE,),
    }


def test_a_value_in_any_admitted_silo_counts(blessed):
    cases.disclose(blessed, cases.LONG, {"size": 1})
    cases.disclose(blessed, cases.EVIL, {"day": 9})
    cases.disclose(blessed, cases.NORTH, {"late": 1})
    cases.disclose(blessed, cases.ARABIC, {"late": 1})
    assert cases.rows(features.describe(blessed), "Columns left out") == {
        "day": (features.NO_VALUE,),
        "late": (features.NO_FEATURE,),
        "size": (features.NO_FEATURE,),
    }


def test_without_statistics_the_reason_is_not_known(blessed):
    shutil.rmtree(blessed["SiloValidator"].outputs["cohort"])
    rows = cases.rows(features.describe(blessed), "Columns left out")
    assert {*rows.values()} == {(features.NOT_KNOWN,)}


def test_without_a_schema_only_the_features_are_told(blessed):
    del blessed["ImportSchemaGen"]
    assert cases.rows(features.describe(blessed), "Columns left out") == {}


def test_no_admitted_silo_gives_no_feature(blessed):
    FeatureSpec((), ()).write(blessed["FeatureSpecGen"].outputs["feature_spec"])
    Cohort((Member("a", False),), 1).write(blessed["SiloValidator"].outputs["cohort"])
    content = features.describe(blessed)
    assert (content.verdict, content.mood) == ("There are no features", "bad")
    assert content.reasons == ("No silo was admitted.",)
    assert content.metrics == {"features": 0, "values in vocabularies": 0}
