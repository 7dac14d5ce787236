"""What nodes say of silos: names, findings, cohort, egress, and enough data."""

import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import FairSiloError, SettingsError
from components.payloads import egress, findings
from components.payloads.cohort import Cohort, Member
from components.payloads.egress import KINDS, Egress, EgressItem
from components.payloads.findings import Finding, Group, grouped
from components.payloads.minimum_data import MinimumData
from components.payloads.silo import MAX_ID_BYTES, Silo, check_id

NOTED = (Finding("a note", "a hint"),)
OPEN = Member("a", True, (), NOTED, {"train": 80}, 0.8, {"weight": 0.25})
CLOSED = Member("süd", False, (Finding("zu wenig „Zeilen“"), Finding("東", "北")))


@pytest.mark.parametrize(
    ("quorum", "refusal"),
    [(1, ""), (2, "1 of 2 silos were admitted; the quorum is 2")],
)
def test_a_cohort_reads_back_and_says_when_it_is_too_small(tmp_path, quorum, refusal):
    Cohort((OPEN, CLOSED), quorum).write(tmp_path)
    found = Cohort.read(tmp_path)
    assert found == Cohort((OPEN, CLOSED), quorum)
    assert (found.admitted, found.refusal) == (["a"], refusal)


def test_egress_reads_back_in_the_order_of_silos(tmp_path):
    assert egress.read(tmp_path) == {}
    left = {"süd": tuple(EgressItem(kind, 3, 70) for kind in KINDS), "north": ()}
    egress.write(tmp_path, left)
    assert list(egress.read(tmp_path).items()) == sorted(left.items())


def test_a_kind_that_is_not_on_the_list_neither_leaves_nor_is_read(tmp_path):
    with pytest.raises(ValueError, match=r"'rows' may not leave a silo: not one of \("):
        EgressItem("rows", 1, 1)
    text = '{"silos": {"north": [{"kind": "rows", "count": 1, "bytes": 1}]}}'
    (tmp_path / Egress.FILE_NAME).write_text(text)
    with pytest.raises(FairSiloError, match="'rows' may not leave a silo"):
        egress.read(tmp_path)


def test_findings_with_one_hint_stand_together_in_the_order_of_the_first():
    found = (
        Finding("column `a`: found none", "export it"),
        Finding("found a fault"),
        Finding("column `b`: found none", "export it"),
    )
    assert grouped(found) == (
        Group("export it", ("column `a`: found none", "column `b`: found none")),
        Group("", ("found a fault",)),
    )


@given(st.lists(st.builds(Finding, st.text(), st.sampled_from(["", "a", "b"]))))
def test_no_sentence_is_lost_by_grouping_and_no_hint_is_told_twice(some):
    groups = grouped(some)
    told = [Finding(one, group.hint) for group in groups for one in group.sentences]
    assert sorted(told, key=str) == sorted(some, key=str)
    assert len({group.hint for group in groups}) == len(groups)
    assert sorted(findings.sentences(told)) == sorted(findings.sentences(some))


@pytest.mark.parametrize(
    ("rows", "positives", "enough"),
    [
        (49, 20, False),
        (50, 5, True),
        (50, 4, False),
        (50, 46, False),
        (50, None, True),
    ],
)
def test_rows_and_rows_of_each_label_are_asked(rows, positives, enough):
    needed = MinimumData(rows=50, rows_of_each_label=5)
    assert needed.has_enough(rows, positives) is enough


@pytest.mark.parametrize(
    "name", ["north", "Süd 2", "東京-支店", "силос", "a.b", "x" * MAX_ID_BYTES, "it's"]
)
def test_a_plain_folder_name_in_any_script_is_a_silos_name(name):
    assert check_id(name) == name
    assert Silo(name, "/homes/x").path("a", "b") == pathlib.Path("/homes/x/a/b")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        ("../north", "would leave its parent folder"),
        ("..", "would leave its parent folder"),
        (".", "would leave its parent folder"),
        ("/etc", "would leave its parent folder"),
        ("a\\b", "would leave its parent folder"),
        (".hidden", "is hidden (starts with a dot)"),
        ("a\0b", "holds control or invisible characters"),
        ("a\nb", "holds control or invisible characters"),
        ("a\u202eb", "holds control or invisible characters"),  # reverses the text
        ("a\u200bb", "holds control or invisible characters"),  # has no width
        ("caf\udce9", "bytes that are not UTF-8"),  # as the file system gives it
        ("x" * (MAX_ID_BYTES + 1), f"'{'x' * 40}...' has 121 bytes"),
        ("東" * 41, "has 123 bytes"),
    ],
)
def test_any_other_name_is_refused_with_its_fault(name, fault):
    with pytest.raises(SettingsError) as caught:
        check_id(name)
    assert fault in caught.value.message
    assert "expected a plain folder name of at most 120 bytes" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint == "rename the silo's folder"
