"""The page of one silo: for its owner, who sees no other silo's name or figure.

The page is plain HTML: no script, nothing loaded, inert whatever a name holds.
"""

from __future__ import annotations

import pathlib

from components.dashboard import page
from components.dashboard.page import Page
from components.dashboard.report import Report
from components.dashboard.silo import content, sections
from components.dashboard.silo.location import FOLDER, file_name


def write(report: Report, folder: str | pathlib.Path) -> None:
    """Write a page for each silo, `silos/<file_name(silo)>` below a folder.

    The pages hold nothing of each other: whoever serves them decides who may read
    which.

    Args:
        report: The run.
        folder: The folder in which the run's own page lies.
    """
    below = pathlib.Path(folder, FOLDER)
    below.mkdir(parents=True, exist_ok=True)
    span = f", span {report.about.span}" if report.about.span else ""
    for one in content.pages(report):
        html = page.render(
            Page(
                title=f"{one.silo}: {report.about.use_case}{span}",
                heading=one.silo,
                sections=sections.sections(report, one),
                about=(
                    "For the owner of this silo.",
                    f"{report.about.use_case}{span}. No other silo's name or figure "
                    "is on this page, and none of yours is on theirs.",
                ),
                has_scripts=False,
            )
        )
        (below / file_name(one.silo)).write_text(html, encoding="utf-8")
