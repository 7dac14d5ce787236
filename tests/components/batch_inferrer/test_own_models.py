"""Silos that are served by models of their own, through Beam."""

import dataclasses
import pathlib

import numpy as np
import pyarrow.parquet as pq
import pytest

from components.batch_inferrer import beam_steps
from components.batch_inferrer.infer import infer
from components.batch_inferrer.records import Reader
from components.batch_inferrer.scoring import Job
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.ledger import Ledger
from components.payloads.manifest import SCORE
from components.scoring import served
from components.scoring.model import digest_of, write_weights
from tests.components.batch_inferrer.cases import (
    KEY,
    SIZES,
    items_of,
    read_scores,
    written,
)

pytestmark = pytest.mark.beam

SMALL = InferenceSettings(rows_per_item=150)
SEEDS = {"süd-東": 1, "vest": 2}  # of the weights of their own


class Federation:
    """Three silos, served by base, personal and alone."""

    def __init__(self, base, manifest, folder):
        self.base, self.manifest, self.folder = base, manifest, folder
        self.weights = {"nord": base.weights}
        self.weights |= {silo: base.others(seed) for silo, seed in SEEDS.items()}
        self.own = {
            silo: base.own(manifest[silo].silo, model, self.weights[silo])
            for silo, model in (("süd-東", "personal"), ("vest", "alone"))
        }
        self.choose(*self.own.values())

    def choose(self, *own):
        self.folder.mkdir(exist_ok=True)
        self.base.report(*own).write(self.folder)

    @property
    def job(self):
        return Job(
            self.base.folder, self.base.digest, KEY, 64, "c0de", str(self.folder)
        )

    def infer(self, settings=SMALL):
        return infer(self.manifest, self.job, settings)

    def weights_of(self, silo):
        return self.manifest[silo].silo.path(self.own[silo].weights)

    def check(self, account, **others):
        """Recompute all scores by each silo's weights, or other ones."""
        assert {line.silo: line.rows for line in account.silos} == SIZES
        for line in account.silos:
            weights = {**self.weights, **others}[line.silo]
            rows = pq.read_table(self.manifest[line.silo].splits[SCORE].paths[0])
            found = read_scores(line.path)
            assert found["id"].to_pylist() == rows["id"].to_pylist()
            np.testing.assert_allclose(
                found["score"].to_numpy(), self.base.scores(rows, weights), atol=1e-6
            )
            digest = digest_of(weights, self.base.spec)
            assert set(found["model"].to_pylist()) == {digest}
            assert set(found["served"].to_pylist()) == {line.served}
            assert line.model == digest


@pytest.fixture
def federation(base, federate, tmp_path):
    return Federation(base, federate(), tmp_path / "benefit")


def stamps(manifest):
    return {
        str(path): path.stat().st_mtime_ns
        for entry in manifest
        for path in entry.silo.path("predictions").rglob("*.parquet")
    }


def digests_of(account):
    """Return what stands for each silo's predictions."""
    return {line.silo: line.digest for line in account.silos}


def served_by(account):
    return {line.silo: line.served for line in account.silos}


def test_each_silo_is_scored_by_what_serves_it_and_the_ledger_names_it(federation):
    account = federation.infer()
    federation.check(account)
    assert account.model == federation.base.digest
    assert served_by(account) == {
        "nord": "base",
        "süd-東": "personal",
        "vest": "alone",
    }
    assert (account.status, account.reason, account.failures) == ("done", "", ())
    assert {line.lost for line in account.silos} == {""}
    assert len({line.model for line in account.silos}) == 3


def test_a_second_run_scores_nothing_again(federation):
    first = federation.infer()
    before = stamps(federation.manifest)
    second = federation.infer()
    assert stamps(federation.manifest) == before
    assert (second.unchanged, second.resumed) == (597, 0)
    assert digests_of(second) == digests_of(first)


