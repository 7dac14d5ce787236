"""Whether the gates judged one silo; if not, why, and what would change that."""

from __future__ import annotations

import dataclasses

from components.dashboard.report import SiloLine
from components.payloads.minimum_data import MinimumData
from components.payloads.table import Figure


@dataclasses.dataclass(frozen=True)
class Judgement:
    """Whether a silo was judged.

    Attributes:
        is_judged: Whether the gates looked at it.
        reason: Why not, in a sentence; empty if they did.
        change: What would change that; empty where its owner can't.
    """

    is_judged: bool
    reason: str = ""
    change: str = ""


def judge(
    line: SiloLine,
    rows: Figure | None,
    needed: MinimumData,
    *,
    is_trained: bool,
    has_gates: bool,
) -> Judgement:
    """Return whether the gates judged a silo, and if not, why.

    Args:
        line: The silo.
        rows: Its own figure `rows`, for its counts; None without evaluation rows.
        needed: What the gates need of a silo.
        is_trained: Whether there was a model to judge at all.
        has_gates: Whether there was a gate to judge it.
    """
    if not is_trained:
        return Judgement(False, "Nothing was trained, so there was nothing to judge.")
    if not has_gates:
        return Judgement(False, "The model was measured, and no gate was asked.")
    if line.is_judged:
        return Judgement(True)
    if not line.member.admitted:
        return Judgement(
            False,
            "It was not admitted, and the gates judge admitted silos only.",
            "Mend what is named under the findings; it is judged again from the next "
            "run that admits it.",
        )
    return _too_little(rows, needed) or Judgement(False, f"{line.not_evaluated}.")


def _too_little(rows: Figure | None, needed: MinimumData) -> Judgement | None:
    if rows is None or not rows.rows:
        return Judgement(
            False,
            "It has no labelled evaluation rows.",
            f"At least {max(needed.rows, 1):,} are needed. They are held out of the "
            "labelled rows that you export, so export more of them.",
        )
    if rows.rows < needed.rows:
        return Judgement(
            False,
            f"It has {rows.rows:,} labelled evaluation rows, and {needed.rows:,} are "
            "needed: fewer say too little about how the model serves it.",
            f"{needed.rows - rows.rows:,} more would do. They are held out of the "
            "labelled rows that you export, so export more of them.",
        )
    if rows.positives is None:
        return None
    each = {"with": rows.positives, "without": rows.rows - rows.positives}
    which, fewest = min(each.items(), key=lambda item: item[1])
    if fewest >= needed.rows_of_each_label:
        return None
    return Judgement(
        False,
        f"Of its {rows.rows:,} labelled evaluation rows, {fewest:,} are {which} the "
        f"outcome, and {needed.rows_of_each_label:,} of each kind are needed.",
        f"{needed.rows_of_each_label - fewest:,} more rows {which} the outcome would "
        "do. They are held out of the labelled rows that you export.",
    )
