"""Settings of the audit of contributions."""

from __future__ import annotations

from typing import Literal

import pydantic

from components.settings import Section


class AuditSettings(Section):
    """How it is found out who contributes; never who is excluded."""

    every: Literal["run", "never"] = "run"
    """`run` audits each run, `never` none: no round is kept for it."""

    rounds: int = pydantic.Field(default=2, ge=1, le=20)
    """Rounds whose updates are recombined, spread over the training. For each, some 250
    models are scored on `rows_share` of the rows."""

    rows_share: float = pydantic.Field(default=0.2, gt=0, le=1)
    """Share of each silo's evaluation rows that recombined models are scored on."""

    @property
    def kept_rounds(self) -> int:
        """How many rounds of a training are kept for the audit."""
        return self.rounds if self.every == "run" else 0
