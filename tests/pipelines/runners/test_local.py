"""Run ids are unique; the program's own arguments are hidden from Beam."""

import itertools
import sys

import pytest

from components.errors import SettingsError
from pipelines.runners import local
from tests.support.at_once import at_once


def test_run_ids_name_the_span_and_do_not_repeat(tmp_path):
    first = local.new_run_id(tmp_path, "2013-11")
    assert first.endswith("-2013-11")
    assert (tmp_path / first).is_dir()
    assert local.new_run_id(tmp_path, "2013-11") != first
    assert not local.new_run_id(tmp_path, "").endswith("-")


def test_runs_that_start_in_one_second_have_names_of_their_own(tmp_path):
    runs = tmp_path / "not there yet" / "runs"
    names = [*itertools.chain(*at_once(lambda _: local.new_run_id(runs, "1"), 2))]
    assert len({*names}) == 4
    assert {path.name for path in runs.iterdir()} == {*names}


@pytest.mark.parametrize(
    "span", ["../2013-11", "/2013-11", "a\0b", "\udcff", "x" * 201]
)
def test_a_span_leads_out_of_no_folder(tmp_path, span):
    with pytest.raises(
        SettingsError, match=r"--span: found .* expected a span such as"
    ):
        local.new_run_id(tmp_path, span)


def test_arguments_are_hidden_and_put_back(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["fairsilo", "run", "--force"])
    with local._own_arguments():
        assert sys.argv == ["fairsilo"]
    assert sys.argv == ["fairsilo", "run", "--force"]
