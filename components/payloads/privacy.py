"""What a training spent of the silos' privacy budgets: `privacy.json`.

In a `ModelRun` artifact's folder, where the settings protect anybody. Epsilons are of
the report's adjacency, and of the silo's own delta.
"""

from __future__ import annotations

import dataclasses
import pathlib
from typing import ClassVar, Self

from components.payloads.payload import Payload


@dataclasses.dataclass(frozen=True)
class Balance:
    """A silo's budget of a window; all are epsilons.

    They don't add up: two trainings together cost less than the sum of both.
    """

    budget: float
    spent: float  # by trainings that have ended
    reserved: float  # spent, and what trainings hold that run or broke off
    resets_on: str  # first day on which the budget is full again, ISO 8601

    @property
    def left(self) -> float:
        """How much is left, at least."""
        return max(0.0, self.budget - self.reserved)


@dataclasses.dataclass(frozen=True)
class SiloPrivacy:
    """One silo's account of a training."""

    silo: str
    delta: float
    balance: Balance  # after the training
    epsilon: float | None = None  # what the training cost; None if it took no part
    epsilon_rdp: float | None = None  # the same by Renyi accounting: an upper bound
    attacked: float | None = None  # lower bound of epsilon that an attack showed, 95 %
    units: int = 0  # rows, or people, that were trained on
    batch: float = 0.0  # of them in a step, on average
    steps: int = 0  # that were taken in all rounds
    noise: float = 0.0  # its standard deviation, unit: the clip norm
    note: str = ""  # advice, in a sentence
    refusal: str = ""  # why it took no part, in a sentence

    @property
    def noise_of_mean(self) -> float:
        """Standard deviation of a mean gradient's coordinates, unit: the clip norm."""
        return self.noise / self.batch if self.batch else 0.0


@dataclasses.dataclass(frozen=True)
class PrivacyReport(Payload):
    """What a training spent; sorted by silo."""

    FILE_NAME: ClassVar[str] = "privacy.json"
    NODE: ClassVar[str] = "FederatedTrainer"

    mode: str = "none"  # `none`, `example` or `silo`
    unit: str = "row"  # what is protected: `row`, `silo`, or a person's column
    clip: float = 0.0
    canaries: int = 0
    window: tuple[str, str] = ("", "")  # first and last day, ISO 8601
    ledger_head: str = ""  # hash of the ledger's last entry after the training
    silos: tuple[SiloPrivacy, ...] = ()

    @classmethod
    def of_run(cls, folder: str | pathlib.Path) -> Self:
        """Read the report of a `ModelRun`'s folder; `none` where there is none."""
        if not pathlib.Path(folder, cls.FILE_NAME).exists():
            return cls()
        return cls.read(folder)

    def get(self, silo: str) -> SiloPrivacy | None:
        """Return a silo's account, if it has one."""
        return next((one for one in self.silos if one.silo == silo), None)
