"""Takes the pictures of `docs/images`, of the demo's real pages.

Two runs come first: `fairsilo run flights --span 2013-10`, then `make demo`. Each
picture is one window of a page, so that it reads in the README, and stays below
`MAX_BYTES`.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from typing import Any

from playwright.sync_api import sync_playwright

from components.dashboard.silo.location import FOLDER, file_name
from pipelines.benchmarks.chromium import find_chromium
from pipelines.runs import site as builder
from pipelines.runs.store import RunStore
from pipelines.summary import Summary
from tests.support.browser import FLAGS

IMAGES = pathlib.Path(__file__).resolve().parents[2] / "docs" / "images"
WINDOW = {"width": 1280, "height": 860}
MAX_BYTES = 300_000
SETTLE_MS = 1500  # charts draw when they come near, TFMA's elements a moment later


def main() -> None:
    """Take all pictures of the last run that has a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=pathlib.Path, help="such as build/flights")
    parser.add_argument("--to", type=pathlib.Path, default=IMAGES)
    asked = parser.parse_args()
    site, told = built(asked.output.absolute())
    run = site.parent / "runs" / builder.folder_name(told.run_id) / "index.html"
    silo = (told.worst_silo or told.silos[0]).silo
    diff = max((site.parent / "diff").glob(f"*/{told.run_id}.html"))
    shots = {
        "run": (run, ""),
        "fairness": (run, "#fairness"),
        "silos": (run, "#silos"),
        "gains": (run, "#benefit"),
        "silo": (run.parent / FOLDER / file_name(silo), ""),
        "site": (site, ""),
        "diff": (diff, ""),
    }
    asked.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=find_chromium(), args=list(FLAGS)
        )
        for name, (page, place) in shots.items():
            take(chromium, page, place, asked.to / f"{name}.png")
        chromium.close()


def built(output: pathlib.Path) -> tuple[pathlib.Path, Summary]:
    """Build the site; return its index and the last run that has a page."""
    runs = RunStore("", output.name, output)
    told = [run for run in runs.summaries() if run.run_id in runs.pages()]
    if len(told) < 2:
        sys.exit(
            f"{output}: found {len(told)} runs with a page, expected two to compare; "
            "run `fairsilo run flights --span 2013-10`, then `make demo`"
        )
    return builder.build(runs, output / "site"), told[-1]


def take(chromium: Any, page: pathlib.Path, place: str, image: pathlib.Path) -> None:
    """Take the picture of a page, from a heading on where one is named."""
    context = chromium.new_context(offline=True, viewport=WINDOW, color_scheme="light")
    window = context.new_page()
    window.goto(page.as_uri(), wait_until="load")
    if place:
        window.locator(place).evaluate("(heading) => heading.scrollIntoView()")
    window.wait_for_timeout(SETTLE_MS)
    window.screenshot(path=image)
    context.close()
    size = image.stat().st_size
    if size > MAX_BYTES:
        sys.exit(f"{image}: found {size:,} bytes, expected at most {MAX_BYTES:,}")
    sys.stdout.write(f"{image}: {size:,} bytes\n")


if __name__ == "__main__":
    main()
