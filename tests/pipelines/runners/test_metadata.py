"""ML Metadata on a real MariaDB and on sqlite; stores that are down, or say no."""

import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa
from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components.errors import FairSiloError, SettingsError
from components.store import Store
from pipelines.runners import metadata
from tests.support.program import wait_until

# Waits for the starting shot, so that all are at it together.
WAIT = """
import sys
from pipelines.runners import metadata
sys.stdout.write("ready")
sys.stdout.flush()
sys.stdin.read(1)
metadata.wait(sys.argv[1], 60, sys.stderr.write)
"""
WRONG = "hunter2"


def silent(text):
    raise AssertionError(text)


def put_run(store):
    """Record an execution with an output, and return both ids."""
    kind = store.put_execution_type(mlmd.ExecutionType(name="Trainer"))
    model = mlmd.ArtifactType(name="Model", properties={"rounds": mlmd.INT})
    artifact = mlmd.Artifact(type_id=store.put_artifact_type(model), uri="/mnt/süd")
    artifact.properties["rounds"].int_value = 7
    execution, [made], _ = store.put_execution(
        mlmd.Execution(type_id=kind, last_known_state=mlmd.Execution.COMPLETE),
        [(artifact, mlmd.Event(type=mlmd.Event.OUTPUT))],
        [],
    )
    return execution, made


def test_ml_metadata_keeps_types_executions_and_artifacts(store_url):
    metadata.wait(store_url, 60, silent)
    config = metadata.connection(store_url)
    execution, made = put_run(metadata_store.MetadataStore(config))

    again = metadata_store.MetadataStore(config)
    [artifact] = again.get_artifacts_by_type("Model")
    assert (artifact.id, artifact.uri) == (made, "/mnt/süd")
    assert artifact.properties["rounds"].int_value == 7
    [event] = again.get_events_by_execution_ids([execution])
    assert (event.artifact_id, event.type) == (made, mlmd.Event.OUTPUT)
    assert again.get_executions_by_id([execution])[0].type == "Trainer"


def test_a_store_is_where_its_url_or_reference_says(monkeypatch, mariadb):
    monkeypatch.setenv("FAIRSILO_STORE", mariadb.database())
    config = metadata.connection("env:FAIRSILO_STORE").mysql
    assert (config.host, config.port) == ("127.0.0.1", mariadb.port)
    assert (config.user, config.password) == ("fairsilo", mariadb.password)
    config = metadata.connection("mysql+pymysql://u:p%40%2F@db/fairsilo").mysql
    assert (config.port, config.password) == (3306, "p@/")
    assert not config.HasField("ssl_options")


def test_processes_that_find_an_empty_database_at_once_make_its_tables(store_url):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WAIT, store_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout.read(5) == b"ready", process.stderr.read()
    for process in started:
        process.stdin.write(b"!")
        process.stdin.flush()
    told = [process.communicate(timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0] * 3, told
    put_run(metadata_store.MetadataStore(metadata.connection(store_url)))


def test_a_server_that_comes_back_is_waited_for(mariadb):
    url = mariadb.database()
    metadata.wait(url, 60, silent)
    said: list[str] = []
    mariadb.stop()
    waiting = threading.Thread(target=metadata.wait, args=(url, 60, said.append))
    waiting.start()
    wait_until(lambda: bool(said))
    assert waiting.is_alive()
    mariadb.start()
    waiting.join(60)
    first, last = said
    assert first.startswith(f"the store at 127.0.0.1:{mariadb.port}: no answer (")
    assert first.endswith("): waiting up to 60 s")
    assert last.startswith("the store answers, after ")
    put_run(metadata_store.MetadataStore(metadata.connection(url)))


def test_a_server_that_stays_away_ends_the_wait_with_the_way_out(mariadb):
    url = mariadb.database()
    mariadb.stop()
    try:
        with pytest.raises(FairSiloError) as caught:
            metadata.wait(url, 0.7, lambda _: None)
    finally:
        mariadb.start()
    assert caught.value.message.startswith(f"the store at 127.0.0.1:{mariadb.port}: no")
    assert caught.value.message.endswith(", waited 0.7 s")
    assert caught.value.hint == (
        "check that the database runs and can be reached from here; then retry the step"
    )
    assert mariadb.password not in repr(caught.value)


def test_a_wrong_password_ends_the_wait_at_once(mariadb):
    url = mariadb.url("fairsilo_x", password=WRONG)
    with pytest.raises(SettingsError, match="refuses user `fairsilo` or the") as caught:
        metadata.wait(url, 600, silent)
    assert WRONG not in f"{caught.value} {caught.value!r}"


def test_a_database_with_a_part_of_the_tables_is_explained(mariadb):
    url = mariadb.database()
    database = url.rpartition("/")[2]
    metadata.wait(url, 60, silent)
    mariadb.admin(f"DROP TABLE {database}.MLMDEnv, {database}.Event")
    with pytest.raises(FairSiloError, match="only a part of ML Metadata's") as caught:
        metadata.wait(url, 60, silent)
    assert "and drop ML Metadata's tables there" in caught.value.hint


def test_a_server_that_ml_metadata_cannot_use_is_told_apart_from_one_that_is_down(
    mariadb,
):
    database = mariadb.database().rpartition("/")[2]
    mariadb.admin(
        "CREATE USER secure@'127.0.0.1' IDENTIFIED VIA mysql_native_password "
        f"USING PASSWORD('{WRONG}') REQUIRE SSL",
        f"GRANT ALL ON {database}.* TO secure@'127.0.0.1'",
    )
    url = mariadb.url(database, username="secure", password=WRONG)
    with pytest.raises(FairSiloError) as caught:
        metadata.wait(url, 60, silent)
    assert "it lets us in, but ML Metadata can't use it" in caught.value.message
    assert "mysql_native_password" in caught.value.hint
    assert "add ?ssl_ca=FILE to the URL" in caught.value.hint

    with_tls = f"{url}?ssl_ca={mariadb.certificate}"
    metadata.wait(with_tls, 60, silent)
    put_run(metadata_store.MetadataStore(metadata.connection(with_tls)))


def test_another_step_that_makes_the_tables_is_waited_for(mariadb, monkeypatch):
    url = mariadb.database()
    database = url.rpartition("/")[2]
    said: list[str] = []
    with Store(url, sa.MetaData()).begin() as session:
        lock = sa.func.get_lock(f"fairsilo mlmd {database}", 0)
        assert session.scalar(sa.select(lock)) == 1
        with monkeypatch.context() as at_once:
            at_once.setattr(metadata, "LOCK_TIMEOUT_S", 0)
            with pytest.raises(FairSiloError, match="another step has been making ML"):
                metadata.wait(url, 0, silent)
        waiting = threading.Thread(target=metadata.wait, args=(url, 60, said.append))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert mariadb.admin(f"SHOW TABLES IN {database}") == []
    waiting.join(60)
    assert mariadb.admin(f"SHOW TABLES IN {database}")
    assert said == []


def test_a_file_that_cannot_be_used_is_named(tmp_path):
    with pytest.raises(FairSiloError) as caught:
        metadata.wait(f"sqlite:///{tmp_path}", 60, silent)
    assert caught.value.message.startswith(
        f"the store at {tmp_path}: ML Metadata can't use it: Cannot connect sqlite3"
    )
    assert "expected a file that can be written to" in caught.value.hint
