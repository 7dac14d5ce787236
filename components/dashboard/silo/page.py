"""The page of one silo: for its owner, who sees no other silo's name or figure.

The page is plain HTML: no script, nothing loaded, inert whatever a name holds.
"""

from __future__ import annotations

import pathlib

from components.dashboard import gains, page
from components.dashboard.page import Page
from components.dashboard.report import Report
from components.dashboard.silo import own, sections
from components.dashboard.silo.location import FOLDER, file_name
from components.dashboard.silo.others import MIN_OTHERS, Others
from components.payloads.benefit import SERVED
from components.payloads.manifest import TRAIN


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
    title = report.about.title
    found = (gains.figure(one, SERVED, gains.GAIN) for one in report.benefit.silos)
    judged = {line.member.silo for line in report.judged}
    others = Others([*report.scores, *filter(None, found)], judged)
    with_rows = {it.silo for it in report.cohort.members if it.rows.get(TRAIN)}
    for one in own.reports(report):
        (line,) = one.silos
        silo = line.member.silo
        shows_share = silo in with_rows and len(with_rows) > MIN_OTHERS
        html = page.render(
            Page(
                title=f"{silo}: {title}",
                heading=silo,
                sections=sections.sections(one, others, shows_share),
                about=(
                    "For the owner of this silo.",
                    f"{title}. No other silo's name or figure is on this page, and "
                    "none of yours is on theirs.",
                ),
                has_scripts=False,
            )
        )
        (below / file_name(silo)).write_text(html, encoding="utf-8")
