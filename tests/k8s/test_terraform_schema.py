"""Resources have the arguments that the provider knows, as far as its schema tells."""

import re
from typing import Any

import pytest

from tests.k8s.scripts import load
from tests.k8s.terraform_files import (
    SCHEMA,
    complaints,
    complaints_of,
    modules,
    resources,
)

ALL = list(resources())
CONTAINER = """
resource "azurerm_storage_container" "input" {
  name               = "silo"
  storage_account_id = "x"
  %s
}
"""
ENDPOINT = """
resource "azurerm_private_endpoint" "blob" {
  name                = "blob"
  location            = "westeurope"
  resource_group_name = "fairsilo"
  subnet_id           = "x"

  private_service_connection {
    name = "blob"
    %s
  }
}
"""


@pytest.mark.parametrize(("type_", "where", "body"), ALL, ids=[a for _, a, _ in ALL])
def test_a_resource_has_only_arguments_that_the_provider_knows(type_, where, body):
    assert list(complaints(where, body, SCHEMA["resource"][type_])) == []


def test_data_sources_and_provider_have_only_arguments_that_the_provider_knows():
    for type_, where, body in resources("data"):
        assert list(complaints(where, body, SCHEMA["data"][type_])) == []
    (provider,) = modules()[""]["provider"]
    assert (
        list(complaints("p", provider["azurerm"], SCHEMA["provider"]["azurerm"])) == []
    )


def test_a_made_up_argument_is_refused():
    assert complaints_of(CONTAINER % 'container_access_type = "private"') == []
    assert complaints_of(CONTAINER % "public = true") == [
        "azurerm_storage_container.input: found the unknown argument `public`"
    ]


def test_a_made_up_argument_of_a_nested_block_is_refused_and_a_missing_one_missed():
    assert complaints_of(ENDPOINT % "is_manual_connection = false") == []
    where = "azurerm_private_endpoint.blob.private_service_connection"
    assert complaints_of(ENDPOINT % "manual = false") == [
        f"{where}: found the unknown argument `manual`",
        f"{where}: found no `is_manual_connection`, which is required",
    ]


def test_a_missing_block_is_missed():
    lacking = re.sub(r"private_service_connection \{[^}]*\}", "", ENDPOINT % "")
    assert complaints_of(lacking) == [
        "azurerm_private_endpoint.blob: found no `private_service_connection`, "
        "which is required"
    ]


def test_the_schema_is_of_the_provider_that_is_asked_for_and_of_no_other_types():
    (required,) = modules()[""]["terraform"]
    (providers,) = required["required_providers"]
    assert providers["azurerm"]["version"] == "~> 4.73"
    assert "@cdktn/provider-azurerm 16.1.0" in SCHEMA["source"]  # is provider 4.73.0
    assert {*SCHEMA["resource"]} == {type_ for type_, _, _ in ALL}
    assert {*SCHEMA["data"]} == {type_ for type_, _, _ in resources("data")}


def test_the_extractor_tells_required_from_optional_and_given_from_computed():
    text, flag = {"primitive": "string"}, {"fqn": "cdktn.IResolvable"}
    texts = {"collection": {"elementtype": text, "kind": "array"}}
    inner = {"fqn": "p.pet.PetCollar"}
    many = {"collection": {"elementtype": {"fqn": "p.pet.PetToy"}, "kind": "array"}}
    types: dict[str, list[Any]] = {
        "p.pet.PetConfig": [
            ("name", text, False),
            ("nickNames", texts, True),
            ("collar", inner, False),
            ("toy", {"union": {"types": [flag, many]}}, True),
            ("dependsOn", texts, True),
        ],
        "p.pet.PetCollar": [("sizeInCm", {"primitive": "number"}, False)],
        "p.pet.PetCollarOutputReference": [("serialNumber", text, False)],
        "p.pet.PetToy": [("squeaks", {"primitive": "boolean"}, True)],
        "p.pet.Pet": [("name", text, False), ("isAsleep", flag, False)],
    }
    description = {
        "name": "p",
        "version": "1",
        "types": {
            name: {
                "properties": [
                    {"name": n, "type": t, "optional": o} for n, t, o in properties
                ]
            }
            for name, properties in types.items()
        },
    }
    bindings = load("schema/extract.py").Bindings(description)
    assert bindings.block(bindings.find("Pet", "Config")) == {
        "arguments": {"name": "string", "nick_names": "list(string)"},
        "blocks": {
            "collar": {
                "arguments": {"size_in_cm": "number"},
                "blocks": {},
                "computed": {"serial_number": "string"},
                "required": ["size_in_cm"],
                "single": [],
            },
            "toy": {
                "arguments": {"squeaks": "bool"},
                "blocks": {},
                "computed": {},
                "required": [],
                "single": [],
            },
        },
        "computed": {"is_asleep": "bool"},
        "required": ["name", "collar"],
        "single": ["collar"],
    }
