"""What a training does to protect people: plan, reserve, settle, report.

Budget is reserved in the ledger before anything with noise leaves a silo, and settled
by what was asked of the silo; if the training breaks off, it stays spent.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import pathlib
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from components import temporary_faults
from components.errors import FairSiloError, SettingsError
from components.federation import private
from components.federation.private import PrivateSilo, PrivateTraining
from components.payloads.model_run import Dropped
from components.payloads.privacy import PrivacyReport, SiloPrivacy
from components.privacy import accounting, attack, ledger
from components.privacy.accounting import Mechanism

if TYPE_CHECKING:
    from components.federated_trainer.trainer import Request
    from components.federation.plan import TrainingPlan
    from components.federation.training import TrainingResult
    from components.privacy.settings import PrivacySettings

LEAST_BATCH = 256  # units of a step on average, where a silo has twice as many
BATCHES = 20  # a step has one in so many units where that is more
DEVIATIONS = 6  # by which a step's batch is larger than the average at most
NOISY = 5  # times the noise of the median silo


class Share(NamedTuple):
    """A silo's part in a training."""

    units: int  # rows or people
    mechanism: Mechanism  # of all rounds
    steps: int = 1  # of a round
    told: PrivateSilo | None = None  # with mode `example`
    entry: int = 0  # of the reservation in the ledger


class Protection:
    """The privacy of one training, which a run spends for; none with mode `none`.

    Raises:
        FairSiloError: The ledger can't be used.
        SettingsError: Today is not in the window, or silos are to count otherwise.
    """

    def __init__(self, request: Request) -> None:
        self._settings, self._plan = request.privacy, request.settings
        self._run_id = request.run_id
        self._shares: dict[str, Share] = {}
        self._is_on = self._settings.mode != "none"
        if self._is_on:
            today = datetime.datetime.now(datetime.UTC).date()
            self._window = ledger.window_of(self._settings.window, today)
            use_case = request.manifest.use_case
            self._ledger = ledger.PrivacyLedger(request.ledger, use_case)
        weighed = {it for it, factor in request.weight_factors.items() if factor != 1}
        if self._settings.mode == "silo" and weighed:
            raise SettingsError(
                "privacy.mode is `silo`: found weight factors of "
                f"{', '.join(sorted(weighed))}, expected silos that count alike",
                "take them back by `fairsilo audit weigh SILO --factor 1`",
            )

    @property
    def of_program(self) -> dict[str, Any]:
        """What `training.program` is given for it."""
        one = self._settings
        if one.mode == "example":
            people = bool(one.person)
            return {"private": PrivateTraining(one.clip, one.canaries, people)}
        if one.mode == "none":
            return {}
        from components.federation.aggregators import SiloLevel

        noise = max(share.mechanism.noise for share in self._shares.values())
        return {"silo_level": SiloLevel(noise, one.clip, len(self._shares))}

    @property
    def told(self) -> dict[str, PrivateSilo]:
        """What each silo is told with mode `example`."""
        return {silo: one.told for silo, one in self._shares.items() if one.told}

    def reserve(self, units: Mapping[str, int]) -> list[Dropped]:
        """Reserve what silos of so many rows, or people, spend; say who can't, and why.

        Raises:
            FairSiloError: The ledger can't be used.
        """
        shares, refused = {}, []
        for silo, number in sorted(units.items() if self._is_on else ()):
            try:
                shares[silo] = planned(self._settings, self._plan, silo, number)
            except FairSiloError as error:
                refused.append(_dropped(silo, error))
        noisiest = max([0.0, *(one.mechanism.noise for one in shares.values())])
        for silo, share in shares.items():
            cost = share.mechanism
            if self._settings.mode == "silo":  # the same noise hides all of them
                cost = dataclasses.replace(cost, noise=noisiest)
            asked = (self._window, ledger.budget_of(self._settings, silo), cost)
            try:
                entry = self._ledger.reserve(self._run_id, silo, *asked)
            except ledger.BudgetSpentError as error:
                refused.append(_dropped(silo, error))
                temporary_faults.note(refused[-1].reason)  # one day it is full again
            else:
                self._shares[silo] = share._replace(mechanism=cost, entry=entry)
        return refused

    def settle(self, asked: Mapping[str, int]) -> None:
        """Settle the reservations by the rounds in which each silo was asked."""
        for silo, share in self._shares.items():
            self._ledger.settle(share.entry, asked.get(silo, 0) * share.steps)

    def end(
        self,
        folder: pathlib.Path,
        left_out: Iterable[Dropped],
        result: TrainingResult | None = None,
    ) -> None:
        """Settle by what the training asked, if there was one, and write the report."""
        if not self._is_on:
            return
        self.settle(result.asked if result else {})
        accounts = [self._account(one.silo, refusal=one.reason) for one in left_out]
        for silo, share in self._shares.items():
            spent = self._spent(silo, share, result) if result else {}
            accounts.append(self._account(silo, **spent))
        one, is_example = self._settings, self._settings.mode == "example"
        PrivacyReport(
            mode=one.mode,
            unit=(one.person or "row") if is_example else one.mode,
            clip=one.clip,
            canaries=one.canaries if is_example else 0,
            window=(self._window.first.isoformat(), self._window.last.isoformat()),
            ledger_head=self._ledger.head(),
            silos=_advised(sorted(accounts, key=lambda one: one.silo)),
        ).write(folder)

    def _account(self, silo: str, **more: Any) -> SiloPrivacy:  # noqa: ANN401
        budget = ledger.budget_of(self._settings, silo)
        balance = self._ledger.balance(silo, self._window, budget)
        return SiloPrivacy(silo, budget.delta, balance, **more)

    def _spent(self, silo: str, share: Share, result: TrainingResult) -> dict[str, Any]:
        """Return fields of an account: what this training has cost a silo so far."""
        rounds = result.begun_before + result.asked.get(silo, 0)
        if not rounds:
            return {}
        delta, told = self._settings.of_silo(silo).delta, share.told
        released = [dataclasses.replace(share.mechanism, steps=rounds * share.steps)]
        by_renyi = accounting.epsilon_rdp(released, delta)
        sums = result.canary_sums.get(silo)
        return {
            "epsilon": accounting.epsilon(released, delta),
            "epsilon_rdp": by_renyi if math.isfinite(by_renyi) else None,
            "attacked": attack.attacked(sums, told.coins, delta)
            if told and sums is not None and sums.size
            else None,
            "units": share.units,
            "batch": told.batch if told else 0.0,
            "steps": released[0].steps,
            "noise": share.mechanism.noise,
        }


