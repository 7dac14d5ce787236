"""Exported models score as in FairSilo, and own ones leave by their owner's command."""

from __future__ import annotations

import csv
import dataclasses
import importlib.machinery
import io
import json
import pathlib
import subprocess
import sys
import types

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from components import blessed_models
from components.errors import SettingsError
from components.features import spec as feature_spec
from components.features.columnar import encode
from components.payloads.benefit import PERSONAL, BenefitReport
from components.payloads.silo import Silo
from components.scoring import model
from components.silos import homes
from pipelines import model_export
from pipelines.places import Places
from pipelines.runners import metadata
from tests.support import own_models
from tests.support.hostile_rows import HOSTILE, KINDS, ROWS, SPEC, table

SCRIPT = pathlib.Path(__file__).parents[2] / "docs" / "scorer.py"
FORMATS = ("saved_model", "tflite", "onnx")
FILES = {"saved_model": "saved_model", "tflite": "model.tflite", "onnx": "model.onnx"}
BEYOND: list[dict[str, object]] = [{"vast": 1e300}, {"vast": -3.5e38}, {"vast": 5e-324}]
ODD = [*HOSTILE, *BEYOND]  # float32 holds none of the latter


@dataclasses.dataclass(frozen=True)
class Made:
    """A blessed model, and a silo that is served by a model of its own."""

    places: Places
    base: own_models.Base
    weights: str  # the silo's own, below its home

    def export(self, silo="", name="out", use_case="people", form="onnx"):
        folder = self.places.output / name
        told = model_export.export(self.places, use_case, silo, form, folder)
        return told, folder


def make(output: pathlib.Path, base: own_models.Base) -> Made:
    places = Places(output)
    silo = homes.open_home(places.homes, "north")
    homes.open_home(places.homes, "south")
    own = base.own(Silo("north", str(silo.path())), PERSONAL, base.others(1))
    benefit = output / "benefit"
    benefit.mkdir()
    base.report(own).write(benefit)
    store = MetadataStore(metadata.connection(f"sqlite:///{places.metadata}"))
    kind = mlmd.ArtifactType(name=blessed_models.TYPE_NAME)
    artifact = mlmd.Artifact(type_id=store.put_artifact_type(kind), uri="/b")
    artifact.custom_properties[blessed_models.BLESSED].int_value = 1
    for name, value in {
        blessed_models.USE_CASE: "people",
        blessed_models.SPAN: "3",
        blessed_models.MODEL_URI: base.folder,
        blessed_models.MODEL_DIGEST: base.digest,
        blessed_models.BENEFIT_URI: str(benefit),
    }.items():
        artifact.custom_properties[name].string_value = value
    store.put_artifacts([artifact])
    return Made(places, base, own.weights)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return own_models.export(tmp_path_factory.mktemp("base"), SPEC)


@pytest.fixture
def made(base, tmp_path):
    return make(tmp_path, base)


@pytest.fixture(scope="module")
def exported(base, tmp_path_factory):
    """Each export by silo and format: what was said, and the folder."""
    made = make(tmp_path_factory.mktemp("runs"), base)
    return {
        (silo, form): made.export(silo, f"{silo}-{form}", form=form)
        for silo in ("", "north")
        for form in FORMATS
    }


@pytest.fixture(scope="module")
def scorers(base, exported):
    """For each silo its scorer, and each format as a function of encoded rows."""
    others = pathlib.Path(base.folder, "others.npz")
    model.write_weights(others, base.others(1))
    weights = {"": "", "north": str(others)}
    return {
        silo: (
            model.Scorer(base.folder, weights=weights[silo]),
            [LOADERS[form](exported[silo, form][1]) for form in FORMATS],
        )
        for silo in weights
    }


def saved_model(folder):
    loaded = tf.saved_model.load(str(folder / "saved_model"))
    score = loaded.signatures["score"]

    def run(floats, ids, _=loaded):
        return score(floats=tf.constant(floats), ids=tf.constant(ids))["score"].numpy()

    return run


def tflite(folder):
    interpreter = tf.lite.Interpreter(str(folder / "model.tflite"))
    run = interpreter.get_signature_runner("score")
    return lambda floats, ids: run(floats=floats, ids=ids)["score"]


