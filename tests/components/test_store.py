"""What can't be used is explained without the password; tables are made once."""

import concurrent.futures
import threading

import certifi
import pytest
import sqlalchemy as sa

from components import store_url as urls
from components.errors import FairSiloError, SettingsError
from components.store import MYSQL, Store, StoreDownError

TABLES = sa.MetaData()
NAMES = sa.Table(
    "names", TABLES, sa.Column("name", sa.String(20), unique=True), **MYSQL
)
WRONG = "hunter2"


def names(opened):
    with opened.begin() as connection:
        return connection.scalars(sa.select(NAMES.c.name)).all()


def test_any_script_is_kept_and_letters_that_look_alike_differ(store_url):
    written = ["Süd-東京", "süd-東京", "sud-東京", "🛫"]
    opened = Store(store_url, TABLES)
    with opened.begin() as connection:
        for name in written:
            connection.execute(NAMES.insert().values(name=name))
    assert sorted(names(Store(store_url, TABLES))) == sorted(written)


def test_steps_that_start_at_once_on_an_empty_store_make_its_tables(store_url):
    together = threading.Barrier(8)

    def open_store(_):
        together.wait(30)
        return Store(store_url, TABLES)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(open_store, range(8)))
    assert [names(one) for one in opened] == [[]] * 8


def refusal(kind, url, server=None):
    with pytest.raises(kind) as caught:
        Store(url, TABLES)
    told = f"{caught.value} {caught.value!r}"
    assert WRONG not in told
    assert server is None or server.password not in told
    return caught.value


def test_a_wrong_password_is_refused_without_it(mariadb):
    error = refusal(SettingsError, mariadb.url("fairsilo_x", password=WRONG))
    assert error.message == (
        f"the store at 127.0.0.1:{mariadb.port}: it refuses user `fairsilo` or the "
        "password"
    )
    assert error.hint == "check the URL in the secret `fairsilo-store`"


@pytest.mark.parametrize("database", ["fairsilo_nowhere", "mysql"])
def test_a_database_that_is_not_there_or_not_ours_is_named(mariadb, database):
    error = refusal(SettingsError, mariadb.url(database), mariadb)
    assert error.message == (
        f"the store at 127.0.0.1:{mariadb.port}: user `fairsilo` finds no database "
        f"`{database}`, or has no right to it"
    )


def test_a_user_who_may_only_read_is_told_so(mariadb):
    database = mariadb.database().rpartition("/")[2]
    mariadb.admin(
        "CREATE USER reader@'127.0.0.1' IDENTIFIED VIA mysql_native_password "
        f"USING PASSWORD('{WRONG}')",
        f"GRANT SELECT ON {database}.* TO reader@'127.0.0.1'",
    )
    url = mariadb.url(database, username="reader", password=WRONG)
    error = refusal(SettingsError, url)
    assert f"user `reader` may not do all in database `{database}`" in error.message
    assert error.hint == "grant all rights on that database"


def test_a_password_plugin_that_the_client_lacks_is_named(mariadb):
    database = mariadb.database().rpartition("/")[2]
    mariadb.admin(
        "INSTALL SONAME 'auth_ed25519'",
        "CREATE USER modern@'127.0.0.1' IDENTIFIED VIA ed25519 "
        f"USING PASSWORD('{WRONG}')",
        f"GRANT ALL ON {database}.* TO modern@'127.0.0.1'",
    )
    url = mariadb.url(database, username="modern", password=WRONG)
    error = refusal(SettingsError, url)
    assert "found a password plugin that the client lacks" in error.message
    assert "expected mysql_native_password" in error.message


def test_a_server_that_is_down_may_come_back(mariadb):
    url = mariadb.database()
    opened = Store(url, TABLES)
    mariadb.stop()
    try:
        error = refusal(StoreDownError, url, mariadb)
        with pytest.raises(StoreDownError):
            names(opened)
    finally:
        mariadb.start()
    assert error.message.startswith(
        f"the store at 127.0.0.1:{mariadb.port}: no answer (Can't connect"
    )
    assert error.hint == "check that the database runs and can be reached from here"
    assert names(opened) == []