def planned(
    settings: PrivacySettings, plan: TrainingPlan, silo: str, units: int
) -> Share:
    """Return a silo's part, with as much noise as its promise demands.

    Raises:
        FairSiloError: So much can't be promised to so many rows, or people.
    """
    own = settings.of_silo(silo)
    delta, epsilon = own.delta, own.run_epsilon
    if settings.mode == "silo":
        asked = Mechanism(0.0, plan.rounds)
        return Share(units, accounting.calibrated(epsilon, delta, asked))
    if delta * units >= 1:
        raise FairSiloError(
            f"found `privacy.delta` {delta:g} and {units:,} rows or people, "
            f"expected less than 1 over their number, {1 / units:.2g}",
            f"lower `privacy.delta`, or `privacy.silos.{silo}.delta` for it alone",
        )
    usual = min(max(LEAST_BATCH, units / BATCHES), units / 2)
    batch = float(min(settings.batch or usual, units))
    told = PrivateSilo(
        noise=0.0,
        threshold=private.threshold_of(batch / units),
        steps=max(1, round(plan.local_epochs * units / batch)),
        batch=batch,
        cap=min(units, math.ceil(batch + DEVIATIONS * math.sqrt(batch))),
        coins=private.coins_of(plan.seed, silo, settings.canaries),
    )
    asked = Mechanism(0.0, plan.rounds * told.steps, units, told.rate, told.cap)
    mechanism = accounting.calibrated(epsilon, delta, asked)
    told = told._replace(noise=mechanism.noise)
    return Share(units, mechanism, told.steps, told)


def _dropped(silo: str, error: FairSiloError) -> Dropped:
    named, why = f"silo `{silo}`: ", f"{error.message}; {error.hint}"
    return Dropped(silo, why if named in why else named + why)


def _advised(accounts: Sequence[SiloPrivacy]) -> tuple[SiloPrivacy, ...]:
    """Add advice where a silo's noise is far above that of the others."""

    def note(account: SiloPrivacy) -> str:
        others = [one.noise_of_mean for one in accounts if one.batch and one != account]
        times = account.noise_of_mean / statistics.median(others) if others else 0.0
        if times <= NOISY:
            return ""
        return (
            f"its noise is {times:.0f} times that of the median silo: with "
            f"{account.units:,} rows or people the federation learns little from it; "
            "`personal.method: mr_mtl` serves it the silos' mean model, adapted inside"
        )

    return tuple(dataclasses.replace(one, note=note(one)) for one in accounts)
