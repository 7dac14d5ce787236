"""Writes a page: one self-contained HTML file that needs no network.

Every text goes through the template's escaping, data for scripts through JSON
with `<`, `>`, `&` and `'` escaped. The Content-Security-Policy names the digests of the
scripts that are written here, so no injected handler or script runs even where an
escape were forgotten, and it forbids every request.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import pathlib
from collections.abc import Iterable
from typing import Any

import jinja2
import markupsafe

from components.dashboard import formats
from components.dashboard.section import Section

TEMPLATES = pathlib.Path(__file__).parent / "templates"
STYLE = TEMPLATES / "page.css"
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
    css = markupsafe.Markup(STYLE.read_text(encoding="utf-8"))  # noqa: S704  ours
    scripts = _scripts(page) if page.has_scripts else []
    return _template().render(
        page=page,
        data=page.data | ({"tfma": views} if views else {}),
        css=css,
        scripts=scripts,
        policy=policy(scripts, css),
    )


@functools.cache
def _template() -> jinja2.Template:
    return environment().get_template("page.html.j2")


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
    return [inline(text) for text in texts]


def environment(folder: pathlib.Path = TEMPLATES) -> jinja2.Environment:
    """Return the environment of the templates in a folder.

    A name that a template does not know is an error, not an empty text.
    """
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    made.filters |= {"count": formats.count, "metric": formats.metric, "code": code}
    made.policies["json.dumps_kwargs"] = {
        "sort_keys": False,
        "separators": (",", ":"),
        "allow_nan": False,
        "ensure_ascii": False,
    }
    return made


def code(sentence: str) -> markupsafe.Markup:
    """Return a sentence as HTML, with what stands in backticks as code."""
    parts = sentence.split("`")
    if len(parts) % 2 == 0:  # a backtick without its other half is only a character
        return markupsafe.escape(sentence)
    return markupsafe.Markup("").join(
        markupsafe.Markup("<code>{}</code>").format(part) if index % 2 else part
        for index, part in enumerate(parts)
    )


def inline(script: str) -> markupsafe.Markup:
    """Return JavaScript that can't end its `<script>` element early.

    Both replacements mean the same inside a string or a regular expression, the
    only places where these characters occur in valid JavaScript.
    """
    safe = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return markupsafe.Markup(safe.replace("\r\n", "\n"))  # noqa: S704  code, not data


def policy(scripts: Iterable[str], style: str = "") -> str:
    """Return the Content-Security-Policy under which only these scripts run.

    Args:
        scripts: What stands in each `<script>`.
        style: The style sheet of a page without a script: the only one that it has.
            Charts and TFMA's elements write styles of their own.
    """
    rules = {"default-src": "'none'"}
    if sources := " ".join(map(_digest, scripts)):
        rules |= {"script-src": sources, "style-src": "'unsafe-inline'"}
        rules |= {"img-src": "data:", "font-src": "data:"}
    else:
        rules["style-src"] = _digest(style)
    rules |= {"base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _digest(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
