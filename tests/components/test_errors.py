import pickle

from components.errors import FairSiloError, QuorumError, SettingsError, SiloError


def test_an_error_says_place_found_expected_and_the_way_out():
    error = SiloError("süd", "a.csv", "nothing", "rows", "export it again")
    assert str(error) == (
        "silo `süd`: a.csv: found nothing, expected rows\n\nhint: export it again"
    )


def test_errors_survive_the_way_between_processes():
    error = SiloError("süd", "a.csv", "nothing", "rows", "export it again")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    assert (str(again), again.silo) == (str(error), "süd")


def test_each_kind_has_its_exit_status():
    kinds = (FairSiloError, SettingsError, QuorumError)
    assert [kind.exit_status for kind in kinds] == [1, 2, 3]
    assert str(FairSiloError("why")) == "why"
