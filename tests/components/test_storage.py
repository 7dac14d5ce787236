"""Files in folders and in Azure Blob, against Azurite over real HTTP."""

import asyncio
import concurrent.futures
import contextlib
import datetime
import errno
import logging
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
import traceback

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.storage.blob import generate_container_sas

from components import storage
from components.errors import SettingsError
from components.storage import CONNECTION, CredentialsError, StorageError
from tests.support.http_proxy import Answer, Cut, proxy
from tests.support.program import PROJECT

MANY, PAGE = 300, 30
ACCOUNT = "abfs://{silo}@flights.dfs.core.windows.net"


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """How long Azure's client would have waited before each new try."""
    asked = []

    async def sleep(_self, duration):
        asked.append(duration)

    monkeypatch.setattr(AsyncHttpTransport, "sleep", sleep)
    return asked


@pytest.fixture
def through(blobs, monkeypatch):
    """A proxy to Azurite, which this process is connected to."""
    with proxy(blobs.port) as found:
        monkeypatch.setenv(CONNECTION, blobs.connection(found.port))
        yield found


@pytest.fixture(params=["folder", "container"])
def place(request, tmp_path) -> str:
    """A place of each kind, as the beginning of paths."""
    if request.param == "folder":
        return f"{tmp_path}/a place/"
    blobs = request.getfixturevalue("blobs")
    return blobs.url(blobs.container(), "a place/")


def _names(found, place):
    return [one.path.removeprefix(place) for one in found]


def test_what_was_put_is_read_found_and_removed(place):
    path = f"{place}day=2013-11-01/a #1 %20 é&+=.parquet"
    assert storage.stat(path) is None
    assert storage.put(path, b"first")
    assert storage.put(path, pa.py_buffer(b"second"))
    assert storage.read(path) == b"second"
    assert storage.find(path) == [storage.stat(path)]
    assert storage.stat(path).path == path
    assert storage.stat(path).size == 6
    storage.remove(path)
    storage.remove(path)
    assert storage.stat(path) is None
    assert storage.find(f"{place}**") == []
    with pytest.raises(FileNotFoundError):
        storage.read(path)
    with pytest.raises(FileNotFoundError), storage.parquet(path):
        pass


def test_patterns_find_the_same_in_folders_and_containers(place):
    for name in (
        "a.parquet",
        "b.csv",
        ".hidden.parquet",
        "day=2013-11-01/x.parquet",
        "day=2013-11-01/.unfinished",
        "day=2013-11-02/x.parquet",
        "day=2013-11-02/deep/er/y.parquet",
        "daylight/x.parquet",
    ):
        storage.put(place + name, name.encode())
    days = ["day=2013-11-01/x.parquet", "day=2013-11-02/x.parquet"]
    for pattern, expected in (
        ("a.parquet", ["a.parquet"]),
        ("?.parquet", ["a.parquet"]),
        ("*", ["a.parquet", "b.csv"]),
        (".*.parquet", [".hidden.parquet"]),
        ("day=*/*.parquet", days),
        ("day=2013-11-0[12]/x.parquet", days),
        ("day=*/**/*.parquet", [days[0], "day=2013-11-02/deep/er/y.parquet", days[1]]),
        ("day=2013-11-02/**", ["day=2013-11-02/deep/er/y.parquet", days[1]]),
        ("*/*/*/y.parquet", ["day=2013-11-02/deep/er/y.parquet"]),
        ("day=2013-11-01", []),
        ("none/*", []),
    ):
        assert _names(storage.find(place + pattern), place) == expected, pattern


def test_a_file_that_is_added_or_changed_meanwhile_is_seen(place):
    storage.put(f"{place}a", b"1")
    before = storage.find(f"{place}*")
    storage.put(f"{place}a", b"2")
    storage.put(f"{place}b", b"1")
    after = storage.find(f"{place}*")
    assert _names(after, place) == ["a", "b"]
    assert after[0].tag != before[0].tag
    assert storage.stat(f"{place}a") == after[0]