def onnx(folder):
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    return lambda floats, ids: session.run(["score"], {"floats": floats, "ids": ids})[0]


LOADERS = {"saved_model": saved_model, "tflite": tflite, "onnx": onnx}


@settings(max_examples=40, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=30))
@example(ODD)
def test_each_format_scores_as_the_scorer_base_and_own(scorers, rows):
    batch = encode(table(rows), SPEC)
    for scorer, formats in scorers.values():
        expected = scorer(batch)
        for score in formats:
            found = score(batch.floats, batch.ids)
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_an_own_model_scores_otherwise_than_the_base(scorers):
    batch = encode(table(ODD), SPEC)
    found = [scorer(batch) for scorer, _ in scorers.values()]
    assert np.abs(found[0] - found[1]).max() > 0.01


def test_an_export_holds_the_model_how_to_encode_for_it_and_its_digest(base, exported):
    for (silo, form), (told, folder) in exported.items():
        names = {path.name for path in folder.iterdir()}
        assert names == {FILES[form], "feature_spec.json", "model.json"}
        assert feature_spec.read(folder) == SPEC
        digest = model.read_card(folder).digest
        own = model.digest_of(base.others(1), SPEC)  # that predictions name
        assert digest == (own if silo else base.digest)
        served = "silo `north`: its personal model serves it"
        assert (
            told == f"{served if silo else 'the base model'}; exported, digest {digest}"
        )
        assert not [path for path in folder.parent.iterdir() if path.name[0] == "."]


@pytest.mark.parametrize("silo", ["south", "north"])
def test_base_model_is_exported_where_it_serves_or_the_own_one_is_lost(made, silo):
    (made.places.homes / "north" / made.weights).unlink()
    told, folder = made.export(silo, form="tflite")
    lost = silo == "north"
    began = f"{made.weights}: found no file" if lost else "the base model serves it;"
    assert told.startswith(f"silo `{silo}`: {began}")
    assert told.endswith(f"; exported, digest {made.base.digest}")
    assert model.read_card(folder).digest == made.base.digest


def test_base_model_is_exported_where_the_report_is_gone_and_that_is_said(made):
    (made.places.output / "benefit" / BenefitReport.FILE_NAME).unlink()
    told, folder = made.export("north", form="tflite")
    assert "found no benefit.json, expected the file that says which model" in told
    assert model.read_card(folder).digest == made.base.digest


@pytest.mark.parametrize(
    ("arguments", "found", "hint"),
    [
        ({"silo": "west"}, "there are north, south", "correct the name"),
        ({"silo": "../north"}, "would leave its parent folder", "rename"),
        ({"use_case": "others"}, "found no blessed model", "fairsilo run others"),
        ({"name": "benefit"}, "found something there", "another one with --to"),
    ],
)
def test_what_cannot_be_exported_is_refused(made, arguments, found, hint):
    with pytest.raises(SettingsError) as caught:
        made.export(**arguments)
    assert found in caught.value.message
    assert hint in caught.value.hint
    assert not (made.places.output / "out").exists()


