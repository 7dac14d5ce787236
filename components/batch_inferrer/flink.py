"""Scores a run's items on Flink, by Beam's portable runner.

The records tell what came of the items, since Beam's client waits for ever where a
worker is frozen. A job that fails or stands still is started anew with what is left.
Flink repeats items when it loses a task manager; files that are there stay.
"""

from __future__ import annotations

import contextlib
import logging
import pathlib
import socket
import threading
import time
import urllib.request

from apache_beam import version
from apache_beam.options.pipeline_options import FlinkRunnerOptions
from apache_beam.runners.runner import PipelineResult

from components.batch_inferrer import beam_steps
from components.batch_inferrer.progress import Watch
from components.batch_inferrer.records import Work
from components.batch_inferrer.settings import FlinkSettings, InferenceSettings
from components.errors import FairSiloError

logger = logging.getLogger(__name__)

ANSWER_S = 10.0
RETRY_S = 20.0  # for each failure in a row: a job manager's pod may be on its way
FLAGS = (
    "--environment_type=EXTERNAL",
    "--job_name=fairsilo-inference",
    "--job_server_timeout=86400",  # Beam's minute would end jobs that are well
    "--experiments=disable_logging_submission_environment",  # which needs pip
)


def run(work: Work, folder: pathlib.Path, watch: Watch) -> dict[int, str]:
    """Run jobs until no more outcomes come; return why items have none, by number.

    Raises:
        FairSiloError: No item can be scored, or a fault that none is to blame for.
    """
    _flags(work.settings)  # refuses at once what can't begin
    outcomes, failures, found = watch.reader.outcomes, 0, ""
    every, most = range(len(work.items)), work.settings.retries
    while failures <= most and (left := [n for n in every if n not in outcomes]):
        time.sleep(RETRY_S * failures)
        found = _attempt(work, left, folder, watch)
        failures = 1 if outcomes.keys() & {*left} else failures + 1
        if not outcomes.keys() >= {*left}:
            logger.warning("flink: %s", found)
    if not outcomes:
        hint = "read the job's exceptions on Flink's page, and the log of the workers"
        raise FairSiloError(f"flink: {found}, and no item was scored", hint)
    return dict.fromkeys(left, found)


def _flags(settings: InferenceSettings) -> list[str]:
    """Return Beam's flags for the cluster, if it answers: Beam would wait for a day."""
    flink, name = settings.flink, "job_endpoint"
    runner = ["--runner=PortableRunner", f"--job_endpoint={flink.job_endpoint}"]
    if not flink.job_endpoint:
        name, jar = "master", flink.job_server_jar
        runner = ["--runner=FlinkRunner", f"--flink_master={flink.master}"]
        runner += ["--flink_submit_uber_jar", f"--flink_job_server_jar={jar}"]
        if not pathlib.Path(jar).is_file():
            newest = FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS[-1]
            artifact = f"beam-runners-flink-{newest}-job-server:{version.__version__}"
            raise FairSiloError(
                f"inference.flink.job_server_jar: found no file {jar}, expected a jar",
                f"put Maven's org.apache.beam:{artifact} there (docs/flink.md)",
            )
    host, _, port = getattr(flink, name).rpartition(":")
    try:
        socket.create_connection((host, int(port)), ANSWER_S).close()
    except (OSError, ValueError, OverflowError):
        found = f"found nobody at {host}:{port}, expected the cluster"
        hint = "start it (docs/flink.md), or correct the address"
        raise FairSiloError(f"inference.flink.{name}: {found}", hint) from None
    runner += [f"--parallelism={settings.shards}"]
    return [*runner, f"--environment_config={flink.workers}", *FLAGS]


def _attempt(work: Work, left: list[int], folder: pathlib.Path, watch: Watch) -> str:
    """Run one job over some items, and return why it is over."""
    settings, items, jobs = work.settings, work.numbered(left), list[PipelineResult]()
    found = ["the job ended before all items were scored"]

    def score() -> None:
        try:
            jobs.append(beam_steps.start(items, work.job, folder, _flags(settings)))
            jobs[0].wait_until_finish()
        except Exception as error:  # Beam logs what the cluster says
            found.append(
                f"job failed: {getattr(error, 'message', type(error).__name__)}"
            )

    thread, moved, lines = threading.Thread(target=score, daemon=True), 0.0, -1
    thread.start()
    try:
        while thread.is_alive():
            thread.join(0.5)
            watch.poll()
            if lines != watch.reader.lines.total():
                moved, lines = time.monotonic(), watch.reader.lines.total()
            if time.monotonic() - moved > settings.stall_minutes * 60:
                return f"no item ended for {settings.stall_minutes:g} minutes"
        watch.poll()
        return found[-1]
    finally:
        if thread.is_alive() and jobs:
            _cancel(jobs[0], settings.flink)


def _cancel(job: PipelineResult, flink: FlinkSettings) -> None:
    with contextlib.suppress(Exception):  # a job that goes on does no harm
        if flink.job_endpoint:
            job.cancel()
            return
        # Beam 2.65's own `cancel` asks at an address that Flink does not have.
        running = job._job_service._jobs[job._job_id]._flink_job_id
        url = f"http://{flink.master}/v1/jobs/{running}?mode=cancel"
        request = urllib.request.Request(url, method="PATCH")
        urllib.request.urlopen(request, timeout=ANSWER_S).close()  # noqa: S310
