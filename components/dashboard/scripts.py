"""The scripts that pages inline: each runs by its digest, and nothing else does.

The Content-Security-Policy names the digests of the scripts that are written here,
so no injected handler or script runs even where an escape were forgotten, and it
forbids every request.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import pathlib
from collections.abc import Iterable

import markupsafe

from components.dashboard.templating import TEMPLATES

VENDOR = pathlib.Path(__file__).parent / "vendor"
PLOTTING = (VENDOR / "d3.min.js", VENDOR / "plot.min.js", TEMPLATES / "libraries.js")
TABLES = TEMPLATES / "page.js"


@dataclasses.dataclass(frozen=True)
class Scripts:
    """The page's scripts, ready to stand in `<script>`, in their order.

    Attributes:
        inlined: The scripts.
        style: The page's style sheet where it holds no script: then it is the only
            one. Charts and TFMA's elements write styles of their own.
    """

    inlined: tuple[markupsafe.Markup, ...]
    style: str = ""

    @property
    def policy(self) -> str:
        """The Content-Security-Policy under which only these scripts run."""
        if not self.inlined:
            return (
                f"default-src 'none'; style-src 'sha256-{_digest(self.style)}'; "
                "base-uri 'none'; form-action 'none'"
            )
        sources = " ".join(f"'sha256-{_digest(script)}'" for script in self.inlined)
        return (
            f"default-src 'none'; script-src {sources}; "
            "style-src 'unsafe-inline'; img-src data:; font-src data:; "
            "base-uri 'none'; form-action 'none'"
        )


def of_texts(texts: Iterable[str]) -> Scripts:
    """Return scripts, given as JavaScript in the order in which they run."""
    return Scripts(tuple(inline(text) for text in texts))


def inline(script: str) -> markupsafe.Markup:
    """Return JavaScript that can't end its `<script>` element early.

    Both replacements mean the same inside a string or a regular expression, the
    only places where these characters occur in valid JavaScript.
    """
    safe = script.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return markupsafe.Markup(safe.replace("\r\n", "\n"))  # noqa: S704  code, not data


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
