"""`fairsilo ledger` as operators use it: on this machine, and on a cluster's store."""

import datetime
import json

import pytest
import sqlalchemy as sa
import yaml

from components.privacy.accounting import Mechanism, epsilon
from components.privacy.ledger import Budget, PrivacyLedger, window_of
from pipelines.places import Places
from tests.pipelines import past
from tests.support.program import fairsilo, project

TODAY = datetime.datetime.now(datetime.UTC).date()
WINDOW = window_of("year", TODAY)
ONE = Mechanism(noise=9.0, steps=20)
OTHER = Mechanism(noise=3.25, steps=12, units=1_500, rate=0.17, cap=344)


def spend(url):
    """Let silo AA spend in two trainings, of which one breaks off, and F9 in one."""
    ledger = PrivacyLedger(url, "flights")
    may = Budget(8.0, 1e-5)
    ledger.settle(ledger.reserve("a", "AA", WINDOW, may, ONE), 15)
    ledger.reserve("b", "AA", WINDOW, may, OTHER)
    ledger.reserve("b", "F9", WINDOW, may, OTHER)
    return ledger


@pytest.fixture
def ledger(tmp_path):
    project(tmp_path)

    def run(*arguments):
        return fairsilo("ledger", *arguments, folder=tmp_path)

    return run


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path / "build" / "flights")


def protect(folder, **privacy):
    """Write the section `privacy` into the settings of a use case."""
    path = folder / "pipelines" / "flights" / "settings.yaml"
    settings = yaml.safe_load(path.read_text()) | {"privacy": privacy}
    path.write_text(yaml.safe_dump(settings))


def test_entries_are_shown_with_what_each_costs_alone(ledger, places):
    spend(places.operator_store)
    done = ledger("show", "flights")
    assert done.returncode == 0, done.stderr
    heading, *lines = done.stdout.splitlines()
    assert heading.split()[:6] == ["entry", "at", "run", "silo", "action", "epsilon"]
    assert [line.split()[2:4] for line in lines] == [
        ["a", "AA"], ["a", "AA"], ["b", "AA"], ["b", "F9"]
    ]  # fmt: skip
    assert " settle 1 " in lines[1]
    assert f" {epsilon([OTHER], 1e-5):.3f} " in lines[3]
    told = json.loads(ledger("show", "flights", "--silo=AA", "--json").stdout)
    assert [one["entry"] for one in told] == [1, 2, 3]
    assert [one["steps"] for one in told] == [20, 15, 12]
    assert told[2]["cap"] == 344
    assert told[1]["delta"] == 1e-05
    assert told[1]["epsilon"] == epsilon([Mechanism(9.0, 15)], 1e-5)


def test_what_is_left_follows_the_settings_of_today(ledger, places, tmp_path):
    protect(tmp_path, mode="example", epsilon=5.0, silos={"F9": {"epsilon": 0.5}})
    past.evaluated(places, "a", 0.5)
    spend(places.operator_store)
    done = ledger("budget", "flights")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    told = json.loads(ledger("budget", "flights", "--json").stdout)
    by_silo = {one.pop("silo"): one for one in told}
    reserved = epsilon([Mechanism(9.0, 15), OTHER], 1e-5)
    assert by_silo["AA"] == {
        "budget": 5.0,
        "spent": epsilon([Mechanism(9.0, 15)], 1e-5),
        "reserved": reserved,
        "resets_on": f"{TODAY.year + 1}-01-01",
        "left": 5.0 - reserved,
    }
    assert (by_silo["F9"]["budget"], by_silo["F9"]["left"]) == (0.5, 0)
    assert f"{reserved:.3f}" in done.stdout
    done = ledger("budget", "flights", "--set", "privacy.epsilon=9", "--json")
    assert json.loads(done.stdout)[0]["budget"] == 9.0


def test_a_chain_that_does_not_hold_ends_with_status_1(ledger, places):
    kept = spend(places.operator_store)
    head = kept.head()
    done = ledger("verify", "flights", f"--head={kept.entries()[1].hash}")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"the chain holds: 4 entries, head {head}\n"
    told = json.loads(ledger("verify", "flights", "--json").stdout)
    assert told == {"entries": 4, "head": head}
    with sa.create_engine(places.operator_store).begin() as connection:
        connection.exec_driver_sql("DELETE FROM privacy_ledger WHERE number = 4")
    done = ledger("verify", "flights", f"--head={head}", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"found no entry with the hash `{head}` among 3" in done.stderr
    assert "hint: compare the hash with the page" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["show", "flights", "--silo=ZZ"],
            "silo `ZZ` in the privacy ledger, expected AA, F9",
        ),
        (["verify", "trains"], "use case `trains`: found no"),
    ],
)
def test_what_is_not_there_is_refused(ledger, places, arguments, says):
    spend(places.operator_store)
    done = ledger(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert says in done.stderr


def test_a_window_in_the_past_is_refused(ledger, places, tmp_path):
    protect(tmp_path, window="2020-01-01/2020-12-31")
    spend(places.operator_store)
    done = ledger("budget", "flights")
    assert done.returncode == 2
    assert "a window that ended on 2020-12-31, expected" in done.stderr


def test_before_any_run_the_way_to_one_is_told(ledger, tmp_path):
    done = ledger("verify", "flights")
    assert (done.returncode, done.stdout) == (2, "")
    assert "start one with `fairsilo run flights`" in done.stderr
    assert not (tmp_path / "build").exists()


def test_it_works_on_a_clusters_store_without_any_folder(store_url, tmp_path, ledger):
    kept = spend(store_url)
    store = f"--store={store_url}"
    assert " settle 1 " in ledger("show", "flights", store).stdout
    done = ledger("budget", "flights", "--silo=F9", store)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["silo", "F9"]
    assert done.stderr == (
        "privacy.mode is `none` in the settings: such trainings aren't counted\n"
    )
    assert kept.head() in ledger("verify", "flights", store).stdout
    assert not (tmp_path / "build").exists()
