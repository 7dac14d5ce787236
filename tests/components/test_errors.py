import pickle

import pytest

from components.errors import FairSiloError, QuorumError, SettingsError, SiloError

ERRORS = [
    FairSiloError("found 1, expected 2", "add one"),
    SettingsError("found no file"),
    QuorumError("3 of 8 silos are left", "wait"),
    SiloError("north", "a.csv", "0 bytes", "a table", "export it again"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_says_the_same_after_it_was_pickled(error):
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  Beam does just this
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


def test_a_silos_error_names_silo_place_found_expected_and_way_out():
    error = SiloError("north", "a.csv", "0 bytes", "a table", "export it again")
    assert str(error) == (
        "silo `north`: a.csv: found 0 bytes, expected a table\n\nhint: export it again"
    )


def test_an_error_without_a_way_out_has_no_hint():
    assert str(SettingsError("found no file")) == "found no file"


@pytest.mark.parametrize(
    ("kind", "status"),
    [(FairSiloError, 1), (SettingsError, 2), (QuorumError, 3), (SiloError, 1)],
)
def test_each_kind_of_error_has_its_exit_status(kind, status):
    assert kind.exit_status == status
