"""The site's pages as HTML: self-contained, under a policy that forbids network.

Style, number formats and table script are the run page's (`components/dashboard`).
"""

from __future__ import annotations

import pathlib

from components.dashboard import templating

TEMPLATES = pathlib.Path(__file__).parent / "templates"
TABLES = templating.TEMPLATES / "page.js"


def render(template: str, **context: object) -> str:
    """Return a page of the site; the same arguments give the same bytes.

    Args:
        template: Its name in `templates/`.
        context: What the template names.
    """
    scripts = [templating.inline(TABLES.read_text(encoding="utf-8"))]
    environment = templating.environment(TEMPLATES)
    environment.filters["change"] = change
    return environment.get_template(template).render(
        css=templating.styles(templating.STYLE, TEMPLATES / "site.css"),
        scripts=scripts,
        policy=templating.policy(scripts),
        **context,
    )


def change(value: float, digits: int) -> str:
    """Return a change with its sign, of one digit more than its figures have."""
    return f"{value:+.{max(digits, 4)}f}"
