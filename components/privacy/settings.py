"""Settings of differential privacy: what is protected, how well, and for how long."""

from __future__ import annotations

from typing import Literal

import pydantic

from components.settings import Section


class SiloPrivacySettings(Section):
    """What a silo asks for beyond the federation's settings: only more protection."""

    epsilon: float | None = pydantic.Field(default=None, gt=0, le=100)
    """Its budget of a window; null: the federation's."""

    run_epsilon: float | None = pydantic.Field(default=None, gt=0, le=100)
    """What a run may spend of it; null: the federation's, or its budget if less."""

    delta: float | None = pydantic.Field(default=None, gt=0, lt=1)
    """Its delta; null: the federation's."""


class PrivacySettings(Section):
    """Whether the model may tell anything of single people, and how much."""

    mode: Literal["none", "example", "silo"] = "none"
    """`none`; `example` (each silo clips and adds noise itself, so that nobody outside
    learns of a row) or `silo` (the coordinator adds noise, so that nobody who sees the
    model learns of a silo)."""

    epsilon: float = pydantic.Field(default=8.0, gt=0, le=100)
    """Budget of each silo in a window; smaller protects better."""

    run_epsilon: float = pydantic.Field(default=2.0, gt=0, le=100)
    """What a run may spend of that budget of a silo; the noise is as large as it
    demands."""

    delta: float = pydantic.Field(default=1e-5, gt=0, lt=1)
    """Probability that the promise does not hold; below 1 over a silo's rows."""

    window: str = "year"
    """Calendar window after which the budget is full again: `month`, `quarter`, `year`,
    or days such as `2026-07-01/2027-06-30`."""

    clip: float = pydantic.Field(default=1.0, ge=1e-6, le=1_000_000)
    """Norm to which each row's gradient is cut; with `silo`, each silo's update."""

    batch: int | None = pydantic.Field(default=None, ge=1, le=1_000_000)
    """Of `example`: rows of a step, on average; null: 256 or a twentieth of the silo's
    rows, whichever is more, but at most half of them."""

    person: str = ""
    """Of `example`: column that tells people apart, so that all rows of a person are
    protected together; empty: each row is protected by itself."""

    canaries: int = pydantic.Field(default=256, ge=0, le=100_000)
    """Of `example`: made-up gradients that each training also learns, or not, by the
    toss of a coin; how well that can be guessed is shown beside the promise."""

    silos: dict[str, SiloPrivacySettings] = pydantic.Field(default_factory=dict)
    """Silos that ask for more protection, by id."""

    @pydantic.model_validator(mode="after")
    def _check_promises(self) -> PrivacySettings:
        if self.run_epsilon > self.epsilon:
            raise ValueError(
                f"found `run_epsilon` {self.run_epsilon:g} and `epsilon` "
                f"{self.epsilon:g}, expected no more for a run than for a window"
            )
        for silo, own in self.silos.items():
            most = self.model_dump()
            most["run_epsilon"] = min(self.run_epsilon, own.epsilon or self.epsilon)
            for name, value in own.model_dump(exclude_none=True).items():
                if value > most[name]:
                    raise ValueError(
                        f"found `silos.{silo}.{name}` {value:g}, expected at most "
                        f"{most[name]:g}: a silo may ask for more protection than the "
                        "federation, not for less; a run spends at most its budget"
                    )
        return self

    def of_silo(self, silo: str) -> PrivacySettings:
        """Return what holds for a silo: what it asks for, and the federation's rest."""
        own = self.silos.get(silo, SiloPrivacySettings())
        run_epsilon = min(self.run_epsilon, own.epsilon or self.epsilon)
        asked = own.model_dump(exclude_none=True)
        return self.model_copy(update={"run_epsilon": run_epsilon, **asked})
