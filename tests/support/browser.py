"""A real Chromium without a network, and what it has to say about a page.

Debian's Chromium is driven by Playwright. Where it is not installed, tests that
ask for it are skipped with that reason (`apt-get install chromium`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.benchmarks.chromium import find_chromium

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT_MS = 120_000  # other tests run beside on two cores


@dataclasses.dataclass
class Visit:
    """A page that is open, with what happened since.

    Attributes:
        page: Playwright's page.
        requests: Addresses that it asked for, but for the page itself.
        complaints: Console errors and warnings, exceptions and dialogs.
    """

    page: Any
    requests: list[str] = dataclasses.field(default_factory=list)
    complaints: list[str] = dataclasses.field(default_factory=list)

    def listen(self) -> None:
        """Take down requests, console messages, exceptions and dialogs."""
        self.page.on("request", lambda request: self._request(request.url))
        self.page.on("console", self._console)
        self.page.on(
            "pageerror", lambda error: self.complaints.append(f"exception: {error}")
        )
        self.page.on("dialog", self._dialog)

    def _request(self, url: str) -> None:
        if not url.startswith(("file:", "about:", "data:", "blob:")):
            self.requests.append(url)

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")

    def _dialog(self, dialog: Any) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()


AXE = pathlib.Path(__file__).parents[2] / ".tools" / "axe-core" / "axe.min.js"
GRAVE = frozenset({"serious", "critical"})
FAULTS = """
async (context) => {
  const found = await axe.run(context, { resultTypes: ["violations"] });
  return found.violations.map(({ id, impact, nodes }) => ({
    id, impact, where: nodes.slice(0, 3).map((node) => node.html.slice(0, 200)) }));
}
"""


def grave_faults(page: Any, context: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what axe-core finds serious or critical; skip where it is not there.

    Args:
        page: Playwright's page, in a context with `bypass_csp=True`, since axe is no
            script of the page's own.
        context: What axe looks at, such as `{"exclude": [["#other"]]}`.
    """
    if not AXE.is_file():
        pytest.skip("axe-core is not there (make axe)")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(FAULTS, context)
    return [fault for fault in found if fault["impact"] in GRAVE]


class Browser:
    """Opens pages, each in a context of its own.

    Args:
        chromium: Playwright's browser.
    """

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @contextlib.contextmanager
    def visit(self, path: pathlib.Path, **options: Any) -> Iterator[Visit]:
        """Open a local file; `options` are those of Playwright's context."""
        context = self._chromium.new_context(offline=True, **options)
        context.set_default_timeout(TIMEOUT_MS)
        try:
            visit = Visit(context.new_page())
            visit.listen()
            visit.page.goto(path.as_uri(), wait_until="load")
            yield visit
        finally:
            context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium that has no network."""
    path = find_chromium()
    if path is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed (uv sync)"
    )
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
