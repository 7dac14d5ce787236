"""How pages are written: Jinja with all texts escaped, and JSON that ends no script."""

from __future__ import annotations

import pathlib

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
    made.filters |= formats.FILTERS | {"code": code}
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
