"""Rounds kept for the audit, of real trainings: whole or killed, once or again."""

from __future__ import annotations

import itertools
import stat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import digests
from components.errors import FairSiloError
from components.federation import audited_rounds, echo, training
from components.federation.plan import Algorithm
from pipelines.runners import integrity
from pipelines.runners.results import NodeResult
from tests.components.federation import support

tff = pytest.mark.tff

PLAN = support.PLAN.model_copy(
    update={"rounds": 4, "algorithm": Algorithm(name="scaffold")}
)
AUDITED = (1, 2, 3, 4)
FACTORS = {"south": 2.0, "elsewhere": 9.0}


def test_spread_rounds_are_the_middles_of_equal_parts():
    assert audited_rounds.spread(10, 1) == (5,)
    assert audited_rounds.spread(10, 2) == (3, 8)
    assert audited_rounds.spread(20, 3) == (4, 10, 17)
    assert audited_rounds.spread(3, 5) == (1, 2, 3)
    assert audited_rounds.spread(5, 0) == ()


@given(st.integers(1, 200), st.integers(1, 200))
def test_spread_rounds_are_different_and_evenly_apart(rounds, number):
    found = audited_rounds.spread(rounds, number)
    assert len(found) == min(rounds, number)
    steps = np.diff(found)
    assert all(steps >= 1)
    assert not len(steps) or steps.max() - steps.min() <= 1
    assert found[0] >= 1
    assert found[-1] <= rounds


@pytest.fixture(scope="module")
def train(federation):
    def run(folder, audited=4):
        _, program = support.program_of(support.linear, PLAN)
        rows = {silo: support.num_rows(silo) for silo in federation[0]}
        return training.train(
            program, rows, PLAN, folder, folder / "tb", audited=audited, factors=FACTORS
        )

    return run


