"""Rows and predictions in containers, one a silo, over real HTTP."""

import contextlib
import io
import logging
import pathlib
import threading
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from azure.storage.blob import ContainerClient

from components.batch_inferrer.infer import infer
from components.batch_inferrer.settings import InferenceSettings
from components.errors import FairSiloError
from components.payloads.ledger import Ledger
from components.payloads.manifest import Manifest, SiloEntry
from components.silos import homes
from components.silos.slugs import slug
from tests.components.batch_inferrer.cases import (
    Exported,
    check_rows,
    read_scores,
    table,
)
from tests.support.azurite import Azurite
from tests.support.http_proxy import Answer, Proxy, Request, proxy

pytestmark = pytest.mark.beam

SILOS = ("Nord", "süd-東", "vest")
REFUSED = Answer(403, {"x-ms-error-code": "AuthenticationFailed"})
BUSY = Answer(503, {"x-ms-error-code": "ServerBusy", "Retry-After": "0"})


class Lake:
    """Silos whose rows and predictions lie in containers of their own."""

    def __init__(self, folder: pathlib.Path, azurite: Azurite, model: Exported) -> None:
        self.azurite, self.model, self.folder = azurite, model, folder
        # A name that no other test has, in all containers of this one.
        self.prefix = azurite.container().replace("silo", "lake")
        entries = [SiloEntry(homes.open_home(folder / "homes", one)) for one in SILOS]
        self.manifest = Manifest("people", "7", tuple(entries))
        self.settings = InferenceSettings(
            input=azurite.url(f"{self.prefix}-{{slug}}", "rows/{span}/**/*.parquet"),
            output=azurite.url(f"{self.prefix}-{{slug}}-out", "predictions"),
            rows_per_item=64,
        )
        self.rows: dict[str, list[pa.Table]] = {silo: [] for silo in SILOS}
        for number, silo in enumerate(SILOS):
            for container in (self.container(silo), self.container(silo, "-out")):
                container.create_container()
            self.add(silo, "mon", 100, first=1000 * number)
            self.add(silo, "tue", 20 + number, first=1000 * number + 500)

    def container(self, silo: str, kind: str = "") -> ContainerClient:
        return self.azurite.client(f"{self.prefix}-{slug(silo)}{kind}")

    def add(self, silo: str, day: str, rows: int, first: int) -> None:
        made = table(rows, rows, first)
        days = pa.repeat(day, rows)  # the folder's, and no column of the blob
        made = made.set_column(made.column_names.index("day"), "day", days)
        self.rows[silo].append(made)
        file = io.BytesIO()
        pq.write_table(made.drop(["day"]), file, row_group_size=50)
        path = f"rows/7/day={day}/{first}.parquet"
        self.container(silo).upload_blob(path, file.getvalue(), overwrite=True)

    def infer(self, **settings: object) -> Ledger:
        chosen = self.settings.model_copy(update=settings)
        return infer(
            self.manifest, self.model.job(), chosen, self.folder / "work" / "1"
        )

    def outputs(self, silo: str) -> dict[str, bytes]:
        container = self.container(silo, "-out")
        return {
            name: container.download_blob(name).readall()
            for name in container.list_blob_names()
        }

    def check(self, silo: str) -> None:
        """Check that a silo's own rows, and no others, are in its container once."""
        place = self.folder / "read" / silo
        for name, data in self.outputs(silo).items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        folder, rows = place / "predictions/span=7", pa.concat_tables(self.rows[silo])
        check_rows(folder, silo, rows, self.model.linear)
        days = read_scores(folder).sort_by("id")["day"]
        assert days.to_pylist() == rows.sort_by("id")["day"].to_pylist()


@pytest.fixture
def lake(tmp_path, blobs, model) -> Lake:
    return Lake(tmp_path, blobs, model)


@pytest.fixture
def through(lake, monkeypatch) -> Iterator[Proxy]:
    """A proxy that what is tested goes through, and what checks it does not."""
    with proxy(lake.azurite.port) as found:
        connection = lake.azurite.connection(found.port)
        monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", connection)
        yield found


def is_row_data(request: Request) -> bool:
    return request.method == "GET" and "/rows/7/" in request.path


def test_only_what_changed_is_read_and_each_silo_finds_its_own(lake, through):
    account = lake.infer()
    assert (account.status, account.failures, account.unchanged) == ("done", (), 0)
    for silo in SILOS:
        lake.check(silo)
    assert any(map(is_row_data, through.requests))
    through.requests.clear()
    assert lake.infer().unchanged == account.rows
    assert not through.of("PUT")
    for request in through.requests:
        assert "comp=list" in request.path or "_predictions.json" in request.path
    assert len(through.requests) <= 8 * len(SILOS)
    lake.add("vest", "wed", 30, first=2900)
    through.requests.clear()
    again = lake.infer()
    assert (again.rows, again.unchanged) == (account.rows + 30, account.rows)
    assert {"2900" in one.path for one in through.requests if is_row_data(one)} == {
        True
    }
    lake.check("vest")
    lake.rows["vest"].pop()
    lake.add("vest", "wed", 40, first=2900)  # another blob of that name
    assert lake.infer().unchanged == account.rows
    lake.check("vest")


