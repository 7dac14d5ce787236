"""The table of all gates, in the order in which they are shown.

To add one: a section in `../gate_settings.py` and an entry here.
"""

from __future__ import annotations

from components.fairness_evaluator.gates import statistics
from components.fairness_evaluator.gates.gate import Gate
from components.fairness_evaluator.gates.populations import THE_BASELINE
from components.payloads.table import BASE, BASELINE, CANDIDATE, GAIN
from components.payloads.table import CHANGE as DIFFERENCE

GAP = (
    "{where}{high} has {high_figure} and {low} {low_value}, a gap of {value}{interval}"
)
CHANGE = "{changed} ({before} to {now}{interval})"
COMPARED = (CANDIDATE, BASELINE, DIFFERENCE)

GATES = {
    "minimum_data": Gate(
        protects="Against a decision on a handful of rows, or on hardly any silo.",
        demands="judged silos: at least {bound}, each with {rows:,} labelled rows and "
        "{rows_of_each_label:,} of each label",
        population=("number of silos",),
        statistic=statistics.each,
        metric="rows",
        bound="judged_silos",
        finds="{who} can be judged",
        hint="See under the silos that no gate judged why that is so, and ask for more "
        "labelled rows: {not_judged}",
    ),
    "better_than_chance": Gate(
        protects="Everybody, against a model that learned nothing.",
        demands="AUC over all silos above 0.5, also at the lower end of its 95 % "
        "interval",
        population=("federation",),
        statistic=statistics.each,
        metric="auc",
        bound="above",
        finds="AUC over all silos is {value}{interval}, and chance has 0.500",
        hint="See which columns the model gets and what was found in the data, and "
        "whether the training's loss falls; where rows are few, add labelled ones",
    ),
    "silo_floor": Gate(
        protects="Every single company: none is asked to use a model that fails it.",
        demands="{metric} of each judged silo at least {bound}",
        population=("silos",),
        statistic=statistics.each,
        bound="at_least",
        finds="{who} has {figure}{interval}",
        hint="Look at the page of {who} and at the findings about its data; where its "
        "data is sound, the model lacks features or training that would serve it",
    ),
    # Of many small companies the single worst is mostly chance.
    "worst_tenth": Gate(
        protects="The worst-served tenth of the companies, where one alone is mostly "
        "chance.",
        demands="mean {metric} of the worst tenth of the judged silos at least {bound}",
        population=("silos",),
        statistic=statistics.worst_tenth,
        bound="at_least",
        finds="the worst tenth of {number} judged silos ({who}) has a mean {metric} of "
        "{value}{interval}",
        hint="Look at what {who} have in common: size, groups, columns that drift; the "
        "page shows the metric against the silo's size",
    ),
    "silo_gap": Gate(
        protects="Against a model for some companies at the cost of others.",
        demands="{metric} of any two judged silos at most {bound} apart",
        population=("silos",),
        statistic=statistics.farthest_pair,
        bound="at_most",
        finds=GAP,
        hint="See what sets {who} apart: size, columns, base rates; the page ranks all "
        "silos",
    ),
    "group_gap": Gate(
        protects="People: that no group is served worse, over all companies and inside "
        "each.",
        demands="{metric} of any two groups of {slices} at most {bound} apart, over "
        "all silos and in each judged silo",
        population=("groups", "groups in silos"),
        statistic=statistics.farthest_pair,
        bound="at_most",
        finds=GAP,
        hint="Look at {who} in the heat map: few rows, other base rates, or a feature "
        "that means something else for one group",
    ),
    # The rule of thumb of US employment law, 29 CFR § 1607.4 D. Judged over all silos:
    # inside one, few rows would decide.
    "four_fifths": Gate(
        protects="People: that each group gets the good outcome at least 80 % as "
        "often.",
        demands="{metric} of a group of {slices} at least {bound} times that of "
        "another, over all silos",
        population=("groups",),
        statistic=statistics.lowest_ratio,
        metric="positive_rate",
        bound="at_least",
        finds="{where}{high} has {high_figure} and {low} {low_value}, a ratio of "
        "{value}{interval}",
        hint="Compare the base rates of {who}: where they differ, ask first whether "
        "the labels are fair; another threshold changes the ratio too",
    ),
    # A model can rank well and yet score one group too high and another too low.
    "calibration": Gate(
        protects="Those who act on the score itself: that 0.3 means three in ten, for "
        "all.",
        demands="calibration error overall, of each judged silo and of each group at "
        "most {bound}",
        population=("federation", "silos", "groups"),
        statistic=statistics.each,
        metric="calibration_error",
        bound="at_most",
        finds="{who} has {figure}{interval}",
        hint="Look at the calibration curve of {who}: scores too high or too low "
        "throughout ask for a feature that tells its base rate, or for another loss or "
        "longer training",
    ),
    "change": Gate(
        protects=f"The federation, against a step back from {THE_BASELINE}.",
        demands="{metric} over all silos at most {bound} worse than " + THE_BASELINE,
        population=("federation",),
        statistic=statistics.each_change,
        models=COMPARED,
        bound="at_most_worse",
        finds=CHANGE,
        hint=f"Compare this run with that of {THE_BASELINE}: silos that came or went, "
        "columns that drift, settings of the training",
    ),
    "silo_change": Gate(
        protects="Every company, against a step back of its own that the whole hides.",
        demands="{metric} of each judged silo at most {bound} worse than "
        + THE_BASELINE,
        population=("silos",),
        statistic=statistics.each_change,
        models=COMPARED,
        bound="at_most_worse",
        finds=CHANGE,
        hint="Look at the page of {who}: whether its rows changed since "
        f"{THE_BASELINE} was trained, and whether it took part in this training",
    ),
    "worse_than_alone": Gate(
        protects="Every company: none fares much worse than it would by itself.",
        demands="AUC of each judged silo with the model that serves it at most {bound} "
        "worse than with one of its own rows alone",
        population=("silos",),
        statistic=statistics.each_change,
        metric=GAIN,
        bound="at_most_worse",
        finds="{changed} with the model that serves it against one of its own rows "
        "alone{interval}",
        hint="Give {who} more rows to choose its model by (`rows.choose_share`), and "
        "set `personal.method` where it is `none`, so that what is better serves it",
    ),
    "base_worse_than_alone": Gate(
        protects="Every company that gets the federation's model: none would fare "
        "better by itself.",
        demands="AUC of each judged silo with the base model at most {bound} worse "
        "than with one of its own rows alone",
        population=("silos",),
        statistic=statistics.each_change,
        metric=GAIN,
        bound="at_most_worse",
        finds="{changed} with the base model against one of its own rows alone"
        "{interval}",
        hint="Try another `training.algorithm` or weighting of the silos, which "
        "`fairsilo algorithms list` shows, or look at what sets {who} apart: the model "
        "may lack features that would serve it",
        models=(BASE,),
    ),
}