@pytest.fixture(scope="module")
def whole(train, tmp_path_factory):
    """Return the folder and the result of a training that nobody disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train(folder)


def files(folder):
    below = folder / audited_rounds.FOLDER
    found = (path for path in below.rglob("*.*") if path.is_file())
    return {str(path.relative_to(below)): path for path in found}


@tff
def test_kept_rounds_hold_what_each_silo_sent(federation, whole):
    folder, result = whole
    start, _ = support.program_of(support.linear, PLAN)
    assert len(files(folder)) == 4 * 2
    kept = audited_rounds.read(folder, 2)
    record = result.rounds[1]
    assert kept.silos == tuple(support.SIZES)
    weights = [300, 240, 57]  # rows, with the operator's factor
    np.testing.assert_array_equal(kept.weights, weights)
    assert kept.updates.dtype == kept.before.dtype == np.float32
    for silo, update in zip(record.silos, kept.updates, strict=True):
        assert echo.digest(update) == silo.digest
        assert np.linalg.norm(update) == pytest.approx(silo.update_norm)
    initial = support.flat(start.weights)
    assert not np.allclose(kept.before, initial)
    last = audited_rounds.read(folder, 4)
    mean = last.weights @ last.updates / last.weights.sum()
    after = last.before - mean
    np.testing.assert_allclose(support.flat(result.weights), after, atol=1e-6)


@tff
def test_records_say_what_updates_repeat(whole):
    folder, result = whole
    first, *others = result.rounds
    assert {(one.echo, one.repeat) for one in first.silos} == {(None, None)}
    for one in itertools.chain(*(record.silos for record in others)):
        assert -1 <= one.echo <= 1
        assert -1 <= one.repeat <= 1
    kept = audited_rounds.read(folder, 4)
    north, south = kept.updates[:2].astype(np.float64)
    cosine = north @ south / np.linalg.norm(north) / np.linalg.norm(south)
    west = kept.updates[2] @ north / np.linalg.norm(kept.updates[2])
    expected = max(cosine, west / np.linalg.norm(north))
    assert result.rounds[3].silos[0].twin == pytest.approx(expected, abs=1e-6)
    digests_of = {one.digest for record in result.rounds for one in record.silos}
    assert len(digests_of) == 4 * 3


@tff
def test_only_the_coordinator_s_user_may_read_them(whole):
    for path in files(whole[0]).values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for folder in (path.parent, path.parent.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@tff
def test_no_update_of_a_single_silo_outlives_the_training_elsewhere(whole):
    (last,) = (whole[0] / "checkpoints").glob("*")
    with np.load(last) as archive:
        shapes = {archive[name].shape for name in archive.files}
    parameters = support.program_of(support.linear, PLAN)[0].num_parameters
    assert (3, parameters) in shapes  # SCAFFOLD's variates, its own matter
    assert last.name == "round_000004.npz"
    with np.load(last) as archive:
        *_, vectors, _ = (archive[name] for name in sorted(archive.files)[:-1])
    assert vectors.shape == (0, 0)


@tff
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_training_that_was_stopped_keeps_the_same_bytes(
    whole, train, tmp_path, number
):
    with support.stopped_after(number):
        train(tmp_path)
    result = train(tmp_path)
    assert result.resumed_from == number
    assert result.rounds == whole[1].rounds
    found = {name: digests.of_file(path) for name, path in files(tmp_path).items()}
    assert found == {
        name: digests.of_file(path) for name, path in files(whole[0]).items()
    }


@tff
def test_nothing_is_kept_where_nothing_is_audited(train, whole, tmp_path):
    result = train(tmp_path, audited=0)
    assert not (tmp_path / audited_rounds.FOLDER).exists()
    assert result.rounds == whole[1].rounds


@tff
def test_updates_are_forgotten_and_a_training_that_must_give_them_begins_anew(
    train, tmp_path
):
    made, artifact = tmp_path / "training", tmp_path / "trainer" / "model_run" / "5"
    first = train(made)
    audited_rounds.place(made, artifact, AUDITED)
    before = {name: path.read_bytes() for name, path in files(artifact).items()}
    assert train(made).resumed_from == 4, "they are still there"

    node = NodeResult("FederatedTrainer", 0.0, False, {"model_run": artifact})
    integrity.record_files(node)
    audited_rounds.forget_updates(artifact)
    integrity.set_damaged_aside([artifact.parents[1]])
    assert artifact.is_dir(), "it has lost nothing that TFX's cache needs"
    for folder in (made, artifact):
        kept = {name.rpartition("/")[2] for name in files(folder)}
        assert kept == {audited_rounds.STATE}
    with pytest.raises(FairSiloError) as caught:
        audited_rounds.read(artifact, 2)
    assert caught.value.message == (
        f"{artifact}/audited/round_000002/.updates.npz: found that it can't be read "
        "(No such file or directory), expected what the training kept of this audited "
        "round; single silos' updates are deleted as soon as the audit's report is "
        "written"
    )
    assert caught.value.hint.startswith("bring the file back")
    audited_rounds.forget_updates(artifact)  # once more does no harm

    again = train(made)
    assert (again.resumed_from, again.rounds) == (0, first.rounds)
    audited_rounds.place(made, artifact, AUDITED)
    found = {name: path.read_bytes() for name, path in files(artifact).items()}
    assert found == before


def test_forgetting_where_nothing_was_kept_does_nothing(tmp_path):
    audited_rounds.forget_updates(tmp_path)
    assert list(tmp_path.iterdir()) == []


@tff
def test_what_decided_the_messages_is_kept(whole):
    path = audited_rounds.path(whole[0], 2)
    assert audited_rounds.read_told(path) == audited_rounds.Told(
        support.SIZES, {}, FACTORS, tuple(support.SIZES)
    )


def without_south(federation, plan, folder, **options):
    _, program = support.program_of(support.linear, plan)
    rows = {silo: support.num_rows(silo) for silo in federation[0]}
    rows = {silo: num for silo, num in rows.items() if silo.id != "south"}
    return training.train(program, rows, plan, folder, folder / "tb", **options)


@tff
@pytest.mark.parametrize("name", ["fed_avg", "scaffold", "afl"])
def test_a_start_before_the_first_round_gives_the_others_a_training_of_their_own(
    federation, tmp_path, name
):
    plan = support.PLAN.model_copy(update={"algorithm": Algorithm(name=name)})
    _, program = support.program_of(support.linear, plan)
    rows = {silo: support.num_rows(silo) for silo in federation[0]}
    training.train(program, rows, plan, tmp_path, tmp_path / "tb", audited=2)
    scratch = without_south(federation, plan, tmp_path / "scratch")
    start = audited_rounds.path(tmp_path, 1)
    found = without_south(federation, plan, tmp_path / "from", start_from=start)
    for one, other in zip(found.weights, scratch.weights, strict=True):
        assert one.tobytes() == other.tobytes()
    assert found.rounds == scratch.rounds


@tff
def test_a_start_in_the_middle_goes_on_without_a_silo_as_in_numpy(federation, tmp_path):
    plan, rows = support.PLAN, federation[1]
    start, program = support.program_of(support.linear, plan)
    silos = {silo: support.num_rows(silo) for silo in federation[0]}
    training.train(program, silos, plan, tmp_path, tmp_path / "tb", audited=2)
    found = without_south(
        federation, plan, tmp_path / "from", start_from=audited_rounds.path(tmp_path, 2)
    )
    one = plan.model_copy(update={"rounds": 1})
    weights, _ = support.numpy_training(rows, support.flat(start.weights), one)
    own = {silo: rows[silo] for silo in ("north", "west")}
    trained = [
        support.local_sgd(
            each,
            weights,
            support.shuffled(len(each.labels), plan, 2, silo),
            plan.client_learning_rate,
        )
        for silo, each in own.items()
    ]
    counts = [len(each.labels) for each in own.values()]
    support.assert_close(found.weights, np.average(trained, axis=0, weights=counts))
    assert [len(record.silos) for record in found.rounds] == [3, 2]
