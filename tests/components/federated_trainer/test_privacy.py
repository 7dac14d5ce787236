"""What protects people in the node: budgets, refusals, the report; real workers."""

from __future__ import annotations

import dataclasses
import datetime
import pathlib

import numpy as np
import pytest

from components import temporary_faults
from components.errors import FairSiloError, SettingsError
from components.federated_trainer import trainer
from components.federated_trainer.privacy import Protection
from components.federation import noise_seeds, tensor_files
from components.federation.training import TrainingResult
from components.payloads import egress
from components.payloads.model_run import RunRecord
from components.payloads.privacy import PrivacyReport, SiloPrivacy
from components.privacy.ledger import PrivacyLedger
from components.privacy.settings import PrivacySettings
from components.store import StoreDownError
from tests.components.federated_trainer import support

pytestmark = [pytest.mark.tff, pytest.mark.beam]

EPSILON, DELTA = 2.0, 1e-5
WEST = {"west": {"epsilon": 1.5}}  # enough for one run


def protected(folder, manifest=None, settings=None, **privacy) -> trainer.Request:
    """Return a request that protects rows, with a ledger below a folder."""
    chosen = {"mode": "example", "epsilon": 4.0, "canaries": 60, **privacy}
    manifest = manifest or support.make_manifest(folder / "homes")
    return dataclasses.replace(
        support.request(manifest, folder, **(settings or {})),
        privacy=PrivacySettings.model_validate(chosen),
        ledger=f"sqlite:///{folder / 'operator.sqlite'}",
        run_id="first",
    )


def entries(asked: trainer.Request) -> list[tuple[str, int | None, int]]:
    """Return of each entry of the ledger: silo, what it settles, steps."""
    found = PrivacyLedger(asked.ledger, "flights").entries()
    return [(one.silo, one.settles, one.mechanism.steps) for one in found]


def cost(one: SiloPrivacy) -> float:
    assert one.epsilon is not None, "it took no part"
    return one.epsilon