def test_the_first_of_writers_at_once_wins(place):
    path = f"{place}claimed"
    start = threading.Barrier(4)

    def write(number: int) -> bool:
        start.wait()
        return storage.put(path, bytes([number]) * 1000, replace=False)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        written = list(pool.map(write, range(4)))
    assert sum(written) == 1
    assert storage.read(path) == bytes([written.index(True)]) * 1000
    assert not storage.put(path, b"late", replace=False)
    assert _names(storage.find(f"{place}.*"), place) == []


def test_without_hard_links_a_name_that_is_there_is_not_replaced(tmp_path, monkeypatch):
    def link(*_):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    assert storage.put(f"{tmp_path}/a", b"1", replace=False)
    assert not storage.put(f"{tmp_path}/a", b"2", replace=False)
    assert [one.name for one in tmp_path.iterdir()] == ["a"]
    assert storage.read(f"{tmp_path}/a") == b"1"


def test_a_local_file_whose_preparation_fails_is_not_there(tmp_path):
    def refuse(_):
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        storage.put(f"{tmp_path}/a", b"1", prepare=refuse)
    assert list(tmp_path.iterdir()) == []


def test_a_path_below_a_file_is_no_success(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(OSError, match=r"exists|directory"):
        storage.put(f"{tmp_path}/a/b", b"1", replace=False)
    assert storage.stat(f"{tmp_path}/a/b") is None


def test_relative_paths_are_found_as_they_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage.put("data/x", b"1")
    assert [one.path for one in storage.find("*/x")] == ["data/x"]
    assert [one.path for one in storage.find("./data/*")] == ["data/x"]
    assert storage.find("*") == []


def test_a_folder_that_cannot_be_listed_is_no_empty_one(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(StorageError, match="loop/: Too many levels"):
        storage.find(f"{tmp_path}/loop/*")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("s3://bucket/x", "found s3://, expected a path or abfs://CONTAINER@ACCOUNT"),
        ("https://a.blob.core.windows.net/c/x?sig=SECRET", "found https://"),
        ("abfs://container/x", "a URL without account"),
        ("az://flights/x?sig=SECRET", "a URL without account"),
        ("abfs://silo@flights.dfs.core.windows.net/x?sig=SECRET", "no token in it"),
        ("abfs://silo@flights.dfs.example.com/x", "another form"),
        ("abfs://UA_1@flights.dfs.core.windows.net/x", "3 to 63 lower-case letters"),
        ("abfs://u--a@flights.dfs.core.windows.net/x", "single hyphens"),
        ("abfs://ua@flights.dfs.core.windows.net/x", "3 to 63"),
        ("data/**.parquet", "expected `\\*\\*` as a whole folder"),
    ],
)
def test_paths_that_cannot_be_used_are_refused(path, words):
    with pytest.raises(SettingsError, match=words) as caught:
        storage.check(path, "inference.input")
    assert "inference.input" in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "data/{silo}/*.parquet",
        "/data/day=*/**/x",
        f"{ACCOUNT}/{{span}}/*.parquet",
        "abfss://silo-1@flights.blob.core.windows.net",
        "az://silo-1@flights.z01.blob.storage.azure.net/x",
        "abfs://silo-1@flights.dfs.core.usgovcloudapi.net/x",
    ],
)
def test_paths_that_can_be_used_are_not_refused(path):
    storage.check(path, "inference.input")


@pytest.mark.parametrize(
    "connection",
    [
        "AccountName=other;AccountKey=c2VjcmV0",
        "BlobEndpoint=https://other.blob.core.windows.net/;SharedAccessSignature=c2Vj",
    ],
)
def test_the_account_of_other_credentials_is_refused(connection, monkeypatch):
    monkeypatch.setenv(CONNECTION, connection)
    url = ACCOUNT.format(silo="silo") + "/x"
    for use in (storage.find, storage.read, lambda _: storage.check(url, "input")):
        with pytest.raises(
            SettingsError, match="`flights`, expected `other`"
        ) as caught:
            use(url)
        assert "c2Vj" not in str(caught.value)
    storage.check(url.replace("flights", "other"), "input")


