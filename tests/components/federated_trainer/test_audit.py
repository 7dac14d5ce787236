"""What the audit asks of a training: kept rounds, replays, trainings without a silo."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import shutil

import numpy as np
import pytest

from components.errors import FairSiloError, SettingsError
from components.federated_trainer import trainer
from components.federation import audited_rounds, encode, tensor_files
from components.payloads.manifest import Manifest
from components.payloads.model_run import RunRecord
from components.scoring import model as scoring
from tests.components.federated_trainer import support

pytestmark = [pytest.mark.tff, pytest.mark.beam]


@dataclasses.dataclass(frozen=True)
class Audited:
    folder: pathlib.Path
    manifest: Manifest
    asked: trainer.Request
    record: RunRecord

    @property
    def run(self):
        return self.folder / "run"


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """Return a training with both of its rounds audited."""
    folder = tmp_path_factory.mktemp("audited")
    manifest = support.make_manifest(folder / "homes")
    asked = support.request(manifest, folder)
    asked = dataclasses.replace(asked, audited_rounds=2)
    trainer.run(asked, folder / "model", folder / "run")
    return Audited(folder, manifest, asked, RunRecord.read(folder / "run"))


@contextlib.contextmanager
def changed(path, content):
    """Let a file have another content as long as the block runs."""
    kept = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(kept)


def weights_of(folder):
    with np.load(folder / "model" / scoring.WEIGHTS) as archive:
        return [archive[name] for name in sorted(archive.files)]


def test_audited_rounds_come_with_the_run(audited):
    assert audited.record.audited == (1, 2)
    kept = audited_rounds.read(audited.run, 2)
    assert kept.silos == ("north", "south", "west")
    assert kept.weights.tolist() == [200, 90, 41]
    (place,) = (audited.folder / "checkpoints").glob(f"*/{audited_rounds.FOLDER}")
    for path in place.rglob("*.npz"):
        copied = audited.run / audited_rounds.FOLDER / path.relative_to(place)
        assert copied.read_bytes() == path.read_bytes()


def test_an_honest_silo_s_update_is_found_again(audited):
    for silo, number in (("north", 1), ("west", 2)):
        found = trainer.replay(audited.asked, audited.run, silo, number)
        assert found.is_equal
        assert len(found.recorded) == 16


def test_a_round_or_a_silo_that_was_not_audited_is_refused(audited):
    with pytest.raises(FairSiloError) as caught:
        trainer.replay(audited.asked, audited.run, "north", 3)
    assert caught.value.message == (
        "round 3: found nothing kept of it, expected an audited round"
    )
    assert caught.value.hint == "take one of 1, 2"
    with pytest.raises(FairSiloError) as caught:
        trainer.replay(audited.asked, audited.run, "east", 2)
    assert caught.value.message == (
        "round 2: found no update of silo `east`, expected it among the silos that "
        "were merged"
    )
    assert caught.value.hint == "take one of north, south, west"
    with pytest.raises(FairSiloError) as caught:
        trainer.shadow(audited.asked, audited.run, "east")
    assert caught.value.message == (
        "found no training rows of silo `east`, expected a silo that trained"
    )
    assert caught.value.hint == "take one of north, south, west"


def test_another_training_s_run_is_refused(audited):
    other = dataclasses.replace(audited.asked, code="newer")
    for ask in (
        lambda: trainer.replay(other, audited.run, "north", 1),
        lambda: trainer.shadow(other, audited.run, "north"),
    ):
        with pytest.raises(FairSiloError, match="a training of other rows, columns or"):
            ask()


def test_a_run_without_audited_rounds_says_how_to_have_some(audited, tmp_path):
    dataclasses.replace(audited.record, audited=()).write(tmp_path)
    with pytest.raises(FairSiloError) as caught:
        trainer.replay(audited.asked, tmp_path, "north", 1)
    assert caught.value.hint == trainer.NOT_AUDITED_HINT
    with pytest.raises(FairSiloError) as caught:
        trainer.shadow(audited.asked, tmp_path, "north")
    assert caught.value.message.startswith("found no audited round in the second half")
    assert caught.value.hint == trainer.NOT_AUDITED_HINT


def test_a_lost_state_is_a_sentence_before_any_work(audited, tmp_path):
    run = shutil.copytree(audited.run, tmp_path / "run")
    shutil.rmtree(audited_rounds.path(run, 2))
    for ask in (
        lambda: trainer.replay(audited.asked, run, "north", 2),
        lambda: trainer.shadow(
            dataclasses.replace(
                audited.asked,
                settings=audited.asked.settings.model_copy(update={"rounds": 4}),
            ),
            run,
            "north",
        ),
    ):
        with pytest.raises(FairSiloError, match=r"round_000002/state.npz: found that"):
            ask()


def test_an_update_of_other_rows_is_not_found_again(audited, tmp_path):
    """A silo that trained on other rows than those of its split."""
    asked = dataclasses.replace(audited.asked, checkpoints=str(tmp_path))
    folder = audited.manifest["south"].silo.path(
        tensor_files.folder(audited.record.tensors)
    )
    labels = np.fromfile(folder / tensor_files.LABELS, "<f4")
    inverted = (1 - labels).astype("<f4").tobytes()
    with changed(folder / tensor_files.LABELS, inverted):
        done = json.loads((folder / encode.DONE).read_text())
        done["digest"] = encode._digest(folder)
        with changed(folder / encode.DONE, json.dumps(done).encode()):
            trainer.run(asked, tmp_path / "model", tmp_path / "run")
    found = {
        silo: trainer.replay(asked, tmp_path / "run", silo, 1).is_equal
        for silo in ("north", "south")
    }
    assert found == {"north": True, "south": False}


def test_rows_that_were_changed_since_are_told(audited):
    (split,) = audited.manifest["south"].digests("train")
    with (
        changed(pathlib.Path(split), b"other rows"),
        pytest.raises(FairSiloError) as caught,
    ):
        trainer.replay(audited.asked, audited.run, "south", 1)
    assert caught.value.message.startswith(
        f"silo `south`: {split}: found bytes that were changed or damaged since the "
        "split was written, expected SHA-256 "
    )


def test_the_federation_without_a_silo_equals_a_training_of_the_others(
    audited, tmp_path
):
    """Of two audited rounds the first is where half of the training begins."""
    found = trainer.shadow(audited.asked, audited.run, "south")
    others = support.request(audited.manifest, tmp_path, "south")
    trainer.run(others, tmp_path / "model", tmp_path / "run")
    for one, other in zip(found, weights_of(tmp_path), strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_federation_below_its_quorum_has_no_shadow(audited):
    settings = audited.asked.settings.model_copy(update={"quorum_per_round": 3})
    asked = dataclasses.replace(audited.asked, settings=settings)
    with pytest.raises(FairSiloError, match=r"without silo `west`: round 1: 2 of 2"):
        trainer.shadow(asked, audited.run, "west")


def test_the_operator_s_factors_belong_to_the_training_s_key(audited):
    def factors(**by):
        return dataclasses.replace(audited.asked, weight_factors=by)

    def key(asked):
        return trainer.training_key(asked, {"north": "d1", "south": "d2"}, {})

    same = [factors(), factors(west=3.0), factors(north=1.0)]
    assert {key(asked) for asked in same} == {key(audited.asked)}
    others = [factors(north=2.0), factors(north=3.0), factors(north=2.0, south=3.0)]
    fewer = dataclasses.replace(audited.asked, audited_rounds=1)
    assert len({key(asked) for asked in (*same, *others, fewer)}) == 5


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_factor_that_is_no_number_above_zero_is_refused(audited, tmp_path, factor):
    asked = dataclasses.replace(audited.asked, weight_factors={"west": factor})
    with pytest.raises(SettingsError) as caught:
        trainer.run(asked, tmp_path / "model", tmp_path / "run")
    assert caught.value.message == (
        f"weight factor of silo `west`: found {factor}, expected a number above 0"
    )
    assert caught.value.hint == "to leave a silo out, quarantine it"