def test_a_format_whose_packages_are_not_there_leaves_nothing_behind(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    before = set(made.places.output.iterdir())
    with pytest.raises(SettingsError, match="found no package onnx"):
        made.export()
    assert set(made.places.output.iterdir()) == before


def test_before_any_run_there_is_nothing_to_export(tmp_path):
    places = Places(tmp_path)
    homes.open_home(places.homes, "north")
    for silo in ("", "north"):
        with pytest.raises(SettingsError, match="found no blessed model"):
            model_export.export(places, "people", silo, "onnx", tmp_path / "out")
    assert not places.metadata.exists()


# docs/scorer.py, which must score an export without a line of ours.


@pytest.fixture(scope="module")
def script():
    loader = importlib.machinery.SourceFileLoader("scorer", str(SCRIPT))
    module = types.ModuleType("scorer")
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with NumPy and the two runtimes, and nothing else."""
    folder = tmp_path_factory.mktemp("packages")
    site = pathlib.Path(np.__file__).parents[1]
    for name in ("numpy", "numpy.libs", "onnxruntime", "tflite_runtime"):
        (folder / name).symlink_to(site / name)
    return folder


def as_json(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows)


def as_csv(rows):
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, ["other", *KINDS], restval="")
    writer.writeheader()
    writer.writerows({"other": 'a "line"\nand, more', **row} for row in rows)
    return file.getvalue()


def without_empty_text(rows):
    """Return rows as CSV can hold them: its empty cells are missing values."""
    return [{k: None if v == "" else v for k, v in row.items()} for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=30))
@example(ODD)
def test_the_standalone_scorer_encodes_as_training_does_bit_by_bit(script, rows):
    spec = json.loads(SPEC.to_json())
    for feature in spec["categorical"]:
        feature["ids"] = {value: i for i, value in enumerate(feature["values"], 2)}
    for text, kept in (
        (as_json(rows), rows),
        (as_csv(rows), without_empty_text(rows)),
    ):
        read = list(script.read(io.StringIO(text, newline="")))
        with np.errstate(all="ignore"):
            found = script.arrays(read, **spec)
        expected = encode(table(kept), SPEC)
        np.testing.assert_array_equal(found["floats"], expected.floats)
        np.testing.assert_array_equal(found["ids"], expected.ids)
        assert found["floats"].dtype == np.float32
        assert found["ids"].dtype == np.int32


def score(packages, folder, text, *arguments):
    start = (
        "import runpy, sys; sys.path.append(sys.argv[1]); del sys.argv[:2]; "
        "runpy.run_path(sys.argv[0], run_name='__main__'); "
        "assert not {'components', 'pipelines', 'tensorflow'} & set(sys.modules)"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", start, packages, SCRIPT, folder, *arguments],
        input=text.encode(),
        capture_output=True,
        cwd=folder,
    )


@pytest.mark.parametrize("form", ["tflite", "onnx"])
@pytest.mark.parametrize("silo", ["", "north"])
def test_the_standalone_scorer_scores_as_ours(
    packages, exported, scorers, silo, form, tmp_path
):
    _, folder = exported[silo, form]
    rows = ODD * 400  # more than a batch
    expected = scorers[silo][0](encode(table(rows), SPEC))
    done = score(packages, folder, as_json(rows))
    assert done.returncode == 0, done.stderr.decode()
    found = [float(line) for line in done.stdout.splitlines()]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbf" + as_csv(ODD).encode())
    expected = scorers[silo][0](encode(table(without_empty_text(ODD)), SPEC))
    done = score(packages, folder, "", path)
    assert done.returncode == 0, done.stderr.decode()
    found = [float(line) for line in done.stdout.splitlines()]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"weight": "007"}', "error: column `weight`: found what is no number\n"),
        ('{"weight": [1]}', "error: column `weight`: found what is no number\n"),
        ('{"hour": 7.5}', "error: column `hour`: found what is no integer\n"),
        ('{"colour": 1}', "error: column `colour`: found what is no text\n"),
        ("weight,hour\n1,n/a\n", "error: column `hour`: found what is no integer\n"),
        ("weight,hour\n1_0,7\n", "error: column `weight`: found what is no number\n"),
        ("weight,hour\n1,7,3\n", "error: line 2: expected 2 cells\n"),
    ],
)
def test_the_standalone_scorer_refuses_what_training_would(
    script, text, told, exported
):
    spec = json.loads(SPEC.to_json())
    with pytest.raises(SystemExit) as caught:
        script.arrays(list(script.read(io.StringIO(text, newline=""))), **spec)
    assert f"{caught.value}\n" == told


def test_the_standalone_scorer_takes_other_spellings_of_a_number(script):
    text = "size,hour,weight\n+5, 7 ,.5e1\nTrue,-1.0,5.\nfalse,1e300,NaN\n"
    expected = [
        {"size": 5, "hour": 7, "weight": 5.0},
        {"size": 1, "hour": -1, "weight": 5.0},
        {"size": 0, "hour": 0, "weight": None},
    ]
    found = list(script.read(io.StringIO(text, newline="")))
    for feature in json.loads(SPEC.to_json())["numeric"]:
        np.testing.assert_array_equal(
            [script.encode(row, feature) for row in found],
            [script.encode(row, feature) for row in expected],
        )
    hour = {"name": "hour", "integer": True, "ids": {"7": 2, "-1": 3}}
    assert [script.encode(row, hour) for row in found] == [2, 3, 1]