def test_a_container_that_is_gone_is_said(blobs):
    url = blobs.url("never-made", "x")
    uses = (
        storage.find,
        storage.stat,
        storage.read,
        storage.remove,
        lambda path: storage.put(path, b""),
        lambda path: storage.parquet(path).__enter__(),
    )
    for use in uses:
        with pytest.raises(StorageError, match="container `never-made` of") as caught:
            use(url)
        assert not isinstance(caught.value, CredentialsError)
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
        assert (type(again), str(again)) == (StorageError, str(caught.value))


def _said(error, caplog) -> str:
    """All that a person, a log or a report can show of an error."""
    return "\n".join(
        (
            *("".join(traceback.format_exception(error)), str(error), repr(error)),
            *(repr(pickle.loads(pickle.dumps(error))), caplog.text),  # noqa: S301
        )
    )


def _token(blobs, container: str, hours: int) -> str:
    """A shared access signature that ends in so many hours."""
    now = datetime.datetime.now(datetime.UTC)
    return generate_container_sas(
        blobs.account,
        container,
        account_key=blobs.key,
        permission="rlcw",
        expiry=now + datetime.timedelta(hours=hours),
    )


def _by_token(blobs, token: str, port: int) -> str:
    # An endpoint by IP address has no account in its host's name.
    return (
        f"BlobEndpoint=http://127.0.0.1:{port}/{blobs.account};"
        f"SharedAccessSignature={token};AccountName={blobs.account}"
    )


AZURE_SAYS = (
    '<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code>'
    "<Message>Server failed to authenticate the request.</Message>"
    "<AuthenticationErrorDetail>The MAC signature found in the HTTP request '{secret}' "
    "is not the same as any computed signature.</AuthenticationErrorDetail></Error>"
)


@pytest.mark.parametrize("fault", ["key", "padding", "expired", "expired token"])
def test_refused_credentials_are_said_and_not_shown(
    fault, blobs, through, waits, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    name = blobs.container()
    secret = "bm90IHRoZSBrZXk" + ("" if fault == "padding" else "=")
    connection = blobs.connection(through.port, secret)
    if fault == "expired":
        connection = _by_token(blobs, _token(blobs, name, -1), through.port)
        secret = connection.partition("sig=")[2].split("&")[0].split(";")[0]
    code = "InvalidAuthenticationInfo" if "token" in fault else "AuthenticationFailed"
    body = AZURE_SAYS.format(code=code, secret=secret).encode()
    headers = {"x-ms-error-code": code, "Content-Type": "application/xml"}
    status = 401 if "token" in fault else 403
    monkeypatch.setenv(CONNECTION, connection)

    for instead in (lambda _: None, lambda _: Answer(status, headers, body)):
        through.instead = instead
        for use in (
            storage.find,
            storage.stat,
            storage.read,
            lambda path: storage.put(path, b"1"),
            lambda path: storage.parquet(path).__enter__(),
        ):
            with pytest.raises(StorageError, match=blobs.account) as caught:
                use(blobs.url(name, "x"))
            said = _said(caught.value, caplog)
            assert secret not in said
            assert blobs.key not in said
            assert caught.value.is_temporary
            # Azurite says of a wrong key what Azure says of its firewall.
            if fault == "padding" or instead(None):
                assert isinstance(caught.value, CredentialsError)
                assert f"renew {CONNECTION}" in said
    assert waits == []


@pytest.mark.parametrize(
    "chain", ["EnvironmentCredential", "WorkloadIdentityCredential"]
)
def test_no_credentials_stop_the_run(chain, monkeypatch, caplog, tmp_path):
    token = tmp_path / "token"
    token.write_text("SECRET-TOKEN")
    monkeypatch.delenv(CONNECTION, raising=False)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", chain)
    if chain == "WorkloadIdentityCredential":
        monkeypatch.setenv("AZURE_TENANT_ID", "tenant")
        monkeypatch.setenv("AZURE_CLIENT_ID", "client")
        monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token))
        monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://127.0.0.1:1")
    with pytest.raises(CredentialsError, match="`flights`") as caught:
        storage.read(ACCOUNT.format(silo="ua1") + "/x")
    assert "SECRET" not in _said(caught.value, caplog)


