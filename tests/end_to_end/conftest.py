import pathlib
import shutil

import pytest

AIRLINES = ("9E", "F9", "OO", "US", "VX")
MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")


@pytest.fixture(scope="session")
def flights(tmp_path_factory, all_flights) -> pathlib.Path:
    """Real flights of five unequal airlines and four months."""
    root = tmp_path_factory.mktemp("cut")
    for airline in AIRLINES:
        (root / airline).mkdir()
        for month in MONTHS:
            path = all_flights / airline / f"{month}.parquet"
            if path.exists():
                shutil.copy(path, root / airline)
    return root
