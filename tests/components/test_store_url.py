import pytest

from components import store_url
from components.errors import SettingsError
from components.store_url import resolve

MYSQL = "mysql+pymysql://fairsilo:hunter2@db:3306/fairsilo"


@pytest.mark.parametrize("url", [MYSQL, "sqlite:////var/store.db"])
def test_a_url_stays_as_it_is_and_a_reference_gives_it(monkeypatch, url):
    monkeypatch.setenv("FAIRSILO_STORE", f" {url}\n")
    assert resolve(url) == url
    assert resolve(store_url.FROM_ENVIRONMENT) == url
    monkeypatch.setenv("OTHER", url)
    assert resolve("env:OTHER") == url


@pytest.mark.parametrize("value", [None, "", " \n"])
def test_a_variable_without_a_value_is_refused_with_the_secret_it_comes_from(
    monkeypatch, value
):
    monkeypatch.delenv("FAIRSILO_STORE", raising=False)
    if value is not None:
        monkeypatch.setenv("FAIRSILO_STORE", value)
    with pytest.raises(SettingsError) as caught:
        resolve(store_url.FROM_ENVIRONMENT)
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
        ("mysql://u:hunter2@db/d", "a URL of another kind of database"),
        ("mysql+pymysql://u:hunter2@db", "a URL without database"),
        ("mysql+pymysql://:hunter2@/d", "a URL without username and host"),
        ("sqlite://", "a URL without database"),
        (f"{MYSQL}?ssl_ca=/no/file", "`ssl_ca=/no/file`, where there is no file"),
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
            resolve(asked)
        assert caught.value.message == (
            f"{where}: found {found}, expected mysql+pymysql://USER:PASSWORD@HOST:PORT/"
            "DATABASE, with ?ssl_ca=FILE for TLS, or sqlite:////PATH"
        )
        assert "hunter2" not in f"{caught.value!r} {caught.value.__context__!r}"
