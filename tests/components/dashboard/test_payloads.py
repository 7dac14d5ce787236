from __future__ import annotations

import json

import pytest

from components.dashboard import payloads
from components.errors import FairSiloError

DECISION = {
    "blessed": False,
    "reasons": ["too low"],
    "gates": [{"gate": "worst", "passed": False, "sentence": "too low", "more": 1}],
    "baseline": None,
    "not_judged": [],
    "waivers": [],
}


def test_fields_that_the_page_does_not_know_are_ignored(tmp_path):
    (tmp_path / "decision.json").write_text(json.dumps(DECISION))
    decision = payloads.read(payloads.Decision, tmp_path)
    assert decision.reasons == ("too low",)
    assert decision.gates[0].sentence == "too low"


def test_a_missing_file_means_that_the_artifact_is_broken(tmp_path):
    with pytest.raises(FairSiloError) as caught:
        payloads.read(payloads.Ledger, tmp_path)
    assert caught.value.message == (
        f"{tmp_path}/ledger.json: found no file, expected `ledger.json`"
    )
    assert caught.value.hint == (
        "the InferenceResult is broken: run the node that wrote it again"
    )


def test_a_missing_field_is_named_and_no_value_is_shown(tmp_path):
    broken = {key: value for key, value in DECISION.items() if key != "blessed"}
    (tmp_path / "decision.json").write_text(json.dumps(broken))
    with pytest.raises(FairSiloError) as caught:
        payloads.read(payloads.Decision, tmp_path)
    assert "found a fault in `blessed`: Field required" in caught.value.message
    assert "ModelBlessing's fields blessed, reasons" in caught.value.message
    assert "too low" not in str(caught.value)


def test_a_cut_off_file_is_refused(tmp_path):
    (tmp_path / "decision.json").write_text('{"blessed": tr')
    with pytest.raises(FairSiloError, match="found a fault in `the file`"):
        payloads.read(payloads.Decision, tmp_path)
