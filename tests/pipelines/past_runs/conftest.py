"""The same runs twice: in folders of this machine, and in a cluster's store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from components.dashboard.silo.page import file_name
from pipelines import summary
from pipelines.past_runs.local import LocalRuns
from pipelines.past_runs.runs import PastRuns
from pipelines.past_runs.stored import StoredRuns
from pipelines.places import Places
from tests.pipelines import past

PAGE = "<h1>Süd-東京</h1>".encode()


@pytest.fixture
def places(tmp_path) -> Places:
    return Places(tmp_path / "flights")


def with_pages(places: Places, told: summary.Summary) -> summary.Summary:
    """Give a written run its page, and each silo's."""
    page = places.pipeline_root / "Dashboard" / told["run_id"] / "index.html"
    (page.parent / "silos").mkdir(parents=True)
    page.write_bytes(PAGE)
    for silo in past.SILOS:
        path = page.parent / "silos" / file_name(silo)
        path.write_text(f"{silo} in {told['run_id']}")
    told = {
        **told,
        "dashboard": str(page),
        "silos": [{"silo": silo} for silo in past.SILOS],
    }
    summary.write(told, places)
    return told


@dataclasses.dataclass
class Kept:
    """Runs: `a` with pages and an evaluation, `b` that failed.

    Attributes:
        runs: The runs.
        lose: Makes them lose what run `a` left, but not its summary.
    """

    runs: PastRuns
    lose: Callable[[], None]


@pytest.fixture(params=["folders", "store"])
def kept(request, places, tmp_path) -> Kept:
    told = with_pages(places, past.evaluated(places, "a", 0.67))
    failed = past.failed(places, "b")
    if request.param == "folders":
        return Kept(LocalRuns("flights", places), lambda: past.clear(told))
    url = f"sqlite:///{tmp_path}/store.db"
    for one in (told, failed):
        past.stored(url, one)
    past.clear(told)
    for path in places.runs.glob("*/*"):
        path.unlink()  # the store alone is left
    return Kept(StoredRuns("flights", url), lambda: past.stored_alone(url, told))


@pytest.fixture
def runs(kept) -> PastRuns:
    return kept.runs
