"""What is not there is named, or left out where the page can do without."""

import pathlib

import pytest

from components.errors import FairSiloError
from components.payloads import table
from components.payloads.cohort import Cohort
from pipelines.runners.step_reports import outputs
from tests.pipelines.runners.step_reports import cases


def test_an_output_is_read_by_its_owner(blessed):
    found = outputs.required(blessed, "SiloValidator", "cohort", Cohort.read)
    assert found.admitted == list(cases.ADMITTED)


@pytest.mark.parametrize(
    ("node", "key"), [("SiloValidator", "other"), ("ContributionAuditor", "cohort")]
)
def test_an_output_that_the_run_does_not_have_is_named(blessed, node, key):
    with pytest.raises(FairSiloError, match=rf"`{node}`: found no output `{key}`"):
        outputs.required(blessed, node, key, Cohort.read)
    assert outputs.optional(blessed, node, key, pathlib.Path) is None


def test_a_file_that_is_gone_is_named(blessed):
    file = blessed["SiloValidator"].outputs["cohort"] / Cohort.FILE_NAME
    file.unlink()
    with pytest.raises(FairSiloError) as told:
        outputs.required(blessed, "SiloValidator", "cohort", Cohort.read)
    assert f"{file}: found no such file, expected what the node" in told.value.message
    assert told.value.hint == "read the step's log, then start the run again"
    assert outputs.optional(blessed, "SiloValidator", "cohort", Cohort.read) is None


def test_a_table_that_is_gone_is_named(blessed):
    path = blessed["FairnessEvaluator"].outputs["evaluation"] / table.PARQUET
    path.unlink()
    with pytest.raises(FairSiloError, match=f"{path}: found no such file"):
        outputs.required(blessed, "FairnessEvaluator", "evaluation", table.read)