def test_when_another_model_is_chosen_for_a_silo_it_alone_is_scored_again(federation):
    first = federation.infer()
    before = stamps(federation.manifest)
    federation.choose(federation.own["süd-東"])  # vest goes back to base
    second = federation.infer()
    assert (second.unchanged, second.resumed) == (597 - 90, 0)
    federation.check(second, vest=federation.base.weights)
    assert before.items() <= stamps(federation.manifest).items()
    assert served_by(second)["vest"] == "base"
    federation.choose(*federation.own.values())
    third = federation.infer()  # its file of the first run is still there
    assert (third.resumed, digests_of(third)) == (1, digests_of(first))


def test_where_weights_are_lost_the_base_model_scores_and_it_is_said(
    federation, caplog
):
    path = federation.weights_of("vest")
    kept = path.read_bytes()
    path.unlink()
    account = federation.infer()
    federation.check(account, vest=federation.base.weights)
    assert (account.status, account.failures) == ("done", ())
    assert account.reason == "the base model serves 1 silos in place of their own"
    line = account.silos[2]
    assert (line.silo, line.served) == ("vest", "base")
    assert line.lost.startswith("silo `vest`: own/")
    assert "found no file, expected the weights of its alone model" in line.lost
    assert caplog.text.count(line.lost) == 1
    assert not account.is_settled, "they may be back"
    account.write(federation.folder)
    assert Ledger.read(federation.folder) == account
    path.write_bytes(kept)
    again = federation.infer()
    federation.check(again)
    assert (again.unchanged, again.reason, again.is_settled) == (507, "", True)


def test_weights_of_another_training_in_their_place_are_never_used(federation):
    write_weights(federation.weights_of("süd-東"), federation.base.others(9))
    account = federation.infer()
    federation.check(account, **{"süd-東": federation.base.weights})
    assert "found other weights" in account.silos[1].lost


def test_a_report_of_an_earlier_base_model_serves_nobody(federation):
    report = federation.base.report(*federation.own.values())
    dataclasses.replace(report, base="earlier").write(federation.folder)
    account = federation.infer()
    federation.check(account, **dict.fromkeys(SIZES, federation.base.weights))
    assert set(served_by(account).values()) == {"base"}


def test_a_report_that_is_gone_is_said_of_each_silo_and_asked_for_again(federation):
    (federation.folder / "benefit.json").unlink()
    account = federation.infer()
    federation.check(account, **dict.fromkeys(SIZES, federation.base.weights))
    assert account.reason == "the base model serves 3 silos in place of their own"
    assert not account.is_settled
    federation.choose(*federation.own.values())
    federation.check(federation.infer())


@pytest.mark.parametrize("how", ["gone", "others"])
def test_weights_that_go_in_the_middle_of_a_run_fail_their_silo_alone(
    federation, how, tmp_path
):
    job = federation.job
    serve = served.by_report(job.benefit, job.model, job.model_digest)
    items = items_of(federation.manifest, job, serve=serve)
    path = federation.weights_of("vest")
    if how == "gone":
        path.unlink()
    else:
        write_weights(path, federation.base.others(9))
    job = dataclasses.replace(job, key=())
    beam_steps.run([*enumerate(items)], job, tmp_path)
    reader = Reader(tmp_path)
    reader.poll()
    one, two, three = (reader.outcomes[number] for number in range(3))
    assert (one.part.rows, two.part.rows) == (7, 500)
    kind = "FileNotFoundError" if how == "gone" else "ValueError"
    assert three.failure == (
        f"silo `vest`: {path}: found no weights that can be used any more ({kind}), "
        "expected those of its alone model, as when the run began; run again: where "
        "they stay away, the base model serves the silo"
    )
    assert not pathlib.Path(items[2].folder).exists()


@pytest.mark.slow
def test_processes_write_the_same_rows_as_one(base, federate, tmp_path):
    one, two = (
        Federation(base, federate(root=name), tmp_path / f"{name}-benefit")
        for name in ("one", "two")
    )
    one.infer()
    two.check(two.infer(SMALL.model_copy(update={"workers": 2})))
    files = [written(one.manifest), written(two.manifest)]
    parts = [{k: v for k, v in one.items() if "/parts/" in k} for one in files]
    assert parts[0] == parts[1]
