"""The page of a step: one small HTML file with no script and no road to the network.

It looks like the dashboard and takes its style and its figures. Kubeflow's UI puts
it into a frame of its own, `<iframe srcdoc sandbox="allow-scripts">`.
"""

from __future__ import annotations

import dataclasses
import pathlib

import jinja2

from components.dashboard import templating
from pipelines.runners.step_reports.content import Content, Mark
from pipelines.runners.step_reports.figures import Bar

TEMPLATES = pathlib.Path(__file__).parent / "templates"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
# Bounds that keep a page of thousands of silos readable, and small.
MAX_ROWS = 100
MAX_SENTENCES = 20
MAX_SENTENCES_IN_CELL = 5
MAX_CHARACTERS = 600


@dataclasses.dataclass(frozen=True)
class Heading:
    """What stands above the verdict.

    Attributes:
        step: Name of the step.
        use_case: Name of the use case.
        span: The span; may be empty.
        run_id: Name of the run.
        detail: How long it took, or that the cache answered; may be empty.
    """

    step: str
    use_case: str
    span: str
    run_id: str
    detail: str = ""


def render(heading: Heading, content: Content) -> str:
    """Return the page as HTML; the same content gives the same bytes."""
    return (
        _environment()
        .get_template("step.html.j2")
        .render(
            heading=heading,
            content=content,
            tables=[table.without_empty_columns() for table in content.tables],
            policy=POLICY,
            css=templating.styles(templating.STYLE, TEMPLATES / "step.css"),
            max_rows=MAX_ROWS,
            max_sentences=MAX_SENTENCES,
            max_sentences_in_cell=MAX_SENTENCES_IN_CELL,
        )
    )


def clip(text: str) -> str:
    """Return a text of bounded length, which says how much was left out."""
    left_out = len(text) - MAX_CHARACTERS
    if left_out <= 0:
        return text
    return f"{text[:MAX_CHARACTERS]} … ({left_out:,} more characters)"


def _environment() -> jinja2.Environment:
    environment = templating.environment(TEMPLATES)
    environment.filters |= {"clip": clip}
    environment.tests |= {
        "bar": lambda cell: isinstance(cell, Bar),
        "mark": lambda cell: isinstance(cell, Mark),
    }
    return environment
