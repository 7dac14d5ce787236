"""Two runs compared, in the terminal and as JSON."""

import json

import pytest
import rich.console

from components.payloads.table import MetricKey, Slice
from pipelines.cli import changes
from pipelines.runs.comparison import Change
from tests.pipelines.runs.conftest import figure

F9 = Slice("F9")
BARE = figure("auc", 0.671, low=None, high=None, rows=25)
FULL = figure("auc", 0.702, low=0.69, high=0.718, rows=300)


def printed(found, width=80):
    console = rich.console.Console(width=width, no_color=True)
    with console.capture() as captured:
        for table in changes.tables(found):
            console.print(table)
    return captured.get()


def test_each_change_is_one_object_with_all_that_is_known():
    found = changes.to_json(
        "run-1", "run-2", [Change(MetricKey("tpr", F9, threshold=0.25), FULL, BARE)]
    )
    assert (found["before"], found["after"]) == ("run-1", "run-2")
    (item,) = found["changes"]
    assert item.pop("change") == pytest.approx(-0.031)
    assert item.pop("loss") == pytest.approx(0.031)
    assert item == {
        "silo": "F9",
        "slice": "",
        "group": "",
        "metric": "tpr",
        "threshold": 0.25,
        "before": 0.702,
        "after": 0.671,
        "change_low": None,
        "change_high": None,
        "rows_before": 300,
        "rows_after": 25,
    }


def test_what_one_run_lacks_is_null():
    (item,) = changes.to_json("a", "b", [Change(MetricKey("auc", F9), None, BARE)])[
        "changes"
    ]
    assert (item["before"], item["change"], item["rows_before"]) == (None, None, None)
    assert json.dumps(item, allow_nan=False)


def test_overall_silos_and_groups_have_a_table_each():
    text = printed(
        [
            Change(MetricKey("log_loss"), FULL, FULL),
            Change(MetricKey("gap_auc", Slice(column="silo_id")), BARE, FULL),
            Change(MetricKey("auc", F9), FULL, FULL),
            Change(MetricKey("brier", F9), FULL, FULL),
            Change(MetricKey("auc", Slice("", "sex", "Female")), FULL, None),
        ]
    )
    overall, _, rest = text.partition("AUC by group")
    groups, _, silos = rest.partition("AUC by silo")
    (line,) = [line for line in overall.splitlines() if line.startswith("Log loss")]
    # Steps of 0.016 and 0.012: 0.020 either way.
    assert line.split("  ")[-1].strip() == "-0.0200 to +0.0200"
    assert "Gap in AUC, over the silos" in overall
    assert [line.split()[0] for line in silos.strip().splitlines()[1:]] == ["F9"]
    assert groups.split("\n")[2].split() == ["sex:", "Female", "0.7020", "-", "-"]


def test_a_long_list_of_silos_is_cut_and_says_so():
    found = [Change(MetricKey("auc", Slice(f"s{n}")), FULL, BARE) for n in range(2410)]
    text = printed(found)
    assert "AUC by silo, 30 of 2,410" in text
    assert ("s29" in text, "s30" in text) == (True, False)


def test_markup_in_names_is_text():
    assert "[bold]x[/]" in printed(
        [Change(MetricKey("auc", Slice("[bold]x[/]")), FULL, BARE)]
    )
