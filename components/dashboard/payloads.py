"""What the page takes from the reports of other nodes, as it reads them.

Nodes don't import each other: they meet through the files in artifacts. These
views name the fields that the page shows and ignore the rest. A file that is not
there, or not of this form, means that the artifact is broken, so it is refused.
"""

from __future__ import annotations

import pathlib
from typing import TypeVar

import pydantic

from components.errors import FairSiloError


class View(pydantic.BaseModel):
    """A frozen view that ignores fields it does not know."""

    model_config = pydantic.ConfigDict(frozen=True, use_attribute_docstrings=True)


class Waiver(View):
    """Who let a model pass a gate that refused it, and why."""

    reason: str
    by: str
    until: str
    at: str = ""
    run_id: str = ""


class Gate(View):
    """One gate of the decision; one that is waived has not passed."""

    gate: str
    passed: bool
    sentence: str
    hint: str = ""
    waiver: Waiver | None = None

    @property
    def refuses(self) -> bool:
        """Whether it keeps the model out of service."""
        return not self.passed and self.waiver is None


class NotJudged(View):
    """A silo that no gate looked at."""

    silo: str
    reason: str


class Baseline(View):
    """The latest blessed model of an earlier span, to compare with."""

    span: str
    digest: str


class Decision(View):
    """The decision on the candidate (`decision.json` of a ModelBlessing)."""

    blessed: bool
    reasons: tuple[str, ...]
    gates: tuple[Gate, ...]
    baseline: Baseline | None
    not_judged: tuple[NotJudged, ...]
    left_out: dict[str, str] = {}
    """Why silos were quarantined or could not be read."""
    silos: tuple[str, ...] = ()
    """All silos, those left out too."""

    @property
    def unjudged(self) -> dict[str, str]:
        """Why silos count in no gate, by silo."""
        small = {item.silo: item.reason for item in self.not_judged}
        return small | self.left_out


class SiloPredictions(View):
    """The predictions of one silo."""

    silo: str
    path: str
    rows: int
    dead_letters: int
    digest: str


class Failure(View):
    """A work item that was not scored."""

    silo: str
    item: str
    reason: str


class Unscored(View):
    """A silo of which rows should have been scored and were not."""

    silo: str
    reason: str


class Ledger(View):
    """The account of an inference (`ledger.json` of an InferenceResult)."""

    status: str
    reason: str
    rows: int
    dead_letters: int
    resumed: int
    silos: tuple[SiloPredictions, ...]
    failures: tuple[Failure, ...]
    unscored: tuple[Unscored, ...] = ()


NOTHING_SCORED = Ledger(
    status="",
    reason="",
    rows=0,
    dead_letters=0,
    resumed=0,
    silos=(),
    failures=(),
)

ViewT = TypeVar("ViewT", bound=View)

FILES: dict[type[View], tuple[str, str]] = {
    Decision: ("ModelBlessing", "decision.json"),
    Ledger: ("InferenceResult", "ledger.json"),
}


def read(view: type[ViewT], folder: str | pathlib.Path) -> ViewT:
    """Read a view from its file in an artifact's folder.

    Args:
        view: `Decision` or `Ledger`.
        folder: The artifact's folder.

    Raises:
        FairSiloError: The file is not there, or not of the form that is read here.
    """
    artifact, name = FILES[view]
    path = pathlib.Path(folder, name)
    hint = f"the {artifact} is broken: run the node that wrote it again"
    if not path.is_file():
        raise FairSiloError(f"{path}: found no file, expected `{name}`", hint)
    try:
        return view.model_validate_json(path.read_bytes())
    except pydantic.ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the file"
        raise FairSiloError(
            f"{path}: found a fault in `{place}`: {fault['msg']}; expected "
            f"{artifact}'s fields {', '.join(view.model_fields)}",
            hint,
        ) from None
