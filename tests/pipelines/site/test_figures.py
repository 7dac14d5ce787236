"""Which figures of a table are compared."""

from components.payloads import table
from components.payloads.table import Figure
from pipelines.site import figures
from pipelines.site.figures import Question, Subject
from tests.pipelines.site.conftest import figure


def of(*rows):
    return figures.of_table(table.of(rows).to_arrow())


def test_a_figure_is_taken_with_its_interval_and_its_rows():
    found = of(figure("tpr", 0.4, threshold=0.25, silo="F9", rows=31))
    ((key, taken),) = found.items()
    assert key == (Subject("F9"), Question("tpr", 0.25))
    assert taken == figures.Figure(0.4, 0.4 - 0.02, 0.4 + 0.03, 31)
    assert taken.interval == (0.4, 0.4 - 0.02, 0.4 + 0.03)


def test_without_both_ends_there_is_no_interval():
    assert figures.Figure(0.4, 0.3, None, 9).interval is None
    assert figures.Figure(0.4, None, 0.5, 9).interval is None


def test_all_rows_silos_groups_and_figures_over_them_are_compared():
    kept = [
        figure("generalized_entropy", 0.1, threshold=0.5),
        figure("auc", 0.7, silo="F9"),
        figure("auc", 0.7, slice="sex", group="Female"),
        figure("demographic_parity_ratio", 0.7, threshold=0.5, slice="sex"),
        figure("worst_auc", 0.7, slice="silo_id"),
    ]
    assert len(of(*kept)) == len(kept)


def test_other_models_splits_curves_counts_and_groups_in_silos_are_not():
    assert not of(
        figure("auc", 0.7, model="baseline"),
        figure("auc", 0.0, model="change"),
        figure("auc", 0.7, split="next"),
        figure("rows", 900.0),
        figure("calibration_observed", 0.1, threshold=0.1),
        figure("calibration_predicted", 0.1, threshold=0.1),
        figure("auc", 0.7, silo="F9", slice="sex", group="Female"),
        figure("auc_gap", 0.7, silo="F9", slice="sex"),
        figure("own_threshold", 0.3, silo="F9"),
    )


def test_a_noted_figure_has_no_value_to_compare():
    place = ("candidate", "eval", "F9", "", "")
    assert not of(
        Figure(*place, "rows", rows=7, note="too few"),
        Figure(*place, "auc", rows=70, note="one class"),
        Figure(*place, "pr_auc", value=float("nan"), rows=70),
    )


def test_an_empty_table_has_none():
    assert of() == {}
