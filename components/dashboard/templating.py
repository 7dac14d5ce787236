"""How pages are written: escaped texts, data that ends no script, scripts by digest.

The Content-Security-Policy names the digests of the scripts that are written here,
so no injected handler or script runs even where an escape were forgotten, and it
forbids every request.
"""

from __future__ import annotations

import base64
import hashlib
import pathlib
from collections.abc import Iterable

import jinja2
import markupsafe

from components.dashboard import formats

TEMPLATES = pathlib.Path(__file__).parent / "templates"  # what all pages share
STYLE = TEMPLATES / "page.css"


def environment(folder: pathlib.Path) -> jinja2.Environment:
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


def styles(*paths: pathlib.Path) -> markupsafe.Markup:
    """Return style sheets of ours, one after the other, as they are."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    return markupsafe.Markup(text)  # noqa: S704  files of ours


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