@pytest.mark.parametrize(
    "code", ["AuthorizationPermissionMismatch", "AuthorizationFailure"]
)
def test_a_missing_role_is_named(code, blobs, through):
    name = blobs.container()
    through.instead = lambda _: Answer(403, {"x-ms-error-code": code})
    for use in (storage.find, storage.stat, lambda path: storage.put(path, b"1")):
        with pytest.raises(StorageError, match="Storage Blob Data Reader") as caught:
            use(blobs.url(name, "x"))
        assert not isinstance(caught.value, CredentialsError)
        assert f"`{name}`" in str(caught.value)
        assert "Storage Blob Data Contributor" in str(caught.value)


def test_a_server_that_is_not_there_or_has_no_name_is_said(blobs, waits, monkeypatch):
    with proxy(blobs.port) as gone:
        pass
    monkeypatch.setenv(CONNECTION, blobs.connection(gone.port))
    with pytest.raises(StorageError, match="the server can't be reached"):
        storage.read(blobs.url("silo", "x"))
    nowhere = blobs.connection().replace("127.0.0.1", "nowhere.invalid")
    monkeypatch.setenv(CONNECTION, nowhere)
    with pytest.raises(StorageError, match="the account's name can't be resolved"):
        storage.find(blobs.url("silo", "*"))
    assert len(waits) == 6


def _busy(times: int, asked: str):
    """Answer 503 so many times."""
    left = iter(range(times))

    def instead(_):
        if next(left, None) is None:
            return None
        return Answer(503, {"x-ms-error-code": "ServerBusy", "Retry-After": asked})

    return instead


def test_a_busy_server_is_waited_for_as_it_asks(blobs, through, waits):
    url = blobs.url(blobs.container(), "x")
    through.instead = _busy(3, "7")
    assert storage.put(url, b"1", replace=False)
    assert waits == [7, 7, 7]
    assert len(through.of("PUT")) == 4
    through.instead = _busy(2, "100000")
    assert storage.read(url) == b"1"
    assert waits[3:] == [120, 120]
    through.instead = _busy(2, "0")
    assert len(storage.find(url)) == 1
    through.instead = _busy(2, "soon")
    assert storage.stat(url).size == 1
    # None where 0 was asked for, our own where it was no number.
    assert [low for low, wait in zip((2, 4), waits[5:], strict=True) if wait >= low]


def test_a_server_that_stays_busy_is_given_up(blobs, through, waits):
    url = blobs.url(blobs.container(), "x")
    through.instead = _busy(100, "1")
    with pytest.raises(StorageError, match=r"throttled: 503 .* each of 6 tries"):
        storage.put(url, b"1")
    assert len(through.requests) == 6
    assert waits == [1] * 5


def test_a_truncated_upload_leaves_nothing(blobs, through, waits):
    name = blobs.container()
    url = blobs.url(name, "x")
    through.instead = lambda one: Cut() if one.method == "PUT" else None
    with pytest.raises(StorageError, match="can't be reached"):
        storage.put(url, b"1" * 1_000_000)
    assert len(waits) == 3
    assert len(through.of("PUT")) >= 4  # aiohttp tries a lost connection once more
    assert list(blobs.client(name).list_blobs()) == []
    left = iter([Cut()])
    through.instead = lambda _: next(left, None)
    assert storage.put(url, b"1" * 1_000_000)
    assert len(storage.read(url)) == 1_000_000


def test_a_truncated_download_is_no_short_file(blobs, through, waits):
    url = blobs.url(blobs.container(), "x")
    storage.put(url, b"1" * 100_000)
    headers = {"Content-Length": "100000", "Content-Range": "bytes 0-99999/100000"}
    broken = Answer(206, {**headers, "Connection": "close"}, b"1" * 9)
    through.instead = lambda _: broken
    with pytest.raises(StorageError, match="breaks off"):
        storage.read(url)


