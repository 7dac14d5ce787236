"""Builds the site into a folder, which works from disk and from any web server.

Files of an earlier build are written over and never deleted: the folder may hold
other things, and pages of runs whose artifacts have been cleared away since.
"""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
import re
from collections.abc import Sequence

from components.dashboard.silo.page import FOLDER
from pipelines import summary
from pipelines.past_runs.runs import PastRuns
from pipelines.site import comparison, figures, index, trends
from pipelines.site.figures import Figures, Question, Subject
from pipelines.site.trends import Entry
from pipelines.summary import Summary

RUNS = "runs"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_EVALUATED = {summary.BLESSED, summary.INCOMPLETE, summary.NOT_BLESSED}
# The run page's list of contents, where a way back to the index fits.
_CONTENTS = re.compile(rb'<nav aria-label="Contents">\s*<ol>')
_WAY_BACK = b'\n<li><a href="../../index.html">All runs</a></li>'


def build(runs: PastRuns, folder: pathlib.Path) -> pathlib.Path:
    """Build the site of a use case.

    Args:
        runs: Its runs.
        folder: Where to write; made where it is missing.

    Returns:
        The index.
    """
    summaries = runs.summaries()
    hrefs = {}
    for told in summaries:
        href = _copy_run(runs, told, folder)
        if href:
            hrefs[told["run_id"]] = href
    found, gone = _figures(runs, summaries)
    entries = [
        _with_interval(entry, found.get(entry.run_id))
        for entry in trends.entries(summaries)
    ]
    compared = [
        (entry, found[entry.run_id])
        for entry in reversed(entries)
        if entry.run_id in found
    ]
    diff, held = comparison.render(runs.use_case, compared, gone)
    _write(folder / index.DIFF_FILE_NAME, diff.encode())
    html = index.render(runs.use_case, entries, hrefs, held)
    return _write(folder / index.FILE_NAME, html.encode())


def _copy_run(runs: PastRuns, told: Summary, folder: pathlib.Path) -> str:
    """Copy a run's pages and return its page from the index; empty without one."""
    name = folder_name(told["run_id"])
    target = folder / RUNS / name / index.FILE_NAME
    page = runs.page(told)
    if page is not None:
        html = _CONTENTS.sub(lambda found: found[0] + _WAY_BACK, page.read(), 1)
        _write(target, html)
        for file_name, silo_page in runs.silo_pages(told):
            silo_page.write(target.parent / FOLDER / file_name)
    return f"{RUNS}/{name}/{index.FILE_NAME}" if target.is_file() else ""


def folder_name(run_id: str) -> str:
    """Return a run's folder: its id where that is plain, else a digest of it."""
    if _PLAIN.fullmatch(run_id):
        return run_id
    return f"run-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"


def _figures(
    runs: PastRuns, summaries: Sequence[Summary]
) -> tuple[dict[str, Figures], list[str]]:
    """Return the figures of the latest runs, and the runs whose figures are gone."""
    found: dict[str, Figures] = {}
    gone = []
    for told in reversed(summaries):
        if told["status"] not in _EVALUATED:
            continue  # it was never evaluated
        if len(found) == comparison.MOST_RUNS:
            break
        table = runs.figures(told)
        if table is None:
            gone.append(told["run_id"])
        else:
            found[told["run_id"]] = figures.of_table(table)
    return found, gone


def _with_interval(entry: Entry, found: Figures | None) -> Entry:
    auc = (found or {}).get((Subject(), Question("auc")))
    if auc is None:
        return entry
    return dataclasses.replace(entry, auc_low=auc.low, auc_high=auc.high)


def _write(path: pathlib.Path, content: bytes) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
