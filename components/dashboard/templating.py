"""How pages are written: Jinja with all texts escaped, and JSON that ends no script."""

from __future__ import annotations

import pathlib

import jinja2

from components.dashboard import formats


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
    made.filters |= formats.FILTERS
    made.policies["json.dumps_kwargs"] = {
        "sort_keys": False,
        "separators": (",", ":"),
        "allow_nan": False,
        "ensure_ascii": False,
    }
    return made
