"""Flink's client and workers, over Beam's own job service and pool of workers."""

import concurrent.futures
import dataclasses
import http.server
import json
import re
import tempfile
import threading
import zipfile
from typing import ClassVar

import pytest

from components.batch_inferrer import beam_steps, engines, flink
from components.batch_inferrer.plan import plan
from components.batch_inferrer.pods import NO_PODS
from components.batch_inferrer.records import Work
from components.batch_inferrer.settings import FlinkSettings, InferenceSettings
from components.errors import FairSiloError
from tests.components.batch_inferrer.cases import by_base, written
from tests.support import beam_cluster
from tests.support.program import wait_until

pytestmark = pytest.mark.beam


@pytest.fixture(scope="module")
def cluster():
    with beam_cluster.running() as found:
        yield found


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(flink, "RETRY_S", 0.5)


def work_of(manifest, model, **settings):
    chosen = InferenceSettings(rows_per_item=100, **settings)
    job = dataclasses.replace(model.job(), scored_at=1.8e9)
    plans = plan(manifest, by_base(model.digest), job, chosen)
    return Work(job, tuple(item for one in plans for item in one.items), chosen)


def run(work, folder):
    folder.mkdir(exist_ok=True)
    return engines.run(work, folder, NO_PODS)


@pytest.mark.slow
def test_frozen_and_killed_workers_cost_time_but_no_row_is_lost_or_doubled(
    cluster, federate, model, tmp_path, caplog
):
    here, there = (federate(root=name) for name in ("here", "there"))
    run(work_of(here, model), tmp_path / "local")
    folder = tmp_path / "flink"
    settings = {"engine": "flink", "flink": cluster.settings, "retries": 0}
    with concurrent.futures.ThreadPoolExecutor() as threads:
        work = work_of(there, model, **settings, stall_minutes=1 / 30)
        running = threads.submit(run, work, folder)
        wait_until(cluster.freeze_workers)
        with pytest.raises(FairSiloError) as caught:
            running.result(timeout=120)
        found = "flink: no item ended for 0.0333333 minutes, and no item was scored"
        assert caught.value.message == found
        cluster.kill_pool()

        work = work_of(there, model, **(settings | {"retries": 20}))
        beam_steps.run(work.numbered([2]), work.job, tmp_path / "earlier")
        running = threads.submit(run, work, folder)
        wait_until(lambda: running.done() or "flink: job failed" in caplog.text)
        cluster.start_pool()
        outcomes = running.result(timeout=300)
    assert "flink: job failed: RuntimeError" in caplog.text
    assert [one.failure for one in outcomes] == [""] * len(work.items)
    assert outcomes[2].resumed
    assert written(there) == written(here)


class Flink(http.server.BaseHTTPRequestHandler):
    """What Flink's REST service answers about a job that ends when it is cancelled."""

    asked: ClassVar[list[str]] = []
    jar = b""

    def do_GET(self):
        cancelled = any(one.startswith("PATCH") for one in Flink.asked)
        status = "COMPLETED" if cancelled else "IN_PROGRESS"
        found = {"state": "CANCELED", "all-exceptions": []}
        self.answer({"status": {"id": status}, **found})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/jars/upload":
            Flink.jar = body[body.index(b"PK") :]
            self.answer({"filename": "web/1_beam.jar"})
        else:
            self.answer({"jobid": "j0b"})

    def do_PATCH(self):
        self.answer({}, 202)

    def do_DELETE(self):
        self.answer({})

    def answer(self, found, status=200):
        Flink.asked.append(f"{self.command} {self.path}")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def rest():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Flink) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        for one in threading.enumerate():  # Beam's, which ask until the job has ended
            if "(score)" in one.name or one.name.startswith("wait_until_finish"):
                one.join(60)
        server.shutdown()
        thread.join()


def test_flink_gets_the_job_in_a_jar_without_java_and_a_standing_one_is_cancelled(
    rest, federate, model, tmp_path, monkeypatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # Beam leaves a folder
    jar = tmp_path / "beam.jar"
    zipfile.ZipFile(jar, "w").close()
    work = work_of(
        federate(),
        model,
        engine="flink",
        shards=3,
        flink=FlinkSettings(master=rest, job_server_jar=str(jar)),
        retries=0,
        stall_minutes=0.03,
    )
    with pytest.raises(FairSiloError, match=r"no item ended for 0\.03 minutes"):
        run(work, tmp_path / "flink")
    assert "POST /v1/jars/1_beam.jar/run" in Flink.asked
    assert "PATCH /v1/jobs/j0b?mode=cancel" in Flink.asked
    (tmp_path / "sent.jar").write_bytes(Flink.jar)
    with zipfile.ZipFile(tmp_path / "sent.jar") as sent:
        folder = "BEAM-PIPELINE/pipeline"
        options = json.loads(sent.read(f"{folder}/pipeline-options.json"))
        pipeline = json.loads(sent.read(f"{folder}/pipeline.json"))
        assert not any("/artifacts/" in name for name in sent.namelist())
    assert options["beam:option:parallelism:v1"] == "3"
    assert options["beam:option:flink_master:v1"] == "[auto]"
    environments = pipeline["components"]["environments"].values()
    assert {one["urn"] for one in environments} >= {"beam:env:external:v1"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"job_server_jar": "/not/there.jar"},
            r"inference\.flink\.job_server_jar: found no file /not/there\.jar, "
            r"expected a jar\n\nhint: put Maven's org\.apache\.beam:beam-runners-"
            r"flink-1\.19-job-server:2\.[0-9.]+ there \(docs/flink\.md\)",
        ),
        (
            {"job_server_jar": __file__, "master": "127.0.0.1:9"},
            r"inference\.flink\.master: found nobody at 127\.0\.0\.1:9, expected",
        ),
        (
            {"job_endpoint": "127.0.0.1:port"},
            r"inference\.flink\.job_endpoint: found nobody at 127\.0\.0\.1:port, ",
        ),
    ],
)
def test_what_cannot_begin_is_refused_before_anything_is_started(
    federate, model, tmp_path, settings, sentence
):
    work = work_of(federate(), model, engine="flink", flink=FlinkSettings(**settings))
    with pytest.raises(FairSiloError) as caught:
        run(work, tmp_path / "flink")
    assert re.match(sentence, str(caught.value))
    assert not any((tmp_path / "flink").iterdir())
