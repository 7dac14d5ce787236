"""A silo's id, in any script, becomes a name that Kubernetes and Azure take."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.errors import SettingsError
from components.payloads import silo
from pipelines.cluster import names

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
CONTAINER = re.compile(r"[a-z0-9](-?[a-z0-9]){2,62}")


def is_id(text):
    try:
        silo.check_id(text)
    except SettingsError:
        return False
    return True


# Digests by `printf %s ID | sha256sum`.
@pytest.mark.parametrize(
    ("silo_id", "slug"),
    [
        ("9E", "9e"),
        ("north-sea", "north-sea"),
        ("Süd", "sud-be833bb8"),
        ("sud", "sud"),
        ("a b", "a-b-c8687a08"),
        ("a--b", "a-b-90827a2e"),
        ("-x-", "x-c6cf95e5"),
        ("北", "silo-01bc01b3"),
        # Its small letter is an ordinary k.
        ("\N{KELVIN SIGN}", "k-2bc4fb87"),
        ("Air France \N{EN DASH} " + 30 * "x", f"air-france-{20 * 'x'}-fea6ccf5"),
    ],
)
def test_a_slug_is_readable_and_has_a_digest_unless_it_is_the_id(silo_id, slug):
    assert names.slug_of(silo_id) == slug


def test_ids_that_read_alike_are_told_apart():
    alike = ["Süd", "Sud!", "sûd", "SÜD", "sud", "s u d"]
    assert len({names.slug_of(one) for one in alike}) == len(alike)


@given(st.text(max_size=40).filter(is_id))
def test_every_silo_id_gets_a_name_that_kubernetes_and_azure_take(silo_id):
    slug = names.slug_of(silo_id)
    assert names.is_slug(slug)
    assert LABEL.fullmatch(names.namespace(slug))
    assert CONTAINER.fullmatch(f"silo-{slug}")
    assert len(names.namespace(slug)) <= 63
    assert names.slug_of(silo_id) == slug


@pytest.mark.parametrize("text", ["", "A", "a_b", "-a", "a-", "a--b", "a" * 41, "ü"])
def test_what_is_no_slug_is_not_taken_for_one(text):
    assert not names.is_slug(text)


def test_a_worker_is_called_by_its_service():
    assert names.address("9e") == "worker.fairsilo-silo-9e.svc.cluster.local:8000"
