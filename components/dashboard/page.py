"""Writes a page: one self-contained HTML file that needs no network.

Every text goes through the template's escaping, data for scripts through JSON
with `<`, `>`, `&` and `'` escaped; `scripts.py` says what may run.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import Any

import jinja2

from components.dashboard import scripts, templating
from components.dashboard.scripts import PLOTTING, TABLES, Scripts
from components.dashboard.section import Section
from components.dashboard.templating import TEMPLATES

CHARTS = ("data.js", "plots.js", "charts.js", "figures.js")
TFMA = ("tfma_style.js", "tfma_patches.js", "tfma_view.js")


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
    has_charts = any(it.charts() for it in page.sections)
    return _template().render(
        page=page,
        data=page.data | ({"tfma": views} if views else {}),
        css=css,
        scripts=_scripts(has_charts, page.bundle)
        if page.has_scripts
        else Scripts((), css),
    )


@functools.cache
def _template() -> jinja2.Template:
    return templating.environment(TEMPLATES).get_template("page.html.j2")


def _scripts(has_charts: bool, bundle: str) -> Scripts:
    """Return the scripts that a page needs, libraries first."""
    texts = [_text(path) for path in PLOTTING] if has_charts or bundle else []
    texts.append(_text(TABLES))
    if has_charts:
        texts += [_text(TEMPLATES / name) for name in CHARTS]
    if bundle:
        texts += [bundle, *(_text(TEMPLATES / name) for name in TFMA)]
    texts.append(_text(TEMPLATES / "interactive.js"))
    return scripts.of_texts(texts)


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")
