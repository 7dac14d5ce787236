"""The flights as each airline would have them: nothing that is known only later."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipelines.flights import source

LEAKS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "month"}


@pytest.mark.slow
def test_sixteen_airlines_have_all_flights_in_monthly_files(all_flights):
    files = sorted(all_flights.glob("*/*.parquet"))
    assert len(list(all_flights.iterdir())) == 16
    assert sum(pq.read_metadata(path).num_rows for path in files) == 327_346
    assert files[0].relative_to(all_flights).as_posix() == "9E/2013-01.parquet"


@pytest.mark.slow
def test_no_column_is_known_only_later_and_ids_are_unique(all_flights):
    rows = pd.concat(pd.read_parquet(path) for path in all_flights.glob("UA/*.parquet"))
    assert list(rows.columns) == source.COLUMNS
    assert not LEAKS & set(rows.columns)
    assert rows.flight_id.is_unique
    assert set(rows.late) == {0, 1}


def test_record_knows_the_days_before_and_no_other():
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime(["2013-01-01"] * 2 + ["2013-01-02", "2013-01-03"]),
            "flight": [1, 2, 1, 1],
            "late": [1, 0, 1, 0],
        }
    )
    found = source._record(rows, ["flight"], "share", days=28, prior=8)
    prior = 8 * source.PRIOR_LATE
    assert found.share.tolist() == pytest.approx(
        [prior / 8, prior / 8, (1 + prior) / 9, (2 + prior) / 10]
    )


def test_record_forgets_what_lies_before_its_days_and_keeps_keys_apart():
    rows = pd.DataFrame(
        {
            "date": pd.to_datetime([f"2013-03-{d:02d}" for d in (1, 1, 2, 4, 5, 5)]),
            "origin": ["JFK", "LGA", "JFK", "JFK", "JFK", "LGA"],
            "late": [1, 1, 0, 1, 0, 0],
        }
    )
    found = source._record(rows, ["origin"], "share", days=2, prior=3)
    prior = 3 * source.PRIOR_LATE
    nothing = prior / 3  # no flight in the two days before
    assert found.share.tolist() == pytest.approx(
        [nothing, nothing, (1 + prior) / 4, prior / 4, (1 + prior) / 4, nothing]
    )


def test_a_label_does_not_change_the_record_of_its_own_day_or_of_any_before():
    dates = pd.date_range("2013-05-01", periods=6).repeat(2)
    rows = pd.DataFrame({"date": dates, "flight": [1, 2] * 6, "late": [0, 1] * 6})
    before = source._record(rows, ["flight"], "share", days=28, prior=8).share
    flipped = rows.assign(late=rows.late.where(rows.date < dates[6], 1 - rows.late))
    after = source._record(flipped, ["flight"], "share", days=28, prior=8).share
    assert (before == after)[rows.date <= dates[6]].all()
    assert (before != after)[rows.date > dates[6]].all()


@pytest.mark.slow
def test_preparing_again_gives_the_same_bytes(all_flights, tmp_path):
    source.prepare(tmp_path)
    files = sorted(path.relative_to(all_flights) for path in all_flights.glob("*/*"))
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.glob("*/*"))
    for name in files:
        assert (tmp_path / name).read_bytes() == (all_flights / name).read_bytes(), name


@pytest.mark.slow
def test_labels_and_records_follow_from_the_flights_themselves(all_flights):
    flights = source._read("flights.csv.zip")
    flights = flights[(flights.carrier == "HA") & flights.arr_delay.notna()]
    rows = pd.concat(map(pd.read_parquet, sorted(all_flights.glob("HA/*.parquet"))))
    assert rows.late.sum() == (flights.arr_delay > 15).sum()
    late = rows.groupby("day").late.agg(["sum", "size"])
    for row in rows.sample(40, random_state=1).itertuples():
        before = (pd.Timestamp(row.day) - pd.Timedelta(days=1)).strftime("%Y-%m-%d")
        seen = late.loc[before] if before in late.index else {"sum": 0, "size": 0}
        expected = (seen["sum"] + 10 * source.PRIOR_LATE) / (seen["size"] + 10)
        assert row.late_yesterday == pytest.approx(expected)
