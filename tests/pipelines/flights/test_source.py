"""The flights as each airline would have them: nothing that is known only later."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from components.features.spec import Categorical, FeatureSpec, Numeric
from pipelines.flights import source

LEAKS = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time", "month"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("prepared") / "data"
    source.prepare(root)
    return root


@pytest.mark.slow
def test_sixteen_airlines_have_all_flights_in_monthly_files(data):
    files = sorted(data.glob("*/*.parquet"))
    assert len(list(data.iterdir())) == 16
    assert sum(pq.read_metadata(path).num_rows for path in files) == 327_346
    assert files[0].relative_to(data).as_posix() == "9E/2013-01.parquet"


@pytest.mark.slow
def test_no_column_is_known_only_later_and_ids_are_unique(data):
    rows = pd.concat(pd.read_parquet(path) for path in data.glob("UA/*.parquet"))
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


def test_model_takes_floats_and_ids_and_gives_one_logit():
    import numpy as np

    from pipelines.flights.model import build_model

    spec = FeatureSpec((Numeric("x", 0.0, 1.0),), (Categorical("c", ("a", "b")),))
    model = build_model(spec)
    floats = np.zeros((3, spec.num_floats), np.float32)
    assert model([floats, np.array([[0], [1], [3]], np.int32)]).shape == (3, 1)


@pytest.mark.slow
def test_labels_and_records_follow_from_the_flights_themselves(data):
    flights = source._read("flights.csv.zip")
    flights = flights[(flights.carrier == "HA") & flights.arr_delay.notna()]
    rows = pd.concat(map(pd.read_parquet, sorted(data.glob("HA/*.parquet"))))
    assert rows.late.sum() == (flights.arr_delay > 15).sum()
    late = rows.groupby("day").late.agg(["sum", "size"])
    for row in rows.sample(40, random_state=1).itertuples():
        before = (pd.Timestamp(row.day) - pd.Timedelta(days=1)).strftime("%Y-%m-%d")
        seen = late.loc[before] if before in late.index else {"sum": 0, "size": 0}
        expected = (seen["sum"] + 10 * source.PRIOR_LATE) / (seen["size"] + 10)
        assert row.late_yesterday == pytest.approx(expected)


def test_nothing_is_left_of_a_preparation_that_failed(tmp_path, monkeypatch):
    table = pd.DataFrame({"carrier": ["AA"], "date": [0], "sched_dep": [0]})
    table["flight_id"] = "x"
    monkeypatch.setattr(source, "_flights", lambda: table)  # without any other column
    with pytest.raises(KeyError):
        source.prepare(tmp_path / "data")
    assert list(tmp_path.iterdir()) == []
