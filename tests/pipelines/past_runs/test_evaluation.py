"""An evaluation is read whole, or said to be of another version."""

import json
import pathlib

import pytest

from components.errors import SettingsError
from components.payloads import table
from components.payloads.decision import Decision
from pipelines.past_runs import evaluation
from pipelines.places import Places
from tests.pipelines import past


@pytest.fixture
def documents(tmp_path):
    """The table's and the decision's bytes."""
    told = past.evaluated(Places(tmp_path), "a", 0.6)
    return [
        pathlib.Path(told["evaluation"], table.PARQUET).read_bytes(),
        pathlib.Path(told["blessing"], Decision.FILE_NAME).read_bytes(),
    ]


def test_both_documents_are_read(documents):
    found = evaluation.read("a", *documents)
    assert found.figures == past.FIGURES
    assert found.decision.blessed


def test_a_decision_of_another_version_is_told(documents):
    old = json.dumps({"blessed": True, "reasons": []}).encode()
    with pytest.raises(SettingsError) as caught:
        evaluation.read("a", documents[0], old)
    assert caught.value.message.startswith(
        "run a: its evaluation is of another version of FairSilo, found "
    )
    assert caught.value.hint == "run that span again"


def test_figures_are_columns(documents):
    assert evaluation.figures(documents[0]).column_names == table.SCHEMA.names


@pytest.mark.parametrize("cut", [9, 10_000])
def test_a_cut_off_table_has_no_figures(documents, cut):
    assert evaluation.figures(documents[0][:-cut]) is None
