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
from collections.abc import Mapping, Sequence

from components.dashboard.silo.location import FOLDER
from components.payloads.table import RANKED_BY, MetricKey
from pipelines.runs import comparison, figures, index, pages
from pipelines.runs.figures import Figures
from pipelines.runs.index import Entry
from pipelines.runs.store import RunStore
from pipelines.summary import EVALUATED

MOST_RUNS = 30  # each compared with the one before
ALL_PAIRS = 10  # runs, the newest, of which each is compared with each other
INDEX, COMPARISONS = "index.html", "diff.html"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def build(runs: RunStore, folder: pathlib.Path) -> pathlib.Path:
    """Build the site of a use case and return its index.

    Args:
        runs: Its runs.
        folder: Where to write; made where it is missing.
    """
    entries = index.entries(runs.summaries())
    found = _figures(runs, entries)
    written = runs.pages()
    entries = [_linked(entry, written, found, folder) for entry in entries]
    pairs = [
        (one, other)
        for (n, other), (m, one) in itertools.combinations(enumerate(found), 2)
        if m == n + 1 or m < ALL_PAIRS
    ]
    for one, other in pairs:
        html = comparison.render(
            runs.use_case, one, other, comparison.changes(found[one], found[other])
        )
        _write(folder / _address(one, other), html)
    _write(folder / COMPARISONS, _comparisons(runs.use_case, entries, pairs))
    html = index.render(runs.use_case, entries, len(found))
    return _write(folder / INDEX, html)


def folder_name(run_id: str) -> str:
    """Return a run's folder: its id where that is plain, else a digest of it."""
    if _PLAIN.fullmatch(run_id):
        return run_id
    return f"run-{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"


def _address(before: str, after: str) -> str:
    return f"diff/{folder_name(before)}/{folder_name(after)}.html"


def _comparisons(
    use_case: str, entries: Sequence[Entry], pairs: Sequence[tuple[str, str]]
) -> str:
    by_id = {entry.run.run_id: entry for entry in entries}
    with_earlier: dict[str, list[tuple[str, str]]] = {}
    for one, other in pairs:
        with_earlier.setdefault(other, []).append((one, _address(one, other)))
    return pages.render(
        "comparisons.html.j2",
        use_case=use_case,
        runs=[(by_id[run_id], links) for run_id, links in with_earlier.items()],
        most=MOST_RUNS,
        all_pairs=ALL_PAIRS,
    )


def _linked(
    entry: Entry,
    written: Mapping[str, pathlib.Path],
    found: Mapping[str, Figures],
    folder: pathlib.Path,
) -> Entry:
    """Copy a run's pages and return its entry with links and interval."""
    run_id = entry.run.run_id
    before = dict(itertools.pairwise(found)).get(run_id)  # newest first
    auc = found.get(run_id, {}).get(MetricKey(RANKED_BY))
    return dataclasses.replace(
        entry,
        auc_low=auc.low if auc else None,
        auc_high=auc.high if auc else None,
        href=_copy_pages(written.get(run_id), run_id, folder),
        before=_address(before, run_id) if before else "",
    )


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


def _figures(runs: RunStore, entries: Sequence[Entry]) -> dict[str, Figures]:
    """Return the figures of the last evaluated runs, newest first."""
    evaluated = [e.run.run_id for e in entries if e.run.status in EVALUATED]
    found: dict[str, Figures] = {}
    for run_id in reversed(evaluated[-MOST_RUNS:]):
        table = runs.figures(run_id)
        if table is not None:
            found[run_id] = figures.of_table(table)
    return found


def _write(path: pathlib.Path, html: str) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")
    return path
