"""The node over real silo tasks: drift, heterogeneity, what left."""

import pytest

from components.payloads.findings import sentences
from components.silo_example_gen import discovery
from components.silo_example_gen import node as example_gen
from components.silo_validator import node
from components.silo_validator.columns import Columns
from components.silo_validator.settings import ValidationSettings
from tests.support import silos

pytestmark = pytest.mark.beam
COLUMNS = Columns("late", ("id",))
SETTINGS = ValidationSettings(min_rows=20)


@pytest.fixture
def validate(tmp_path):
    def _validate(name, settings=SETTINGS, by_hand=None, baselines=None):
        source = silos.source(tmp_path / name)
        found = discovery.discover(source, str(tmp_path / "homes" / name))
        window = discovery.window(found, source, "")
        manifest = example_gen.ingest_all(
            "shapes", found, window, source, silos.schema(), "code"
        )
        return node.validate(
            manifest,
            silos.schema(),
            COLUMNS,
            settings,
            by_hand or {},
            baselines or {},
        )

    return _validate


def test_healthy_federation_is_admitted_with_shares_and_distances(validate, tmp_path):
    silos.federation(tmp_path / "a", span="1")
    found = validate("a")
    assert found.cohort.admitted == ["north", "south", "west"]
    assert sum(m.share for m in found.cohort.members) == pytest.approx(1)
    assert all(0 <= d <= 1 for d in found.cohort.members[0].heterogeneity.values())
    assert {tuple(d.kind for d in left) for left in found.departures.values()} == {
        ("statistics", "findings and label counts")
    }


def test_drifted_silo_is_quarantined_against_its_earlier_statistics(validate, tmp_path):
    silos.federation(tmp_path / "a", span="1")
    before = validate("a")
    node.write_statistics(tmp_path / "stats", before.statistics)
    silos.federation(tmp_path / "b", span="1")
    silos.write(
        tmp_path / "b", "north", "1.parquet", silos.rows(130, seed=5, colour="red")
    )
    baseline = node.Baseline("2013-01", str(tmp_path / "stats"))
    found = validate("b", baselines=dict.fromkeys(silos.SIZES, baseline))
    assert found.cohort.admitted == ["south", "west"]
    [told] = found.cohort.members[0].reasons
    assert "between these training rows and those of span 2013-01" in told.sentence
    assert "`drift_comparator`" in told.hint


def test_failed_profile_is_a_reason_and_others_go_on(validate, tmp_path):
    silos.federation(tmp_path / "a", span="1")
    silos.write(tmp_path / "a", "xeno", "1.parquet", silos.rows(60, weight="much"))
    found = validate("a", by_hand={"west": "audit"})
    assert found.cohort.admitted == ["north", "south"]
    reasons = {m.silo: sentences(m.reasons) for m in found.cohort.members}
    assert reasons["west"] == ("quarantined by hand: audit",)
    assert "column `weight`" in reasons["xeno"][0]
