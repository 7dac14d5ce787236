"""An update of a past round, computed once more by the silo's own worker."""

from __future__ import annotations

import os

import numpy as np
import pytest

from components.errors import FairSiloError
from components.federation import audited_rounds, replay, tensor_files, training
from components.federation.plan import Aggregation, Algorithm, Weighting
from tests.components.federation import support

pytestmark = pytest.mark.tff

CAPPED = Weighting(name="capped", cap=0.4)  # a weight depends on who else is there


def plan_of(algorithm, aggregation="mean"):
    parts = {
        "algorithm": Algorithm(name=algorithm),
        "aggregation": Aggregation(name=aggregation),
        "weighting": CAPPED,
        "quorum_per_round": 2,
    }
    return support.PLAN.model_copy(update=parts)


def trained(silos, plan, folder):
    _, program = support.program_of(support.linear, plan)
    rows = {silo: support.num_rows(silo) for silo in silos}
    factors = {"south": 1.7}
    result = training.train(
        program, rows, plan, folder, folder / "tb", factors=factors, audited=4
    )
    return program, result


def digest_of(result, number, name):
    silos = result.rounds[number - 1].silos
    return next(one.digest for one in silos if one.silo == name)


@pytest.mark.parametrize(
    ("algorithm", "aggregation"),
    [("scaffold", "mean"), ("q_fed_avg", "clipped"), ("fed_avg", "geometric_median")],
)
def test_an_honest_silo_s_update_is_the_same_whoever_else_was_there(
    federation, tmp_path, algorithm, aggregation
):
    silos, _ = federation
    plan = plan_of(algorithm, aggregation)
    program, result = trained(silos, plan, tmp_path)
    for number, silo in ((1, silos[1]), (2, silos[2])):
        kept = audited_rounds.path(tmp_path, number)
        place = tmp_path / f"replay {number}"
        found = replay.recompute(program, plan, silo, kept, place)
        expected = digest_of(result, number, silo.id)
        assert replay.Replay(expected, found).is_equal
        logs = sorted(path.name for path in (place / "logs").iterdir())
        assert logs == ["server.log", f"silo-{silo.id}.log"]
    assert support.workers_of(os.getpid()) == {}


def test_other_rows_give_another_update_and_a_lost_state_a_sentence(tmp_path):
    silos, rows = support.make_federation(tmp_path / "homes")
    plan = plan_of("fed_avg")
    program, result = trained(silos, plan, tmp_path)
    labels = rows["south"].labels.copy()
    labels[0] = 1 - labels[0]
    labels.tofile(silos[1].path(support.FOLDER, tensor_files.LABELS))
    kept = audited_rounds.path(tmp_path, 2)
    found = replay.recompute(program, plan, silos[1], kept, tmp_path / "replay")
    assert not replay.Replay(digest_of(result, 2, "south"), found).is_equal

    (kept / audited_rounds.STATE).unlink()
    with pytest.raises(FairSiloError, match=r"state.npz: found that it can't be read"):
        replay.recompute(program, plan, silos[1], kept, tmp_path / "replay")


def test_a_silo_that_was_away_counts_as_it_did_then(federation, tmp_path):
    """The weights of a round depend on the silos that were asked in it."""
    silos, _ = federation
    plan = plan_of("fed_avg")
    absent = type(silos[0])("absent", str(tmp_path / "no home"))
    rows = {silo: support.num_rows(silo) for silo in silos} | {absent: 400}
    _, program = support.program_of(support.linear, plan)
    result = training.train(program, rows, plan, tmp_path, tmp_path / "tb", audited=2)
    assert result.rounds[1].dropped[0].silo == "absent"
    kept = audited_rounds.path(tmp_path, 2)
    assert "absent" not in audited_rounds.read_told(kept).asked
    assert "absent" in audited_rounds.read_told(kept).rows
    found = replay.recompute(program, plan, silos[0], kept, tmp_path / "replay")
    assert found == digest_of(result, 2, "north")
    weights = audited_rounds.read(tmp_path, 2).weights
    assert np.max(weights / weights.sum()) == pytest.approx(0.4, abs=1e-6)
