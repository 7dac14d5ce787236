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


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ({"key": "id", "eval_share": 0.0}, "eval_share"),
        ({"key": "id", "eval_share": 1.0}, "eval_share"),
        ({"key": "id", "labels": "late"}, "labels"),
        ({"key": "id", "choose_share": -0.1}, "choose_share"),
        ({"key": "id", "choose_share": 1.0}, "choose_share"),
        (
            {"key": "id", "choose_share": 0.8},
            "found eval_share and choose_share of 0.2 and 0.8, expected them to leave",
        ),
        ({}, "neither `key` nor `split_by`"),
        ({"key": ["id", "id"]}, "found one twice"),
        ({"key": "id", "label_values": ["a", "a"]}, "found one twice"),
        ({"key": "id", "score": "following_span"}, r"must hold '\{span\}'"),
    ],
)
def test_rows_that_can_not_be_read_so_are_refused(rows, fault):
    section = {"silos": {"root": "data"}, "rows": {"label": "late", **rows}}
    with pytest.raises(pydantic.ValidationError, match=fault):
        SourceSettings.model_validate(section)


def test_one_column_needs_no_list():
    rows = RowsSettings.model_validate({"label": "late", "split_by": "day"})
    assert rows.split_by == ("day",)
