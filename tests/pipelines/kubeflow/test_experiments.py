"""An experiment is made once and found after."""

import pytest

from pipelines.kubeflow import experiments
from pipelines.kubeflow.errors import ConflictError
from tests.support.kfp_server import Fault


def test_it_is_made_once(kfp, connection):
    assert experiments.find(connection, "flights") is None
    made = experiments.ensure(connection, "flights")
    assert experiments.ensure(connection, "flights") == made
    assert experiments.find(connection, "flights") == made
    assert len(kfp.asked("POST")) == 1


def test_one_whose_name_only_begins_alike_is_another(connection):
    experiments.ensure(connection, "flights-old")
    assert experiments.find(connection, "flights") is None


def test_each_namespace_has_its_own(kfp, connect):
    kfp.state.multi_user = True
    ids = {
        experiments.ensure(connect(namespace=one), "flights")
        for one in ("team-a", "team-b")
    }
    assert len(ids) == 2


def test_somebody_who_was_faster_is_no_fault(kfp, connection):
    kfp.faults = [Fault(409, method="POST", after=True)]
    assert experiments.ensure(connection, "flights") in kfp.state.experiments
    kfp.faults = [Fault(409, method="POST")]
    with pytest.raises(ConflictError):
        experiments.ensure(connection, "loans")
