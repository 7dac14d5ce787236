"""Checkpoints: the last round that can be read, and no more than two."""

from __future__ import annotations

import collections
import errno
import os
import pathlib

import numpy as np
import pytest
import tensorflow_federated as tff

from components.errors import FairSiloError
from components.federation.checkpoints import Checkpoints
from components.payloads import model_run
from components.payloads.model_run import SiloRecord

SILO = SiloRecord("a", 3, 0.7, 0.5, 1.0, 1.0)


def state(value):
    weights = (np.full((2, 3), value, np.float32), np.zeros(0, np.float32))
    return collections.OrderedDict(
        weights=tff.learning.models.ModelWeights(weights, ()),
        step=np.int32(value),
        nothing=(),
    )


def rounds(count):
    return [model_run.summarise(i + 1, [SILO], {"b": "gone"}) for i in range(count)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def checkpoints(folder):
    """Return the checkpoints after two rounds."""
    made = Checkpoints(folder)
    for number in (1, 2):
        made.save(state(number), rounds(number))
    return made


def test_start_is_returned_when_there_is_none(folder):
    start = state(0)
    found = Checkpoints(folder).latest(start)
    assert (found.round, found.state, found.rounds) == (0, start, ())


def test_latest_round_is_returned_with_its_records(checkpoints, folder):
    checkpoints.save(state(3), rounds(3))
    (folder / "partial").write_bytes(b"cut short")  # by a kill
    found = Checkpoints(folder).latest(state(0))
    assert (found.round, found.rounds) == (3, tuple(rounds(3)))
    assert found.state["step"] == 3
    assert found.state["step"].dtype == np.int32
    np.testing.assert_array_equal(
        found.state["weights"].trainable[0], np.full((2, 3), 3)
    )
    names = sorted(path.name for path in folder.glob("*.npz"))
    assert names == ["round_000002.npz", "round_000003.npz"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no checkpoint", None])
def test_broken_checkpoint_falls_back_to_the_one_before(checkpoints, folder, content):
    path = folder / "round_000002.npz"
    content = path.read_bytes()[:-100] if content is None else content
    path.write_bytes(content)
    assert checkpoints.latest(state(0)).round == 1
    (aside,) = folder.glob("round_000002.npz.*.aside")
    assert aside.read_bytes() == content
    checkpoints.save(state(2), rounds(2))
    assert checkpoints.latest(state(0)).round == 2


def test_a_checkpoint_that_cannot_be_read_now_is_kept(checkpoints, folder, monkeypatch):
    def refuse(path):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(pathlib.Path, "read_bytes", refuse)
        with pytest.raises(FairSiloError) as caught:
            checkpoints.latest(state(0))
    error = caught.value
    assert error.is_temporary
    assert error.message == (
        f"checkpoint {folder}/round_000002.npz: found that it can't be read "
        f"({os.strerror(errno.ESTALE)}), expected the state of the training so far"
    )
    assert error.hint.startswith("mend the volume or the file's owner and mode")
    assert checkpoints.latest(state(0)).round == 2


def test_checkpoints_that_are_set_aside_are_not_gone_on_from(checkpoints, folder):
    checkpoints.set_aside()
    assert checkpoints.latest(state(0)).round == 0
    assert len(list(folder.glob("round_00000[12].npz.*.aside"))) == 2
