"""One page for a step that runs several nodes: Kubeflow shows one page a step.

Each node's page stays a document of its own, in a frame that can be opened and closed.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ margin: 0; color: #111; background: #fff; font: 1rem/1.5 sans-serif }}
summary {{ padding: .5rem 1rem; font-weight: 600; cursor: pointer; background: #eee }}
iframe {{ display: block; width: 100%; height: 85vh; border: 0 }}
</style>
</head>
<body>
<main>
{sections}
</main>
</body>
</html>
"""
_SECTION = """<details{opened}>
<summary>{title}</summary>
<iframe title="{title}" sandbox="allow-scripts" srcdoc="{page}"></iframe>
</details>"""


def join(title: str, pages: Sequence[tuple[str, str]]) -> str:
    """Return one HTML page that holds others; a page that is alone stays as it is.

    Args:
        title: The page's title.
        pages: Title and HTML of each, in the order of showing; the first is open.
    """
    if len(pages) == 1:
        return pages[0][1]
    sections = [
        _SECTION.format(
            opened=" open" if number == 0 else "",
            title=html.escape(name),
            page=html.escape(page),
        )
        for number, (name, page) in enumerate(pages)
    ]
    return _PAGE.format(title=html.escape(title), sections="\n".join(sections))
