"""The site's own pages as HTML: self-contained, under a policy that forbids network.

They take the run page's style, number formats and table script, and the plotting
library that it inlines (`components/dashboard`); only what differs stands here.
"""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from components.dashboard import templating
from components.dashboard.scripts import PLOTTING, TABLES, of_texts

TEMPLATES = pathlib.Path(__file__).parent / "templates"


def interactive(script: str) -> list[pathlib.Path]:
    """Return the scripts of a page with charts and tables, ours last.

    Args:
        script: Its name in `templates/`.
    """
    return [*PLOTTING, TABLES, TEMPLATES / script]


def render(
    template: str,
    scripts: Sequence[pathlib.Path] = (),
    data: object = None,
    **context: object,
) -> str:
    """Return a page of the site; the same arguments give the same bytes.

    Args:
        template: Its name in `templates/`.
        scripts: Files of JavaScript, in the order in which they run.
        data: For the scripts, as JSON in the element `data`; None for none.
        context: What the template names besides.
    """
    texts = (path.read_text(encoding="utf-8") for path in scripts)
    return (
        templating.environment(TEMPLATES)
        .get_template(template)
        .render(
            css=templating.styles(templating.STYLE, TEMPLATES / "site.css"),
            scripts=of_texts(texts),
            data=data,
            **context,
        )
    )
