"""The registry of silos' own workers: read whole, or refused with its fault."""

from __future__ import annotations

import json

import pytest

from components.errors import SettingsError, SiloError
from components.federation import silo_registry
from components.payloads.silo import Silo

EXPECTED = 'expected a JSON object of silo ids and addresses, {"north": "host:port", '


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "silos.json"
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        path.write_bytes(content)
        return str(path)

    return write


def test_addresses_are_given_by_silo(write):
    path = write({"north": "worker.north.svc:8000", "süd 1": "[::1]:65535"})
    found = silo_registry.read(path)
    assert found.address(Silo("north", "/homes/north")) == "worker.north.svc:8000"
    assert found.address(Silo("süd 1", "/homes/süd 1")) == "[::1]:65535"
    assert found.isolation.startswith("own pods: each silo's worker")


def test_silo_that_is_not_listed_is_refused_with_the_file(write):
    path = write({"north": "localhost:8000"})
    with pytest.raises(SiloError) as caught:
        silo_registry.read(path).address(Silo("west", "/homes/west"))
    assert str(caught.value) == (
        f"silo `west`: TFF worker: found no address in {path}, expected the silo's id "
        "and its worker's host:port\n\nhint: add the silo to the registry"
    )


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "no valid JSON"),
        (b'{"north": "\xff:1"}', "no valid JSON"),
        ({}, "no silo in it"),
        ([["north", "localhost:8000"]], "no silo in it"),
        *(
            ({"west": "localhost:1", "north": value}, "no host:port for silo `north`")
            for value in (
                8000,
                "localhost",
                "localhost:0",
                "localhost:65536",
                ":8000",
                "http://a:80",
                "me:s3cret@north:80",
            )
        ),
        (b'{"north": "a:1", "north": "b:1"}', "silo `north` twice"),
        ({"north": "a:1", "west": "a:1"}, "a:1 for both `north` and `west`"),
    ],
)
def test_nonsense_is_refused_with_file_and_expectation(write, content, found):
    path = write(content)
    with pytest.raises(SettingsError) as caught:
        silo_registry.read(path)
    assert caught.value.message.startswith(f"silo registry {path}: found {found}")
    assert EXPECTED in caught.value.message
    assert "s3cret" not in caught.value.message
    assert caught.value.hint == (
        "mend the file, or leave `training.silo_registry` empty to start workers here"
    )


def test_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"can't be read \(No such file or direct"):
        silo_registry.read(str(tmp_path / "silos.json"))
