"""Steps of one run share a folder that no other run or use case has."""

import pathlib

from pipelines.runners.job import Job

ROOT = pathlib.Path("/mnt/fairsilo")


def test_runs_and_use_cases_are_kept_apart_below_the_root():
    one = Job("flights", "run-1", ROOT)
    assert one.places.output == ROOT / "flights"
    assert one.ir_file == ROOT / "flights" / "runs" / "run-1" / "pipeline.json"
    assert one.folder != Job("flights", "run-2", ROOT).folder
    assert not one.folder.is_relative_to(Job("loans", "run-1", ROOT).places.output)


def test_the_store_is_named_and_never_spelt_out():
    assert Job("flights", "run-1", ROOT).places.operator_store == "env:FAIRSILO_STORE"
