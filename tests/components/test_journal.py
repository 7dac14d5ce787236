"""Rows of a journal are added as of now, kept by use case, and never changed."""

import datetime

import pytest
import sqlalchemy as sa

from components import journal
from components.journal import Journal

WORDS = journal.table(
    "words",
    sa.Column("word", sa.String(32), nullable=False, unique=True),
)


@pytest.fixture
def words(store_url):
    return Journal(store_url, "flights", WORDS)


def test_rows_come_oldest_first_with_what_was_told(words, store_url):
    words.append(word="one", reason="because")
    words.append(word="another", reason="Süd-東京 zählt nicht")
    rows = Journal(store_url, "flights", WORDS).history()
    assert [(row["word"], row["reason"]) for row in rows] == [
        ("one", "because"),
        ("another", "Süd-東京 zählt nicht"),
    ]
    assert rows[0]["id"] < rows[1]["id"]


def test_what_was_added_is_told_back_with_its_time(words):
    before = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    added = words.append(word="one", reason="because")
    at = datetime.datetime.fromisoformat(added["at"])
    assert before <= at <= datetime.datetime.now(datetime.UTC)
    assert at.utcoffset() == datetime.timedelta(0)
    [row] = words.history()
    assert {name: row[name] for name in added} == added


def test_use_cases_in_one_store_know_nothing_of_each_other(words, store_url):
    words.append(word="one", reason="because")
    assert Journal(store_url, "census", WORDS).history() == []
    assert Journal(store_url, "Flights", WORDS).history() == []


def test_what_must_be_unique_is_refused_and_not_added(words):
    words.append(word="one", reason="because")
    with pytest.raises(sa.exc.IntegrityError):
        words.append(word="one", reason="again")
    assert [row["reason"] for row in words.history()] == ["because"]