def test_a_silo_whose_container_is_gone_holds_up_no_other(lake):
    lake.container("Nord").delete_container()
    account = lake.infer()
    assert (account.status, account.rows) == ("done", 243)
    (lacking,) = account.silos_not_scored
    assert lacking.silo == "Nord"
    assert f"container `{lake.prefix}-nord`" in lacking.reason
    assert "create it" in lacking.reason
    for silo in SILOS[1:]:
        lake.check(silo)
    assert lake.outputs("Nord") == {}


@pytest.mark.parametrize("workers", [1, 2])
def test_credentials_that_are_refused_in_the_middle_stop_the_run_and_are_not_told(
    lake, through, caplog, workers
):
    for name in ("components", "azure", "adlfs", "fsspec"):  # Beam's own can't bear it
        caplog.set_level(logging.DEBUG, name)
    lock, puts, said = threading.Lock(), [], {}

    def refuse(request: Request) -> Answer | None:
        with lock:
            if request.method == "PUT":
                puts.append(request)
                for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                    with contextlib.suppress(OSError):  # ended meanwhile
                        said[str(path)] = path.read_bytes()
            return REFUSED if len(puts) > 2 else None

    through.instead = refuse
    with pytest.raises(FairSiloError, match="found no credentials that it takes"):
        lake.infer(workers=workers)
    assert len(puts) <= 2 + 2 * workers  # none goes on to its next item
    for silo in SILOS:
        assert not [name for name in lake.outputs(silo) if "_predictions" in name]
        assert not [name for name in lake.outputs(silo) if "dead-letters" in name]
    if workers > 1:
        assert any(b"batch_inferrer.shard" in data for data in said.values())
    files = [path for path in lake.folder.rglob("*") if path.is_file()]
    said |= {path.name: path.read_bytes() for path in files}
    written = {"stopped.json"}
    written |= {"work.json", "shard-00001.log"} if workers > 1 else {"one.jsonl"}
    assert said.keys() >= written
    through.instead = lambda _: None
    account = lake.infer()  # the records of the attempt before are there
    assert (account.status, account.failures, account.rows) == ("done", (), 363)
    for silo in SILOS:
        lake.check(silo)
        said[silo] = b"".join(lake.outputs(silo).values())
    said["account"], said["log"] = account.to_json().encode(), caplog.text.encode()
    key = lake.azurite.key.encode()
    assert not [name for name, data in said.items() if key in data]


def test_a_server_that_is_busy_for_a_while_is_asked_again(lake, through):
    left = [6]  # tries of the plan, which reads no footer then

    def busy(request: Request) -> Answer | None:
        is_asked = request.method == "GET" and "vest/rows/7/day=tue" in request.path
        if not is_asked or not left[0]:  # one after another: no lock is needed
            return None
        left[0] -= 1
        return BUSY

    through.instead = busy
    assert lake.infer().failures == ()
    assert left == [0]
    lake.check("vest")
    lake.add("Nord", "wed", 30, first=900)
    lake.add("vest", "wed", 30, first=2900)
    through.instead = lambda one: (
        BUSY if is_row_data(one) and "nord" in one.path else None
    )
    account = lake.infer()
    assert {line.silo for line in account.failures} == {"Nord"}
    assert "throttled: 503 ServerBusy" in account.failures[0].reason
    lake.check("vest")


@pytest.mark.parametrize(
    ("method", "times", "reason"),
    [
        ("GET", 2, "a blob changed meanwhile"),
        ("HEAD", 4, "found another file than when the run began"),
    ],
)
def test_a_blob_that_is_replaced_while_it_is_scored_is_no_prediction(
    lake, through, method, times, reason
):
    asked: list[Request] = []

    def replace(request: Request) -> None:
        if request.method == method and "vest/rows/7/day=tue" in request.path:
            asked.append(request)
            if len(asked) == times:  # the first is the plan's
                lake.rows["vest"].pop()
                lake.add("vest", "tue", 50, first=2500)

    through.instead = replace
    account = lake.infer()
    through.instead = lambda _: None
    (failure,) = account.failures
    assert failure.silo == "vest"
    assert reason in failure.reason
    assert not account.is_settled
    for silo in SILOS[:2]:
        lake.check(silo)
    assert not [name for name in lake.outputs("vest") if "_predictions" in name]
    lake.infer()
    for silo in SILOS:
        lake.check(silo)


def test_a_silo_whose_name_can_be_no_container_is_told_and_holds_up_no_other(lake):
    place = lake.azurite.url(f"{lake.prefix}-{{silo}}", "rows/{span}/**/*.parquet")
    account = lake.infer(input=place)
    assert {line.silo for line in account.failures} == {"Nord", "süd-東"}
    assert "lower-case letters, digits" in account.failures[0].reason
    lake.check("vest")


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("abfs://{silo}/rows", "a URL without account"),
        ("abfs://{silo}@other.dfs.core.windows.net/rows", "account `other`"),
        (
            "abfs://Rows_{slug}@ACCOUNT.dfs.core.windows.net/rows",
            "container `Rows_silo`",
        ),
        ("s3://{silo}/rows", "s3://"),
    ],
)
def test_a_place_that_cannot_be_is_refused_before_anything_is_scored(
    blobs, place, found
):
    place = place.replace("ACCOUNT", blobs.account)
    for setting in ("input", "output"):
        with pytest.raises(ValueError, match=found):
            InferenceSettings.model_validate({setting: place})
