"""The driver with a real store and TFX's own launcher and cache."""

import dataclasses
import pathlib
import shutil

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.dsl.components.common import importer
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner

from components.artifacts import SiloExamples
from components.batch_inferrer.component import BatchInferrer
from components.batch_inferrer.settings import InferenceSettings
from components.payloads.ledger import Ledger
from components.payloads.manifest import SCORE, Manifest
from tests.components.batch_inferrer.cases import KEY, Exported, Federate, written
from tests.support.own_models import Base

pytestmark = pytest.mark.beam


class Runs:
    """Runs the node again and again on one store."""

    def __init__(
        self, folder: pathlib.Path, manifest: Manifest, model: Exported | Base
    ) -> None:
        self.folder, self.manifest, self.model = folder, manifest, model
        self.connection = metadata.sqlite_metadata_connection_config(
            str(folder / "metadata.sqlite")
        )

    def run(self, span: str = "7") -> tuple[str, Ledger]:
        """Run it and return how its execution ended, and the ledger it stands for."""
        place = self.folder / f"examples-{span}"
        place.mkdir(exist_ok=True)
        dataclasses.replace(self.manifest, span=span).write(place)
        examples = importer.Importer(str(place), artifact_type=SiloExamples).with_id(
            "examples"
        )
        node = BatchInferrer(
            examples.outputs["result"],
            InferenceSettings(),
            "people",
            KEY,
            str(self.folder / "work"),
        )
        LocalDagRunner().run(
            pipeline.Pipeline(
                "predict",
                str(self.folder / "root"),
                components=[examples, node],
                enable_cache=True,
                metadata_connection_config=self.connection,
            )
        )
        with metadata.Metadata(self.connection) as connection:
            store = connection.store
            (*_, execution) = store.get_executions_by_type(
                "components.batch_inferrer.component.BatchInferrer"
            )
            events = store.get_events_by_execution_ids([execution.id])
            (output,) = [e for e in events if e.type == mlmd.Event.OUTPUT]
            (artifact,) = store.get_artifacts_by_id([output.artifact_id])
        name = mlmd.Execution.State.Name(execution.last_known_state)
        return name, Ledger.read(artifact.uri)

    def bless(self, span: str = "6", blessed: int = 1, benefit: str = "") -> None:
        with metadata.Metadata(self.connection) as connection:
            store = connection.store
            type_id = store.put_artifact_type(
                mlmd.ArtifactType(name="ModelBlessing"), can_add_fields=True
            )
            artifact = mlmd.Artifact(
                type_id=type_id, uri=f"/{span}", state=mlmd.Artifact.LIVE
            )
            artifact.custom_properties["blessed"].int_value = blessed
            for key, value in {
                "use_case": "people",
                "span": span,
                "model_uri": self.model.folder,
                "model_digest": self.model.digest,
                **({"benefit_uri": benefit} if benefit else {}),
            }.items():
                artifact.custom_properties[key].string_value = value
            store.put_artifacts([artifact])


@pytest.fixture
def runs(tmp_path: pathlib.Path, federate: Federate, model: Exported) -> Runs:
    return Runs(tmp_path, federate(), model)


def predictions(runs: Runs, silo: str) -> pathlib.Path:
    return runs.manifest[silo].silo.path("predictions")


def test_a_deleted_file_is_written_again_and_all_else_comes_from_the_cache(runs):
    runs.bless()
    state, first = runs.run()
    assert (state, first.status, first.rows) == ("COMPLETE", "done", 597)
    files = written(runs.manifest)
    assert runs.run() == ("CACHED", first)
    for _ in range(2):  # the same deletion twice must not hit the first repair
        shutil.rmtree(predictions(runs, "vest"))
        state, repaired = runs.run()
        assert (state, repaired.rows, repaired.unchanged) == ("COMPLETE", 597, 507)
        # But for the time of the scoring all bytes are the same.
        now = written(runs.manifest)
        assert now.keys() == files.keys()
        same = {name for name in files if now[name] == files[name]}
        assert {name.split("/")[0] for name in same} == {"nord", "süd-東"}
        assert len(same) == len(files) - 2
        state, again = runs.run()
        assert (state, again) == ("CACHED", repaired)


def test_a_failed_item_is_tried_again_until_it_is_mended_and_then_cached(runs):
    runs.bless()
    path = pathlib.Path(runs.manifest["vest"].splits[SCORE].paths[0])
    kept = path.read_bytes()
    path.unlink()
    for _ in range(2):
        state, account = runs.run()
        assert (state, len(account.failures), account.rows) == ("COMPLETE", 1, 507)
    path.write_bytes(kept)
    state, account = runs.run()
    assert (state, account.failures, account.rows) == ("COMPLETE", (), 597)
    assert runs.run() == ("CACHED", account)


def test_a_model_that_is_blessed_later_is_found_then(runs):
    runs.bless(blessed=0)
    state, account = runs.run()
    assert (state, account.status) == ("COMPLETE", "skipped")
    assert written(runs.manifest) == {}
    runs.bless()
    state, account = runs.run()
    assert (state, account.status) == ("COMPLETE", "done")


def test_a_model_of_a_later_span_does_not_score_an_earlier_one(runs):
    runs.bless(span="10")
    assert runs.run(span="9")[1].status == "skipped"
    assert runs.run(span="10")[1].status == "done"


def test_what_serves_a_silo_is_found_with_the_model_and_lost_weights_asked_for_again(
    base, federate, tmp_path
):
    runs = Runs(tmp_path, federate(), base)
    silo = runs.manifest["vest"].silo
    own = base.own(silo, "personal", base.others(1))
    base.report(own).write(tmp_path)
    runs.bless(benefit=str(tmp_path))
    path = silo.path(own.weights)
    kept = path.read_bytes()
    path.unlink()
    for _ in range(2):
        state, account = runs.run()
        line = account.silos[-1]
        assert (state, line.served, line.model) == ("COMPLETE", "base", base.digest)
        assert line.lost
    path.write_bytes(kept)
    state, account = runs.run()
    line = account.silos[-1]
    assert (state, line.served, line.model) == ("COMPLETE", "personal", own.digest)
    assert (line.lost, account.unchanged) == ("", 507)
    path.unlink()  # what was scored with them is there and true
    assert runs.run() == ("CACHED", account)


def test_a_model_without_a_report_serves_all_silos_itself(runs):
    runs.bless()
    account = runs.run()[1]
    assert {(line.served, line.lost) for line in account.silos} == {("base", "")}