def _table(rows: int) -> bytes:
    import numpy as np

    values = np.random.default_rng(7)
    table = pa.table({f"c{number}": values.random(rows) for number in range(20)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=rows // 10)
    return sink.getvalue()


def test_a_read_fetches_what_it_needs(blobs, through):
    url = blobs.url(blobs.container(), "x.parquet")
    data = _table(100_000)
    storage.put(url, data)
    through.requests.clear()
    columns = ["c3", "c4", "c15"]
    with storage.parquet(url) as file:
        group = file.metadata.row_group(7)
        parts = (group.column(number) for number in (3, 4, 15))
        needed = sum(part.total_compressed_size for part in parts)
        rows = file.read_row_group(7, columns=columns, use_threads=False)
    assert rows.equals(
        pq.read_table(pa.BufferReader(data))[70_000:80_000].select(columns)
    )
    gets = through.of("GET")
    footer, *rest = gets
    assert len(rest) <= 2
    assert footer.answered <= 64 * 1024
    assert sum(one.answered for one in rest) < 1.02 * needed


def test_a_blob_that_is_replaced_while_it_is_read_is_said(place):
    url = f"{place}x.parquet"
    storage.put(url, _table(1000))
    with contextlib.ExitStack() as stack:
        if storage.is_remote(place):
            stack.enter_context(pytest.raises(StorageError, match="changed meanwhile"))
        with storage.parquet(url) as file:
            storage.put(url, _table(2000))
            assert file.read_row_group(1, use_threads=False).num_rows == 100


async def _fill(blobs, name: str, paths: list[str], token: str) -> None:
    """Create empty blobs: many requests at once, by a token instead of signatures."""

    async def work(paths):
        reader, writer = await asyncio.open_connection("127.0.0.1", blobs.port)
        for path in paths:
            writer.write(
                f"PUT /{blobs.account}/{name}/{path}?{token} HTTP/1.1\r\nHost: x\r\n"
                "x-ms-version: 2021-12-02\r\nx-ms-blob-type: BlockBlob\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
        for _ in paths:
            assert b" 201 " in await reader.readuntil(b"\r\n\r\n")
        writer.close()

    await asyncio.gather(*(work(paths[start::8]) for start in range(8)))


def test_many_blobs_are_listed_in_pages(blobs, through, monkeypatch):
    name = blobs.container()
    paths = [f"day={n % 25:02}/part-{n:05}" for n in range(MANY)]
    token = _token(blobs, name, 1)
    # In a thread: a browser of another test may have its loop in this one.
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(_fill(blobs, name, paths, token))).result()
    monkeypatch.setenv(CONNECTION, _by_token(blobs, token, through.port))

    def cut(request):
        request.path += f"&maxresults={PAGE}"  # the server's own is 5,000

    through.instead = cut
    found = storage.find(blobs.url(name, "day=*/part-*"))
    assert [one.path for one in found] == sorted(blobs.url(name, p) for p in paths)
    assert len({one.tag for one in found}) > 1
    assert {one.size for one in found} == {0}
    assert len(through.requests) == MANY // PAGE
    through.instead = lambda _: None
    through.requests.clear()
    assert storage.find(blobs.url(name, "day=*/part-*")) == found
    assert len(storage.find(blobs.url(name, "day=07/*"))) == MANY // 25
    assert len(through.requests) == 2
    assert storage.stat(found[-1].path) == found[-1]


def test_threads_share_a_connection(blobs):
    url = blobs.url(blobs.container())
    data = _table(1000)

    def use(number: int) -> int:
        storage.put(f"{url}{number}", data)
        with storage.parquet(f"{url}{number}") as file:
            return file.read(["c1"], use_threads=False).num_rows

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(use, range(16))) == [1000] * 16
    assert len(storage.find(f"{url}*")) == 16


def _length(url: str, results) -> None:
    results.put(len(storage.read(url)))


def test_a_forked_child_has_a_connection_of_its_own(blobs):
    url = blobs.url(blobs.container(), "x")
    storage.put(url, b"123")
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_length, args=(url, results))
    child.start()
    assert results.get(timeout=60) == 3
    child.join(60)
    assert child.exitcode == 0


FORKED = """
import os, sys
from components import storage
url = sys.argv[1]
storage.put(url, b"123")
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
sys.exit(len(storage.read(url)))
"""


def test_a_forked_child_that_ends_by_itself_does_not_hang(blobs):
    url = blobs.url(blobs.container(), "x")
    done = subprocess.run(
        [sys.executable, "-c", FORKED, url],
        cwd=PROJECT,
        check=False,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3, done.stderr
