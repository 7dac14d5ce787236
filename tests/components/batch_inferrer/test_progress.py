import io
import socket
import urllib.request

import pytest
from rich.console import Console

from components.batch_inferrer import progress, records
from components.batch_inferrer.progress import Watch
from components.batch_inferrer.records import Reader, Work, Writer
from components.batch_inferrer.scoring import Outcome
from components.batch_inferrer.settings import InferenceSettings
from tests.components.batch_inferrer.cases import items_of


@pytest.fixture
def work(federate, model) -> Work:
    items = items_of(federate(), model.job())
    return Work(model.job(), tuple(items), InferenceSettings())


@pytest.fixture
def folder(tmp_path):
    """Return a folder of records: of three items one is done and one failed."""
    (tmp_path / records.RECORDS).mkdir()
    writer = Writer(tmp_path, "one")
    writer.done(0, Outcome())  # of 7 rows
    writer.done(2, Outcome(failure="no file"))  # of 90
    return tmp_path


def test_the_log_tells_rows_speed_time_left_and_failed_items(
    work, folder, caplog, monkeypatch
):
    monkeypatch.setattr(progress, "LOG_S", 0.0)
    caplog.set_level("INFO")
    watch = Watch(work, Reader(folder), Console(file=io.StringIO()))
    watch.poll()
    (line,) = caplog.messages
    done, speed, left, failed = line.split("  ")
    assert (done, failed) == ("97 of 597 rows", "1 items failed")
    assert speed.endswith(" rows/s")
    assert left.endswith(" left")


def test_rows_that_an_earlier_run_scored_make_no_speed(work, folder, caplog):
    Writer(folder, "two").done(1, Outcome(resumed=True))
    (folder / records.RECORDS / "one.jsonl").unlink()
    screen = io.StringIO()
    watch = Watch(work, Reader(folder), terminal_of(screen))
    with watch.shown():
        watch.poll()
    shown = screen.getvalue()
    assert "500 of 597 rows  0 rows/s" in shown
    assert not caplog.messages, "a terminal has its bar"


def terminal_of(file: io.StringIO) -> Console:
    return Console(file=file, force_terminal=True, width=120)


def test_prometheus_reads_the_same_over_http(work, folder):
    for _ in range(5):  # the port may be taken in between
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = InferenceSettings(metrics_port=port)
        own = Work(work.job, work.items, settings)
        watch = Watch(own, Reader(folder), Console(file=io.StringIO()))
        watch.poll()
        try:
            url = f"http://127.0.0.1:{port}/metrics"
            with watch.shown(), urllib.request.urlopen(url) as got:
                text = got.read().decode()
            break
        except OSError:
            continue
    values = dict(
        line.split() for line in text.splitlines() if not line.startswith("#")
    )
    assert float(values["fairsilo_inference_rows"]) == 597
    assert float(values["fairsilo_inference_rows_done"]) == 97
    assert float(values["fairsilo_inference_items_failed"]) == 1
    assert float(values["fairsilo_inference_rows_per_second"]) > 0
    assert float(values["fairsilo_inference_seconds_left"]) > 0


def test_a_file_of_records_stands_still_until_it_grows(work, folder):
    reader = Reader(folder)
    watch = Watch(work, reader, Console(file=io.StringIO()))
    watch.poll()
    assert not watch.stands_still("one", since=0.0, limit_s=float("inf"))
    assert watch.stands_still("one", since=0.0, limit_s=-1.0)
    assert watch.stands_still("never begun", since=0.0, limit_s=0.1)
    Writer(folder, "one").began(1)
    watch.poll()
    assert not watch.stands_still("one", since=0.0, limit_s=60.0)
    watch.stands_still("two", since=0.0, limit_s=60.0)