def test_a_connection_lost_in_the_middle_is_a_store_that_is_down(mariadb):
    opened = Store(mariadb.database(), TABLES)

    def lose():
        with opened.begin() as connection:
            number = connection.scalar(sa.select(sa.func.connection_id()))
            mariadb.admin(f"KILL {number}")
            connection.execute(NAMES.insert().values(name="north"))

    with pytest.raises(StoreDownError):
        lose()
    assert names(opened) == []


def test_another_fault_of_the_server_is_told_with_its_number(mariadb):
    opened = Store(mariadb.database(), TABLES)
    slow = sa.text("SET STATEMENT max_statement_time=0.05 FOR SELECT SLEEP(3)")
    with (
        pytest.raises(FairSiloError, match=r"error 1969 \(.*max_statement_time"),
        opened.begin() as connection,
    ):
        connection.execute(slow)


def test_a_file_that_is_no_database_or_cannot_be_made_is_named(tmp_path):
    error = refusal(FairSiloError, f"sqlite:///{tmp_path}")
    assert error.message == f"the store at {tmp_path}: unable to open database file"


def test_a_file_that_another_process_holds_may_be_freed(tmp_path):
    url = f"sqlite:///{tmp_path}/store.db?timeout=0.1"
    opened = Store(url, TABLES)
    with opened.begin() as connection:
        connection.execute(NAMES.insert().values(name="north"))
        with (
            pytest.raises(StoreDownError, match="another process holds it"),
            opened.begin() as other,
        ):
            other.execute(NAMES.insert().values(name="south"))
    assert names(opened) == ["north"]


def test_tls_is_checked_with_the_authority_that_the_url_names(mariadb):
    url = mariadb.database()
    opened = Store(f"{url}?ssl_ca={mariadb.certificate}", TABLES)
    with opened.begin() as connection:
        cipher = connection.execute(sa.text("SHOW STATUS LIKE 'Ssl_cipher'")).one()
    assert cipher[1]
    error = refusal(SettingsError, f"{url}?ssl_ca={certifi.where()}", mariadb)
    assert "its certificate is not one that the URL's `ssl_ca` vouches for" in (
        error.message
    )


URL = "mysql+pymysql://fairsilo:hunter2@db:3306/fairsilo"


@pytest.mark.parametrize("url", [URL, "sqlite:////var/store.db"])
def test_a_url_stays_as_it_is_and_a_reference_gives_it(monkeypatch, url):
    monkeypatch.setenv("FAIRSILO_STORE", f" {url}\n")
    monkeypatch.setenv("OTHER", url)
    for reference in (url, urls.FROM_ENVIRONMENT, "env:OTHER"):
        assert urls.resolve(reference) == url


@pytest.mark.parametrize("value", ["", " \n"])
def test_a_variable_without_a_value_is_refused_with_the_secret_it_comes_from(
    monkeypatch, value
):
    monkeypatch.setenv("FAIRSILO_STORE", value)
    with pytest.raises(SettingsError) as caught:
        urls.resolve(urls.FROM_ENVIRONMENT)
    assert caught.value.message == (
        "environment variable `FAIRSILO_STORE`: found nothing, expected the store's URL"
    )
    assert "the key `url` of the secret `fairsilo-store`" in caught.value.hint


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("hunter2", "text that is no URL"),
        ("mysql+pymysql://u:hunter2@db:port/d", "text that is no URL"),
        ("postgresql://u:hunter2@db/d", "a URL of another kind of database"),
        ("mysql+pymysql://u:hunter2@db", "a URL without database"),
        ("mysql+pymysql://:hunter2@/d", "a URL without username and host"),
        ("sqlite://", "a URL without database"),
        (f"{URL}?ssl_ca=/no/file", "`ssl_ca=/no/file`, where there is no file"),
    ],
)
def test_what_is_no_url_of_a_store_is_refused_and_never_repeated(
    monkeypatch, value, found
):
    monkeypatch.setenv("FAIRSILO_STORE", value)
    for asked, where in [
        (value, "the store's URL"),
        ("env:FAIRSILO_STORE", "environment variable `FAIRSILO_STORE`"),
    ]:
        with pytest.raises(SettingsError) as caught:
            urls.resolve(asked)
        assert caught.value.message.startswith(
            f"{where}: found {found}, expected mysql+pymysql://USER:PASSWORD@HOST:PORT/"
        )
        assert WRONG not in f"{caught.value!r} {caught.value.__context__!r}"
