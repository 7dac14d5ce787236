"""A finding keeps its way out; those with the same one are told together."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.payloads import findings
from components.payloads.findings import Finding, Group, grouped

FINDINGS = (
    Finding("column `a`: found none", "export it"),
    Finding("found a fault"),
    Finding("column `b`: found none", "export it"),
    Finding("too few rows", "export more"),
)


def test_findings_with_one_way_out_stand_together_in_the_order_of_the_first():
    assert grouped(FINDINGS) == (
        Group("export it", ("column `a`: found none", "column `b`: found none")),
        Group("", ("found a fault",)),
        Group("export more", ("too few rows",)),
    )


@given(st.lists(st.builds(Finding, st.text(), st.sampled_from(["", "a", "b"]))))
def test_no_sentence_is_lost_by_grouping_and_no_hint_is_told_twice(some):
    groups = grouped(some)
    told = [(group.hint, one) for group in groups for one in group.sentences]
    assert sorted(told) == sorted((one.hint, one.sentence) for one in some)
    assert len({group.hint for group in groups}) == len(groups)


def test_sentences_are_told_alone():
    assert findings.sentences(FINDINGS[:2]) == (
        "column `a`: found none",
        "found a fault",
    )


def test_a_finding_reads_back_as_it_was_written():
    written = json.loads(json.dumps([dataclasses.asdict(one) for one in FINDINGS]))
    assert findings.all_of_json(written) == FINDINGS


def test_what_is_no_finding_is_refused():
    with pytest.raises(TypeError, match="sentences"):
        findings.all_of_json([{"sentences": "two"}])
