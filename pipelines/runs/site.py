"""Builds the site of a use case's runs into a folder, for a disk or any web server.

Files of an earlier build are written over and never deleted: the folder may hold
other things, and pages of runs whose artifacts have been cleared away since.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import pathlib
import re
import shutil

from components.dashboard.silo.location import FOLDER
from components.payloads.table import RANKED_BY, MetricKey
from pipelines.runs import comparison, figures, index
from pipelines.runs.figures import Figures
from pipelines.runs.store import RunStore
from pipelines.summary import EVALUATED

MOST_RUNS = 30  # each compared with the one before
ALL_PAIRS = 10  # runs, the newest, of which each is compared with each other
INDEX = "index.html"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def build(runs: RunStore, folder: pathlib.Path) -> pathlib.Path:
    """Build the site of a use case into a folder and return its index."""
    entries = index.entries(runs.summaries())
    evaluated = [e.run.run_id for e in entries if e.run.status in EVALUATED]
    found: dict[str, Figures] = {}  # newest first
    for run_id in reversed(evaluated[-MOST_RUNS:]):
        table = runs.figures(run_id)
        if table is not None:
            found[run_id] = figures.of_table(table)
    pairs = [
        (other, one, f"diff/{folder_name(one)}/{folder_name(other)}.html")
        for (n, other), (m, one) in itertools.combinations(enumerate(found), 2)
        if m == n + 1 or m < ALL_PAIRS
    ]
    for other, one, address in pairs:
        changes = comparison.changes(found[one], found[other])
        html = comparison.render(runs.use_case, one, other, changes)
        _write(folder / address, html)
    before = {other: address for other, _, address in reversed(pairs)}
    written = runs.pages()
    entries = [
        dataclasses.replace(
            entry,
            auc=found.get(entry.run.run_id, {}).get(MetricKey(RANKED_BY)),
            href=_copy_pages(written.get(entry.run.run_id), entry.run.run_id, folder),
            before=before.get(entry.run.run_id, ""),
        )
        for entry in entries
    ]
    return _write(folder / INDEX, index.render(runs.use_case, entries, pairs))


def folder_name(run_id: str) -> str:
    """Return a run's folder: its id where that is plain, else a digest of it."""
    if _PLAIN.fullmatch(run_id):
        return run_id
    return f"run-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"


def _copy_pages(page: pathlib.Path | None, run_id: str, folder: pathlib.Path) -> str:
    """Copy a run's pages and return its page from the index; empty without one."""
    target = folder / "runs" / folder_name(run_id) / INDEX
    if page:
        _copy(page, target)
        for silo_page in sorted((page.parent / FOLDER).glob("*.html")):
            _copy(silo_page, target.parent / FOLDER / silo_page.name)
    return target.relative_to(folder).as_posix() if target.is_file() else ""


def _copy(page: pathlib.Path, target: pathlib.Path) -> None:
    """Copy a page, unless the target holds it already: there may be thousands."""
    here = page.stat()
    if target.is_file():
        there = target.stat()  # a copy keeps the time of its original
        if (here.st_size, here.st_mtime_ns) == (there.st_size, there.st_mtime_ns):
            return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(page, target)


def _write(path: pathlib.Path, html: str) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
    return path
