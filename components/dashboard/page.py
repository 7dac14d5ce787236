"""Writes a page: one self-contained HTML file that needs no network.

Every text goes through the template's escaping, data for scripts through JSON
with `<`, `>`, `&` and `'` escaped; `templating.py` says what may run.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import Any

import jinja2
import markupsafe

from components.dashboard import templating
from components.dashboard.section import Section
from components.dashboard.templating import TEMPLATES

VENDOR = pathlib.Path(__file__).parent / "vendor"
PLOTTING = (VENDOR / "d3.min.js", VENDOR / "plot.min.js", TEMPLATES / "libraries.js")
CHARTS = [TEMPLATES / name for name in ("data.js", "plots.js", "charts.js")]
TFMA = [
    TEMPLATES / name for name in ("tfma_style.js", "tfma_patches.js", "tfma_view.js")
]


@dataclasses.dataclass(frozen=True)
class Page:
    """What a page shows.

    Attributes:
        title: Of the browser's tab.
        heading: Above everything else.
        sections: Its sections, in order; at least one.
        about: Lines below the heading.
        data: What its charts draw (`chart_data.py`); empty without charts.
        bundle: The JavaScript of TFMA's elements; empty without its views.
        has_scripts: Whether scripts sort its tables and draw its charts. A page
            without any has all rows as HTML.
    """

    title: str
    heading: str
    sections: tuple[Section, ...]
    about: tuple[str, ...] = ()
    data: dict[str, Any] = dataclasses.field(default_factory=dict)
    bundle: str = ""
    has_scripts: bool = True


def render(page: Page) -> str:
    """Return the page as HTML; the same page gives the same bytes."""
    views = [view.properties for it in page.sections for view in it.views()]
    css = templating.styles(templating.STYLE)
    scripts = _scripts(page) if page.has_scripts else []
    return _template().render(
        page=page,
        data=page.data | ({"tfma": views} if views else {}),
        css=css,
        scripts=scripts,
        policy=templating.policy(scripts, css),
    )


@functools.cache
def _template() -> jinja2.Template:
    return templating.environment(TEMPLATES).get_template("page.html.j2")


def _scripts(page: Page) -> list[markupsafe.Markup]:
    """Return the scripts that a page needs, libraries first."""
    has_charts = any(it.charts() for it in page.sections)
    files = [*PLOTTING] if has_charts or page.bundle else []
    files += [TEMPLATES / "page.js", *(CHARTS if has_charts else ())]
    texts = [path.read_text(encoding="utf-8") for path in files]
    if page.bundle:
        texts.append(page.bundle)
        texts += [path.read_text(encoding="utf-8") for path in TFMA]
    texts.append("performance.mark('interactive');")  # the end of what starts the page
    return [templating.inline(text) for text in texts]
