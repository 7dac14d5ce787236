"""What of a run can be had from outside the cluster, written into a folder.

The API server hands out logs, and nothing of what steps show in the UI: those pages lie
in the server's object store at addresses that only its metadata knows. The summary
comes from the run store; the pages come from the volume, where that is mounted here.
"""

from __future__ import annotations

import json
import pathlib
import shutil
from typing import Any

from pipelines.kubeflow import logs, versions
from pipelines.kubeflow.connection import Connection
from pipelines.kubeflow.errors import KubeflowError

PAGE = "page.html"
SUMMARY = "summary.json"
RUN = "run.json"
LOGS = "logs"


def download(
    connection: Connection,
    run: Any,  # noqa: ANN401  a V2beta1Run
    folder: pathlib.Path,
) -> tuple[list[pathlib.Path], list[str]]:
    """Write the run as the server tells it, and its steps' logs.

    Args:
        connection: The server.
        run: The run.
        folder: Where to write.

    Returns:
        The files, and a sentence for each log that is not to be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = connection.plain(run)
    told.pop("pipeline_spec", None)
    written = [folder / RUN]
    written[0].write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    missing = []
    content = versions.package_of(connection, run)
    for step in content.steps:
        try:
            log = b"".join(logs.read(connection, run, step))
        except KubeflowError as error:
            missing.append(error.message)
            continue
        path = folder / LOGS / f"{step.task}.log"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(log)
        written.append(path)
    return written, missing


def from_store(
    url: str, use_case: str, run_id: str, folder: pathlib.Path
) -> tuple[list[pathlib.Path], list[str]]:
    """Write a run's summary from the run store, and its pages where they can be read.

    Args:
        url: The store's address, or a reference to it (`components/store_url.py`).
        use_case: Name of the use case.
        run_id: The run.
        folder: Where to write.

    Returns:
        The files, and the folder of the silos' pages; and a sentence where the pages
        can't be read here.
    """
    from components.dashboard.silo.location import FOLDER
    from pipelines.runs.store import RunStore

    store = RunStore(url, use_case)
    folder.mkdir(parents=True, exist_ok=True)
    page, summary = store.pages().get(run_id), store.summary(run_id)
    written = []
    if page:
        written.append(pathlib.Path(shutil.copyfile(page, folder / PAGE)))
    if page and (page.parent / FOLDER).is_dir():
        copy = shutil.copytree(
            page.parent / FOLDER, folder / FOLDER, dirs_exist_ok=True
        )
        written.append(copy)
    if summary is not None:
        written.append(folder / SUMMARY)
        written[-1].write_text(summary.to_json() + "\n", encoding="utf-8")
    missing = [] if page else [f"pages: run {run_id} left none that can be read here"]
    return written, missing
