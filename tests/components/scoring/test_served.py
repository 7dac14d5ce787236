"""What serves a silo: what was chosen, or the base model and the reason."""

import dataclasses
import pathlib

import numpy as np
import pytest

from components.errors import FairSiloError
from components.payloads.benefit import SiloBenefit
from components.payloads.silo import Silo
from components.scoring.model import digest_of, read_weights, write_weights
from components.scoring.served import Served, by_report, of_silo


@pytest.fixture
def silo(tmp_path):
    home = tmp_path / "süd-東"
    home.mkdir()
    return Silo("süd-東", str(home))


@pytest.mark.parametrize("served", ["personal", "alone"])
def test_the_weights_that_were_chosen_serve(base, silo, served):
    own = base.own(silo, served, base.others(1))
    other = SiloBenefit("nord", "personal", "d", "w.npz")
    found = of_silo(silo, base.digest, base.spec, base.report(other, own))
    assert found[:2] == (served, digest_of(base.others(1), base.spec))
    np.testing.assert_array_equal(read_weights(found.weights)[0], base.others(1)[0])
    assert found.lost == ""
    assert pathlib.Path(found.weights).is_relative_to(silo.home)


def test_without_a_choice_the_base_model_serves_and_nothing_is_lost(base, silo):
    chosen_base = SiloBenefit(silo.id, digest=base.digest)
    other = SiloBenefit("nord", "personal", "d", "w.npz")
    for report in (None, base.report(), base.report(other), base.report(chosen_base)):
        assert of_silo(silo, base.digest, base.spec, report) == Served(
            "base", base.digest
        )


def test_what_was_chosen_beside_an_earlier_base_is_never_used(base, silo):
    own = base.own(silo, "personal", base.others(1))
    earlier = dataclasses.replace(base.report(own), base="an earlier digest")
    assert of_silo(silo, base.digest, base.spec, earlier) == Served("base", base.digest)


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (pathlib.Path.unlink, "found no file, "),
        (lambda path: path.write_bytes(b""), "found a damaged file (EOFError), "),
        (cut, "found a damaged file (BadZipFile), "),
        (
            lambda path: path.write_bytes(b"canary"),
            "found a damaged file (ValueError), ",
        ),
    ],
    ids=["gone", "empty", "cut", "no archive"],
)
def test_where_weights_are_gone_or_damaged_the_base_model_serves_and_it_is_said(
    base, silo, spoil, found
):
    own = base.own(silo, "personal", base.others(1))
    spoil(silo.path(own.weights))
    served = of_silo(silo, base.digest, base.spec, base.report(own))
    assert served[:3] == ("base", base.digest, "")
    assert served.lost.startswith(f"silo `süd-東`: {own.weights}: {found}expected the ")
    assert served.lost.endswith(
        f"weights of its personal model, digest {own.digest[:12]}; the base model "
        "serves it until the next run trains them again"
    )
    assert "canary" not in served.lost


@pytest.mark.parametrize("of", ["other training", "other form"])
def test_stale_weights_in_the_chosen_ones_place_are_never_used(base, silo, of):
    own = base.own(silo, "alone", base.others(1))
    stale = base.others(9) if of == "other training" else base.others(1)[::-1]
    write_weights(silo.path(own.weights), stale)
    served = of_silo(silo, base.digest, base.spec, base.report(own))
    assert served[:3] == ("base", base.digest, "")
    assert "found other weights, expected the weights of its alone" in served.lost


def test_a_report_in_a_folder_tells_and_a_folder_that_is_gone_is_said(
    base, silo, tmp_path
):
    own = base.own(silo, "personal", base.others(1))
    base.report(own).write(tmp_path)
    serve = by_report(str(tmp_path), base.folder, base.digest)
    assert serve(silo).digest == own.digest
    by_base = Served("base", base.digest)
    assert by_report("", base.folder, base.digest)(silo) == by_base
    gone = by_report(str(tmp_path / "gone"), base.folder, base.digest)(silo)
    assert gone._replace(lost="") == by_base
    assert gone.lost == (
        f"silo `süd-東`: {tmp_path}/gone: found no benefit.json, expected the file "
        "that says which model serves it; the base model serves it until the folder "
        "is back"
    )


def test_a_damaged_report_is_an_error_that_names_it(base, tmp_path):
    (tmp_path / "benefit.json").write_text('{"silos": 3}')
    with pytest.raises(FairSiloError, match=r"benefit.json: found a fault in `silos`"):
        by_report(str(tmp_path), base.folder, base.digest)
