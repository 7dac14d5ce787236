"""The survey as each industry would have it: working adults once, nothing leaky."""

import pathlib
import re

import pandas as pd
import pytest

from pipelines.census import source

SCHEMA = pathlib.Path(__file__).resolve().parents[3] / "schemas" / "census.pbtxt"

LEAKS = {
    "wage_per_hour",
    "capital_gains",
    "capital_losses",
    "dividends",
    "tax_filer",
    "weight",
    "income",
}
PROXIES = {"hispanic", "citizenship", "country", "country_father", "household"}
PERSON = {
    **dict.fromkeys(source.SURVEY, "Not in universe"),
    "age": 40,
    "industry_code": 33,
    "industry": "Retail trade",
    "weight": 1.5,
    "income": "- 50000.",
}


def survey(*changes):
    return pd.DataFrame([{**PERSON, **change} for change in changes])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("prepared") / "data"
    source.prepare(root)
    return root


@pytest.fixture(scope="module")
def rows(data):
    files = sorted(data.glob("*/*"))
    return pd.concat({p.parent.name: pd.read_parquet(p) for p in files}, names=["silo"])


@pytest.mark.slow
def test_fifty_one_industries_have_all_working_adults_in_one_file_each(data, rows):
    sizes = rows.groupby("silo").size()
    assert len(rows) == 144_563
    assert len(sizes) == len(list(data.iterdir())) == 51
    assert (sizes["10-manufacturing-durable-goods"], sizes["33-retail-trade"]) == (
        5,
        23_713,
    )
    assert sizes["51-armed-forces"] == 51
    assert [p.name for p in data.glob("51-*/*")] == ["people.parquet"]
    assert rows.age.min() == 18


@pytest.mark.slow
def test_one_in_eight_has_a_high_income_and_men_three_times_as_often(rows):
    assert rows.high_income.sum() == 17_215
    assert rows.high_income.mean() == pytest.approx(0.119, abs=5e-4)
    by_sex = rows.groupby("sex").high_income.mean().round(3)
    assert by_sex.to_dict() == {"Female": 0.052, "Male": 0.179}


@pytest.mark.slow
def test_columns_hold_no_income_in_disguise_and_nothing_is_missing(rows):
    assert list(rows.columns) == source.COLUMNS
    assert not (LEAKS | PROXIES) & set(rows.columns)
    assert set(source.SURVEY) >= LEAKS | PROXIES  # the names are the source's own
    assert not rows.isna().any(axis=None)
    assert rows.person.is_unique


@pytest.mark.slow
def test_preparing_again_gives_the_same_bytes(data, tmp_path):
    source.prepare(tmp_path)
    files = {path.relative_to(data) for path in data.glob("*/*")}
    assert files == {path.relative_to(tmp_path) for path in tmp_path.glob("*/*")}
    for name in files:
        assert (tmp_path / name).read_bytes() == (data / name).read_bytes(), name


def test_the_schema_knows_every_column_but_the_ids():
    known = re.findall(r'^feature { name: "(\w+)"', SCHEMA.read_text(), re.MULTILINE)
    assert len(known) == len(set(known))
    assert {*known, "person", "profile"} == {*source.COLUMNS}


def test_copies_of_a_record_go_and_people_who_differ_in_anything_stay():
    people = source._people(survey({}, {}, {"weight": 2.5}, {"age": 41}, {}))
    assert people.person.tolist() == ["p000000", "p000002", "p000003"]


def test_children_and_people_without_an_industry_are_left_out():
    people = source._people(survey({"age": 17}, {"age": 18}, {"industry_code": 0}))
    assert people.age.tolist() == [18]


def test_the_label_is_the_income_above_fifty_thousand():
    people = source._people(survey({"income": "50000+."}, {"income": "- 50000."}))
    assert people.high_income.tolist() == [1, 0]


def test_a_silo_has_its_industrys_code_and_name():
    names = {"industry": "Personal services except private HH", "industry_code": 9}
    people = source._people(survey({}, names))
    assert people.silo.tolist() == [
        "33-retail-trade",
        "09-personal-services-except-private-hh",
    ]


@pytest.mark.parametrize("feature", source.FEATURES)
def test_a_profile_changes_with_each_feature(feature):
    profiles = source._people(survey({}, {feature: 50})).profile
    assert profiles.nunique() == 2


@pytest.mark.parametrize("column", ["weight", "race", "sex", "income", "industry_code"])
def test_people_who_differ_in_what_no_model_sees_share_a_profile(column):
    people = source._people(survey({}, {column: 2}))
    assert len(people) == 2
    assert people.profile.nunique() == 1
