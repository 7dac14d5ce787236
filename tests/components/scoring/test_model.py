"""Scoring with other weights than the model's own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from components.features.columnar import encode
from components.scoring.model import (
    Scorer,
    digest_of,
    read_weights,
    scorer,
    write_weights,
)


@pytest.fixture(scope="session")
def files(base, tmp_path_factory):
    """Two files of other weights, by seed."""
    folder = tmp_path_factory.mktemp("weights")
    for seed in (1, 2):
        write_weights(folder / f"{seed}.npz", base.others(seed))
    return {seed: str(folder / f"{seed}.npz") for seed in (1, 2)}


def test_interleaved_scorers_of_one_folder_each_give_their_own_scores(
    base, files, rows
):
    batch = encode(rows, base.spec)
    scorers = [
        (Scorer(base.folder), base.weights),
        (Scorer(base.folder, weights=files[1]), base.others(1)),
        (Scorer(base.folder, weights=files[2]), base.others(2)),
    ]
    expected = [base.scores(rows, weights) for _, weights in scorers]
    assert np.abs(expected[1] - expected[0]).max() > 0.01
    assert np.abs(expected[1] - expected[2]).max() > 0.01
    for place in (0, 1, 2, 1, 0, 0, 2):
        found, weights = scorers[place]
        np.testing.assert_allclose(found(batch), expected[place], atol=1e-6)
        assert found.digest == digest_of(weights, base.spec)


def test_scorers_in_threads_do_not_take_each_others_weights(base, files, rows):
    batch = encode(rows, base.spec)
    start = threading.Barrier(2)

    def score(seed):
        found = Scorer(base.folder, weights=files[seed])
        start.wait(60)
        return [found(batch) for _ in range(50)]

    with ThreadPoolExecutor(2) as pool:
        for seed, scores in zip((1, 2), pool.map(score, (1, 2)), strict=True):
            expected = base.scores(rows, base.others(seed))
            for each in scores:
                np.testing.assert_allclose(each, expected, atol=1e-6)


def test_scorers_of_many_weights_load_the_saved_model_once(base, files, monkeypatch):
    Scorer(base.folder)  # it may be the first

    def load(*_):
        raise AssertionError("loaded again")

    monkeypatch.setattr(tf.saved_model, "load", load)
    for seed in (1, 2, 1):
        Scorer(base.folder, weights=files[seed])


def test_weights_that_do_not_fit_leave_the_others_their_scores(base, rows, tmp_path):
    batch = encode(rows, base.spec)
    own = Scorer(base.folder)
    before = own(batch)
    fewer = tmp_path / "fewer.npz"
    write_weights(fewer, base.others(1)[:-1])
    wrong = Scorer(base.folder, weights=str(fewer))
    with pytest.raises(ValueError, match="shorter"):
        wrong(batch)
    np.testing.assert_array_equal(own(batch), before)


def test_a_file_that_holds_others_by_now_is_refused_and_not_kept(base, tmp_path):
    path = str(tmp_path / "own.npz")
    write_weights(path, base.others(1))
    digest = digest_of(base.others(2), base.spec)
    with pytest.raises(ValueError, match=f"in place of {digest[:12]}"):
        scorer(base.folder, digest, path)
    write_weights(path, base.others(2))
    assert scorer(base.folder, digest, path).digest == digest


def test_weights_come_back_from_a_file_of_any_name_and_give_the_same_bytes(
    base, tmp_path
):
    for name in ("a.npz", ".a.npz.tmp"):
        write_weights(tmp_path / name, base.others(1))
        found = read_weights(tmp_path / name)
        for one, other in zip(found, base.others(1), strict=True):
            np.testing.assert_array_equal(one, other)
    one, other = (path.read_bytes() for path in tmp_path.iterdir())
    assert one == other
