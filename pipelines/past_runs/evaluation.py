"""What a run found about its model, read back from what it kept.

An evaluation is kept whole, table and decision, so that a decision can be explained,
waived, and tried with other bounds long after the run, without computing it again.
"""

from __future__ import annotations

import dataclasses

import pyarrow as pa

from components.errors import SettingsError
from components.payloads import table
from components.payloads.decision import Decision
from components.payloads.table import Table


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What was found about a run's model, and what was decided.

    Attributes:
        figures: The tidy table.
        decision: The decision.
    """

    figures: Table
    decision: Decision


def read(run_id: str, figures: bytes, verdict: bytes) -> Evaluation:
    """Read an evaluation.

    Args:
        run_id: Its run.
        figures: Parquet of the tidy table.
        verdict: JSON of the decision.

    Raises:
        SettingsError: It is of another version.
    """
    try:
        return Evaluation(table.of_parquet(figures), Decision.of_json(verdict.decode()))
    except (KeyError, TypeError, ValueError) as error:
        raise SettingsError(
            f"run {run_id}: its evaluation is of another version of FairSilo, found "
            f"{error!r}",
            "run that span again",
        ) from None


def figures(content: bytes) -> pa.Table | None:
    """Read a tidy table as columns; None where it is cut off or of another form.

    Args:
        content: Its Parquet.
    """
    try:
        return table.arrow_of_parquet(content)
    except (KeyError, OSError, pa.ArrowInvalid):
        return None
