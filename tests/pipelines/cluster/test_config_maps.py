"""The config maps that speak of all silos, whatever script their names are in."""

import json

import yaml

from pipelines.cluster import config_maps
from pipelines.cluster.silos import Silo, Silos

LISTED = Silos(
    use_case="flights",
    silos=[Silo(id="9E"), Silo(id='Süd "1"\N{LINE SEPARATOR}', slug="south")],
)


def test_the_registry_and_the_directories_name_every_silo():
    registry, homes = yaml.safe_load_all(config_maps.of(LISTED, lambda _: False))
    assert json.loads(registry["data"]["silos.json"]) == {
        "9E": "worker.fairsilo-silo-9e.svc.cluster.local:8000",
        LISTED.silos[1].id: "worker.fairsilo-silo-south.svc.cluster.local:8000",
    }
    assert json.loads(homes["data"]["directories.json"]) == [
        "flights/silos/9E",
        f"flights/silos/{LISTED.silos[1].id}",
    ]


def test_input_directories_are_made_for_silos_that_have_one():
    of_first = config_maps.of(LISTED, lambda silo: silo.id == "9E")
    _, homes = yaml.safe_load_all(of_first)
    assert json.loads(homes["data"]["directories.json"])[2:] == ["input/flights/9E"]
