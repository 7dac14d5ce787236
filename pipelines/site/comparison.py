"""The site's page that compares any two of the latest runs, in the browser."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.site import packing, pages
from pipelines.site.figures import Figures
from pipelines.site.index import word
from pipelines.site.trends import Entry

MOST_RUNS = 30
# With the plotting library, the style and the scripts the page stays below 8 MB.
MAX_BYTES = 7_000_000
_NAMED = 5


def render(
    use_case: str,
    runs: Sequence[tuple[Entry, Figures]],
    gone: Sequence[str],
    max_bytes: int = MAX_BYTES,
) -> tuple[str, list[str]]:
    """Return the page as HTML, and the runs that it holds, newest first.

    Args:
        use_case: Name of the use case.
        runs: Up to `MOST_RUNS` runs with their figures, newest first.
        gone: Evaluated runs whose figures are gone.
        max_bytes: What the figures may take; unit: bytes.
    """
    packed = packing.pack([figures for _, figures in runs], max_bytes)
    held = [entry for entry, _ in runs[: packed.num_runs]]
    notes = [*_left_out(use_case, len(held), len(runs)), *_gone(gone)]
    data = None
    if len(held) > 1:
        told = [{"id": entry.run_id, "word": word(entry).text} for entry in held]
        data = {"runs": told, **packed.data}
    html = pages.render(
        "diff.html.j2",
        scripts=pages.interactive("diff.js") if data else [],
        data=data,
        use_case=use_case,
        notes=notes,
    )
    return html, [entry.run_id for entry in held]


def _left_out(use_case: str, held: int, found: int) -> list[str]:
    command = f"fairsilo report diff {use_case} RUN_A RUN_B compares any two"
    if held < found:
        return [
            f"Of the last {found} runs with figures, the last {held} fit into this "
            f"page; {command}."
        ]
    if found == MOST_RUNS:
        return [f"This page holds the last {found} runs with figures; {command}."]
    return []


def _gone(gone: Sequence[str]) -> list[str]:
    if not gone:
        return []
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    return [f"No figures are left of {', '.join(gone[:_NAMED])}{more}."]
