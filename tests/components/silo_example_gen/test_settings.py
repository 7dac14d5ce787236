import pydantic
import pytest

from components.silo_example_gen.settings import (
    RowsSettings,
    SilosSettings,
    SourceSettings,
)


@pytest.mark.parametrize(
    ("pattern", "has_spans", "below"),
    [
        ("{silo}/*", False, "*"),
        ("{silo}/{span}.parquet", True, "{span}.parquet"),
        ("{silo}/export-{span}/part-??.csv", True, "export-{span}/part-??.csv"),
    ],
)
def test_a_pattern_says_where_a_silos_files_lie(pattern, has_spans, below):
    silos = SilosSettings(root="data", pattern=pattern)
    assert (silos.has_spans, silos.file_pattern) == (has_spans, below)


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("*.parquet", "must start with '{silo}/'"),
        ("{silo}-*.csv", "must start with '{silo}/'"),
        ("{silo}/{span}/{span}.csv", "may hold '{span}' once"),
        ("{silo}/{month}.csv", "no other braces"),
        ("{silo}/{silo}.csv", "no other braces"),
        ("{silo}/../*.csv", "it would leave the silo's folder"),
    ],
)
def test_a_pattern_that_could_mix_silos_is_refused(pattern, fault):
    with pytest.raises(pydantic.ValidationError, match=fault):
        SilosSettings(root="data", pattern=pattern)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_both_train_and_eval_get_a_share(share):
    with pytest.raises(pydantic.ValidationError, match="eval_share"):
        RowsSettings(label="late", key=("id",), eval_share=share)


def test_the_following_span_is_only_scored_where_there_are_spans():
    silos = {"root": "data", "pattern": "{silo}/*"}
    rows = {"label": "late", "key": ["id"], "score": "following_span"}
    with pytest.raises(pydantic.ValidationError, match=r"must hold '\{span\}'"):
        SourceSettings.model_validate({"silos": silos, "rows": rows})


def test_an_unknown_key_is_refused():
    with pytest.raises(pydantic.ValidationError, match="labels"):
        RowsSettings.model_validate({"label": "late", "key": "id", "labels": "late"})


def test_rows_are_told_apart_by_something():
    with pytest.raises(pydantic.ValidationError, match="neither `key` nor `split_by`"):
        RowsSettings(label="late")
    assert RowsSettings.model_validate(
        {"label": "late", "split_by": "day"}
    ).split_by == ("day",)


@pytest.mark.parametrize(
    "rows", [{"key": ["id", "id"]}, {"key": "id", "label_values": ["a", "a"]}]
)
def test_a_column_or_value_twice_is_refused(rows):
    with pytest.raises(pydantic.ValidationError, match="found one twice"):
        RowsSettings.model_validate({"label": "late", **rows})
