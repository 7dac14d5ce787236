"""The algorithms by name: a module each, with what silos and coordinator do otherwise.

A module opens with its equation and paper. It has `local(plan) -> LocalWork`, and
`COORDINATOR`, the class of the coordinator's part. To add one, write the module, name
it in `plan.Algorithm` and describe it here. Weightings and aggregations are described
here too: `fairsilo algorithms` reads all three, and loads no engine for it.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import NamedTuple


class Entry(NamedTuple):
    """What a person who chooses must know of a choice."""

    purpose: str
    when: str
    paper: str = ""


ALGORITHMS = {
    "fed_avg": Entry(
        "the model that is best for the mean over all rows; with server momentum "
        "FedAvgM, with `adam` FedAdam",
        "the first choice; the others are measured against it",
        "McMahan et al. (2017), https://arxiv.org/abs/1602.05629; server optimizers: "
        "Reddi et al. (2021), https://arxiv.org/abs/2003.00295",
    ),
    "fed_prox": Entry(
        "silos whose models stay near to the round's model",
        "many local passes over unlike silos make rounds unsteady",
        "Li et al. (2020), https://arxiv.org/abs/1812.06127",
    ),
    "scaffold": Entry(
        "local steps corrected for the drift of each silo",
        "many local passes over unlike silos, which are all there in most rounds",
        "Karimireddy et al. (2020), https://arxiv.org/abs/1910.06378",
    ),
    "q_fed_avg": Entry(
        "losses of the silos that are nearer to each other",
        "silos with large losses should count more, the others a little less; try a "
        "small q and more rounds: its steps get shorter as q grows",
        "Li et al. (2020), https://arxiv.org/abs/1905.10497",
    ),
    "afl": Entry(
        "the smallest loss of the worst mixture of the silos",
        "any silo may turn out to be the one that matters; one whose rows are hard for "
        "any model takes over",
        "Mohri et al. (2019), https://arxiv.org/abs/1902.00146",
    ),
    "term": Entry(
        "losses weighed exponentially, between the mean and the worst silo",
        "as `q_fed_avg`, with steps of the usual length",
        "Li et al. (2021), https://arxiv.org/abs/2007.01162",
    ),
    "loss_gap": Entry(
        "silos count more that the model serves worse than a model of their own",
        "no silo should lose by taking part; one whose rows are hard for any model "
        "does not count more for it. Each silo first trains a model alone, which needs "
        "`rows.choose_share`",
        "after Erraji et al. (2026), https://arxiv.org/abs/2603.29818",
    ),
}
WEIGHTINGS = {
    "examples": Entry(
        "each row counts alike", "the mean over all rows is what matters"
    ),
    "uniform": Entry(
        "each silo counts alike", "silos are equals and none has very few rows"
    ),
    "tempered": Entry(
        "rows to a power between 0 and 1", "between `examples` and `uniform`"
    ),
    "capped": Entry(
        "rows, but no silo more than a share", "one silo or two hold most of the rows"
    ),
}
AGGREGATIONS = {
    "mean": Entry(
        "the weighted mean of the updates", "silos know and trust each other"
    ),
    "clipped": Entry(
        "the weighted mean of updates cut to about their median norm",
        "faulty rows or a training that runs away; no help against who changes what "
        "its worker sends",
        "Andrew et al. (2021), https://arxiv.org/abs/1905.03871",
    ),
    "median": Entry(
        "each weight's median over the silos, which count alike",
        "less than half of the silos may be bad, and silos are much alike",
        "Yin et al. (2018), https://arxiv.org/abs/1803.01498",
    ),
    "trimmed_mean": Entry(
        "each weight's mean without its least and greatest values",
        "as `median`, and at most `bad_silos` are bad",
        "Yin et al. (2018), https://arxiv.org/abs/1803.01498",
    ),
    "geometric_median": Entry(
        "the point nearest to all updates, by weighted distance",
        "bad silos hold less than half of the weight",
        "Pillutla et al. (2022), https://arxiv.org/abs/1912.13445",
    ),
    "multi_krum": Entry(
        "the mean of the updates that lie nearest to others",
        "at most `bad_silos` are bad, and there are more than twice as many and 2",
        "Blanchard et al. (2017), https://arxiv.org/abs/1703.02757",
    ),
}


def load(name: str) -> ModuleType:
    """Return an algorithm's module."""
    return importlib.import_module(f"components.federation.algorithms.{name}")
