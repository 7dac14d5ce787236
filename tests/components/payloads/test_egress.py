import pytest

from components.errors import FairSiloError
from components.payloads import egress
from components.payloads.egress import KINDS, Departure, Egress


def test_what_left_reads_back_as_it_was_written(tmp_path):
    left = {"süd": tuple(Departure(kind, 3, 70) for kind in KINDS), "north": ()}
    egress.write(tmp_path, left)
    assert egress.read(tmp_path) == left


def test_a_kind_that_is_not_on_the_list_may_not_leave():
    with pytest.raises(ValueError, match=r"'rows' may not leave a silo: not one of \("):
        Departure("rows", 1, 1)


def test_a_kind_that_is_not_on_the_list_is_not_read_either(tmp_path):
    text = '{"silos": {"north": [{"kind": "rows", "count": 1, "bytes": 1}]}}'
    (tmp_path / Egress.FILE_NAME).write_text(text)
    with pytest.raises(FairSiloError, match="'rows' may not leave a silo"):
        egress.read(tmp_path)


def test_where_no_account_is_kept_nothing_left(tmp_path):
    assert egress.read(tmp_path) == {}


def test_silos_are_listed_in_order_whoever_comes_first(tmp_path):
    egress.write(tmp_path, {"b": [], "a": []})
    assert list(egress.read(tmp_path)) == ["a", "b"]
