import pathlib
import shutil

import pytest

from pipelines.flights import source

AIRLINES = ("9E", "F9", "OO", "US", "VX")
MONTHS = ("2013-01", "2013-02", "2013-03", "2013-04")


@pytest.fixture(scope="session")
def flights(tmp_path_factory) -> pathlib.Path:
    """Real flights of five unequal airlines and four months."""
    root = tmp_path_factory.mktemp("flights")
    source.prepare(root / "whole")
    for airline in AIRLINES:
        (root / "cut" / airline).mkdir(parents=True)
        for month in MONTHS:
            path = root / "whole" / airline / f"{month}.parquet"
            if path.exists():
                shutil.copy(path, root / "cut" / airline)
    shutil.rmtree(root / "whole")
    return root / "cut"