@dataclasses.dataclass(frozen=True)
class Trained:
    folder: pathlib.Path
    asked: trainer.Request
    record: RunRecord
    report: PrivacyReport


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a training of which `west` has paid with its whole budget."""
    folder = tmp_path_factory.mktemp("protected")
    asked = protected(folder, silos=WEST)
    with temporary_faults.collected() as noted:
        card = trainer.run(asked, folder / "model", folder / "run")
    assert card.digest
    assert noted == []
    run = folder / "run"
    return Trained(folder, asked, RunRecord.read(run), PrivacyReport.read(run))


def test_a_training_is_paid_for_by_each_silo_and_reported(trained):
    report = trained.report
    assert (report.mode, report.unit, report.canaries) == ("example", "row", 60)
    year = datetime.datetime.now(datetime.UTC).year
    assert report.window == (f"{year}-01-01", f"{year}-12-31")
    assert [one.silo for one in report.silos] == ["north", "south", "west"]
    for one in report.silos:
        most = 1.5 if one.silo == "west" else EPSILON
        assert 0.98 * most < one.epsilon <= most
        assert one.epsilon < one.epsilon_rdp
        assert one.balance.spent == one.balance.reserved == pytest.approx(one.epsilon)
        assert (one.units, one.batch) == (support.SIZES[one.silo], one.units / 2)
        # Two rounds, each with one pass over the rows.
        assert one.steps == 4
        assert 0 <= one.attacked <= one.epsilon
        assert (one.note, one.refusal) == ("", "")
    west = report.get("west")
    assert west.noise > report.get("south").noise
    assert west.balance.left == pytest.approx(1.5 - west.epsilon)
    ledger = PrivacyLedger(trained.asked.ledger, "flights")
    assert ledger.head() == report.ledger_head
    assert {one.run_id for one in ledger.entries()} == {"first"}
    assert entries(trained.asked) == [
        *((silo, None, 4) for silo in support.SIZES),
        *((silo, number, 4) for number, silo in enumerate(support.SIZES, 1)),
    ]


def test_only_what_has_noise_leaves_a_silo(trained):
    for record in trained.record.rounds:
        assert (record.loss_before, record.loss_after) == (None, None)
        assert [one.loss_before for one in record.silos] == [None] * 3
    _, updates, metrics = egress.read(trained.folder / "run")["north"]
    assert updates.count == 2
    assert metrics == egress.EgressItem("training metrics", 2, 2 * 60 * 8)
    for silo in trained.asked.manifest.silos:
        home = trained.asked.manifest[silo].silo.path("training")
        assert list(home.rglob(tensor_files.LABELS))
        assert not list(home.rglob(noise_seeds.FILE))


def test_a_silo_without_budget_is_left_out_and_nothing_of_it_is_cached(
    trained, tmp_path
):
    again = dataclasses.replace(trained.asked, run_id="second")
    settings = again.settings.model_copy(update={"rounds": 1, "seed": 1})
    again = dataclasses.replace(again, settings=settings)
    with temporary_faults.collected() as noted:
        card = trainer.run(again, tmp_path / "model", tmp_path / "run")
    assert card.digest
    (left_out,) = RunRecord.read(tmp_path / "run").left_out
    assert left_out.silo == "west"
    assert noted == [left_out.reason]
    assert left_out.reason.startswith("silo `west`: found 1.5 of its privacy budget")
    report = PrivacyReport.read(tmp_path / "run")
    west, north = report.get("west"), report.get("north")
    assert (west.refusal, west.epsilon) == (left_out.reason, None)
    assert EPSILON < north.balance.spent < 2 * EPSILON, "two together cost less"
    kinds = [item.kind for item in egress.read(tmp_path / "run")["west"]]
    assert "findings" not in kinds, "the sentence is the ledger's, not the silo's"

    settings = settings.model_copy(update={"quorum_per_round": 3})
    again = dataclasses.replace(again, settings=settings, run_id="third")
    before = entries(again)
    card = trainer.run(again, tmp_path / "no model", tmp_path / "no run")
    assert card.refusal.startswith("2 of 3 admitted silos can train, the trainer's")
    assert left_out.reason[:45] in card.refusal
    reserved = entries(again)[len(before) :]
    assert [(silo, steps) for silo, _, steps in reserved] == [
        ("north", 2),
        ("south", 2),
        ("north", 0),
        ("south", 0),
    ]
    assert PrivacyReport.read(tmp_path / "no run").get("north").epsilon is None


def test_a_training_that_ends_early_pays_for_the_rounds_that_it_asked(tmp_path):
    # Steps so large that the first round's updates overflow float32.
    asked = protected(tmp_path)
    steps = asked.settings.model_copy(update={"client_learning_rate": 1e38})
    asked = dataclasses.replace(asked, settings=steps)
    card = trainer.run(asked, tmp_path / "model", tmp_path / "run")
    assert card.refusal.startswith("round 1: 0 of 3 silos answered, the quorum is 2")
    assert entries(asked)[3:] == [
        (silo, number, 2) for number, silo in enumerate(support.SIZES, 1)
    ]
    north = PrivacyReport.read(tmp_path / "run").get("north")
    assert north is not None
    assert north.steps == 2
    assert north.epsilon == pytest.approx(north.balance.spent)


def test_a_training_that_breaks_off_leaves_its_reservation_spent(trained, tmp_path):
    (tmp_path / "file").touch()
    asked = dataclasses.replace(
        protected(tmp_path, trained.asked.manifest),
        checkpoints=str(tmp_path / "file"),  # no folder can be made there
    )
    with pytest.raises(NotADirectoryError):
        trainer.run(asked, tmp_path / "model", tmp_path / "run")
    assert entries(asked) == [(silo, None, 4) for silo in support.SIZES]


def test_a_model_that_can_not_be_protected_costs_nothing(trained, tmp_path):
    model = tmp_path / "model.py"
    model.write_text(
        "import tensorflow as tf\n"
        "def build_model(spec):\n"
        "    floats = tf.keras.Input([spec.num_floats])\n"
        "    ids = tf.keras.Input([spec.num_ids], dtype='int32')\n"
        "    hidden = tf.keras.layers.Dense(4, kernel_regularizer='l2')(floats)\n"
        "    logits = tf.keras.layers.Dense(1)(hidden)\n"
        "    return tf.keras.Model([floats, ids], logits)\n"
    )
    asked = protected(tmp_path, trained.asked.manifest)
    asked = dataclasses.replace(asked, module_file=str(model))
    with pytest.raises(SettingsError):
        trainer.run(asked, tmp_path / "model", tmp_path / "run")
    assert [steps for *_, steps in entries(asked)] == [4, 4, 4, 0, 0, 0]
    assert not (tmp_path / "checkpoints").exists()


def test_nothing_leaves_a_silo_where_the_ledger_can_not_be_reached(tmp_path):
    asked = protected(tmp_path)
    url = "mysql+pymysql://user:secret@127.0.0.1:1/fairsilo"
    with pytest.raises(StoreDownError, match=r"127.0.0.1:1: no answer") as caught:
        trainer.run(
            dataclasses.replace(asked, ledger=url), tmp_path / "model", tmp_path / "run"
        )
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "run").exists()
    for silo in asked.manifest.silos:
        assert not asked.manifest[silo].silo.path("training").exists()


def test_noise_of_the_coordinator_is_paid_for_by_all_silos_alike(tmp_path):
    asked = protected(
        tmp_path,
        settings={"weighting": "uniform", "rounds": 1},
        mode="silo",
        silos={"south": {"run_epsilon": 1.0}},
    )
    card = trainer.run(asked, tmp_path / "model", tmp_path / "run")
    assert card.digest
    report = PrivacyReport.read(tmp_path / "run")
    assert (report.unit, report.canaries) == ("silo", 0)
    assert {one.noise for one in report.silos} == {report.get("south").noise}
    for one in report.silos:
        assert 0.98 < cost(one) <= 1.0, "the silo that asks for most decides"
        assert (one.steps, one.attacked, one.batch) == (1, None, 0.0)
        assert (one.units, one.note) == (support.SIZES[one.silo], "")
    assert entries(asked)[3:] == [
        (silo, number, 1) for number, silo in enumerate(support.SIZES, 1)
    ]
    factors = dataclasses.replace(asked, weight_factors={"north": 1.0, "west": 2.0})
    with pytest.raises(SettingsError, match=r"found weight factors of west, "):
        Protection(factors)


# Below, nothing trains: `Protection` alone.


def reserved(asked: trainer.Request, units) -> tuple[Protection, list[str]]:
    protection = Protection(asked)
    with temporary_faults.collected() as noted:
        refused = protection.reserve(units)
    assert noted == [], "it follows from data and settings"
    return protection, [drop.reason for drop in refused]


def test_a_silo_whose_promise_can_not_be_kept_is_left_out(trained, tmp_path):
    settings = {"rounds": 100_000, "local_epochs": 100}
    asked = protected(
        tmp_path, trained.asked.manifest, settings, silos={"north": {"delta": 1e-6}}
    )
    protection, reasons = reserved(asked, {"north": 200, "south": 100_000})
    assert reasons[0].startswith("silo `north`: noise for 20,000,000 steps of 0.5 of")
    assert reasons[1] == (
        "silo `south`: found `privacy.delta` 1e-05 and 100,000 rows or people, "
        "expected less than 1 over their number, 1e-05; lower "
        "`privacy.delta`, or `privacy.silos.south.delta` for it alone"
    )
    assert protection.told == {}
    assert entries(asked) == []


def test_a_step_has_the_units_that_settings_or_the_silo_s_size_say(trained, tmp_path):
    sizes = {"a": 40, "b": 1_280, "c": 6_000}
    asked = protected(tmp_path, trained.asked.manifest)
    told = reserved(asked, sizes)[0].told
    assert {silo: one.batch for silo, one in told.items()} == {
        "a": 20.0,  # half of them
        "b": 256.0,
        "c": 300.0,  # a twentieth
    }
    assert {silo: one.steps for silo, one in told.items()} == {"a": 2, "b": 5, "c": 20}
    for silo, one in told.items():
        assert one.batch / sizes[silo] - 2**-32 <= one.rate <= one.batch / sizes[silo]
    assert [one.cap for one in told.values()] == [40, 256 + 96, 404]
    assert told["a"].noise > told["b"].noise > told["c"].noise
    few = {"a": 40, "b": 500}
    asked = protected(tmp_path, trained.asked.manifest, batch=50)
    told = reserved(dataclasses.replace(asked, run_id="next"), few)[0].told
    assert [one.batch for one in told.values()] == [40.0, 50.0]


def test_a_training_that_went_on_reports_the_rounds_before(trained, tmp_path):
    asked = protected(tmp_path, trained.asked.manifest, settings={"rounds": 5})
    protection, _ = reserved(asked, {"a": 40, "b": 400, "c": 1_280})
    asked_now, sums = {"a": 2, "b": 1}, {"a": np.zeros(0)}
    result = TrainingResult((), (), "", 2, (), asked_now, sums, begun_before=3)
    protection.end(tmp_path, (), result)
    report = PrivacyReport.read(tmp_path)
    assert [one.steps for one in report.silos] == [2 * 5, 2 * 4, 5 * 3]
    a, b, c = report.silos
    assert (a.attacked, b.attacked, c.attacked) == (None, None, None)
    assert c.balance.spent == 0.0, "it was not asked now"
    assert cost(c) > 0.0, "but it was before"
    assert 0 < b.balance.spent < cost(b) < EPSILON
    # 40 rows are few: their noise is spread over 20 of them a step.
    assert a.note.startswith("its noise is ")
    assert "with 40 rows or people the federation learns little from it" in a.note
    assert (b.note, c.note) == ("", "")


def test_people_are_the_units_where_the_settings_name_them(trained, tmp_path):
    asked = protected(tmp_path, trained.asked.manifest, person="day")
    asked = dataclasses.replace(
        asked, settings=asked.settings.model_copy(update={"quorum_per_round": 9})
    )
    card = trainer.run(asked, tmp_path / "model", tmp_path / "run")
    assert card.refusal.startswith("3 of 3 admitted silos can train")
    assert PrivacyReport.read(tmp_path / "run").unit == "day"
    found = PrivacyLedger(asked.ledger, "flights").entries()
    assert [one.mechanism.units for one in found] == [3] * 6, "three days, three people"
    names = {key for silo in asked.manifest.entries for key in _keys(silo.silo)}
    assert len(names) == 2, "tensors with people have a folder of their own"


def _keys(silo):
    return [path.name for path in silo.path("training").iterdir()]


def test_replay_and_shadow_are_refused_where_there_is_noise(trained):
    run = trained.folder / "run"
    for ask in (
        lambda: trainer.replay(trained.asked, run, "north", 1),
        lambda: trainer.shadow(trained.asked, run, "north"),
    ):
        with pytest.raises(FairSiloError) as caught:
            ask()
        assert caught.value.message == (
            "privacy.mode is `example`: found a training with noise, which is drawn "
            "anew each time, expected one without"
        )
        assert caught.value.hint == "a training without privacy can be asked again"


def test_what_decides_the_noise_is_part_of_the_training_s_key(trained):
    def key(noise=0.0, **changed):
        settings = trained.asked.privacy.model_dump() | changed
        chosen = PrivacySettings.model_validate(settings)
        asked = dataclasses.replace(trained.asked, privacy=chosen)
        return trainer.training_key(asked, {"north": "d1"}, {}, noise)

    others = [
        key(noise=2.8),  # the coordinator's
        key(mode="none"),
        key(run_epsilon=1.0),
        key(clip=2.0),
        key(batch=16),
        key(canaries=0),
        key(silos={"west": {"epsilon": 1.0}}),
    ]
    assert len({key(), *others}) == 1 + len(others)
    assert key(epsilon=5.0, window="month") == key(), "a larger budget makes no model"


def test_a_past_window_is_refused_before_anything(tmp_path):
    asked = protected(tmp_path, window="2020-01-01/2020-12-31")
    with pytest.raises(SettingsError, match="a window that ended on 2020-12-31"):
        trainer.run(asked, tmp_path / "model", tmp_path / "run")
    assert not (tmp_path / "run").exists()
