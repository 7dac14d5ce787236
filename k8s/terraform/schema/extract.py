"""Extracts the arguments of the azurerm resources that our Terraform uses.

The provider can't be asked for its schema without being downloaded from
Terraform's registry. The same facts (names, types, what is required, what is
computed) are in the bindings `@cdktn/provider-azurerm` on npm, which are generated
from the provider; package 16.1.0 is provider 4.73.0. Run it after a resource was
added or the provider's version was raised:

```console
$ npm pack @cdktn/provider-azurerm@16.1.0
$ tar xzf cdktn-provider-azurerm-16.1.0.tgz package/.jsii
$ python k8s/terraform/schema/extract.py package/.jsii
```

It writes `azurerm.json` beside itself. Bindings and provider are MPL-2.0; what is
kept here are names and types of interfaces, no code. Not known from the bindings:
whether a list is a set, which values an argument takes, what excludes what.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from collections.abc import Iterator
from typing import Any

TERRAFORM = pathlib.Path(__file__).resolve().parents[1]
OUTPUT = pathlib.Path(__file__).with_name("azurerm.json")
USED = re.compile(r'^(resource|data) "azurerm_(\w+)"', re.MULTILINE)
PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool"}
# Arguments that Terraform itself has, in every resource.
META = {
    "connection",
    "count",
    "dependsOn",
    "forEach",
    "lifecycle",
    "provider",
    "provisioners",
    "timeouts",
}
# What a class of the bindings has beside the attributes of its resource.
INTERNAL = META | {"tfResourceType", "internalValue"}


def snake(name: str) -> str:
    """Return Terraform's name of a property."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class Bindings:
    """The description (.jsii) of the bindings.

    Args:
        description: The file's content.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self.package: str = description["name"]
        self.version: str = description["version"]
        self._types: dict[str, Any] = description["types"]
        self._by_lower: dict[str, str] = {name.lower(): name for name in self._types}

    def find(self, module: str, suffix: str = "") -> str:
        """Return the full name of a resource's class, or of its `Config`."""
        return self._by_lower[f"{self.package}.{module}.{module}{suffix}".lower()]

    def properties(self, name: str, skipped: set[str]) -> Iterator[dict[str, Any]]:
        """Yield the properties of a class that are arguments or attributes."""
        for prop in self._types[name].get("properties", []):
            if prop["name"] not in skipped and not prop["name"].endswith("Input"):
                yield prop

    def block(self, config: str) -> dict[str, Any]:
        """Return what a block takes (`arguments`, `blocks`) and gives (`computed`).

        `required` names the arguments and blocks that must be there, `single` the
        blocks that may be there once only.
        """
        found: dict[str, Any] = {"arguments": {}, "blocks": {}}
        required, single = [], []
        for prop in self.properties(config, META):
            name = snake(prop["name"])
            kind, nested = self._type(prop["type"])
            if nested is None:
                found["arguments"][name] = kind
            else:
                found["blocks"][name] = self.block(nested)
            if not prop.get("optional", False):
                required.append(name)
            if kind == "block":
                single.append(name)
        computed = self._computed(config, found)
        return found | {"computed": computed, "required": required, "single": single}

    def _computed(self, config: str, found: dict[str, Any]) -> dict[str, str]:
        taken = {*found["arguments"], *found["blocks"]}
        owner = config.removesuffix("Config")
        if owner == config:
            owner = f"{config}OutputReference"
        if owner not in self._types:
            return {}
        kinds = (
            (snake(prop["name"]), self._type(prop["type"])[0])
            for prop in self.properties(owner, INTERNAL)
        )
        return {name: kind for name, kind in kinds if name not in taken}

    def _type(self, declared: dict[str, Any]) -> tuple[str, str | None]:
        """Return a property's type, and the block's name where it is one."""
        if "primitive" in declared:
            return PRIMITIVES.get(declared["primitive"], "dynamic"), None
        if "collection" in declared:
            element, nested = self._type(declared["collection"]["elementtype"])
            if nested is not None:
                return "list of blocks", nested
            outer = "map" if declared["collection"]["kind"] == "map" else "list"
            return f"{outer}({element})", None
        if "union" in declared:
            kinds = [t for t in declared["union"]["types"] if not _resolvable(t)]
            return self._type(kinds[0])
        if _resolvable(declared):  # a computed boolean
            return "bool", None
        if declared["fqn"].endswith("List"):  # computed blocks
            return "dynamic", None
        return "block", declared["fqn"]


def _resolvable(declared: dict[str, Any]) -> bool:
    return str(declared.get("fqn", "")).endswith(".IResolvable")


def used_types() -> list[tuple[str, str]]:
    """Return what our files declare: `resource` or `data`, and the short type."""
    found = {
        (kind, name)
        for path in TERRAFORM.rglob("*.tf")
        for kind, name in USED.findall(path.read_text())
    }
    return sorted(found)


def camel(name: str) -> str:
    """Return the bindings' name of a resource type."""
    return "".join(part.title() for part in name.split("_"))


def extract(bindings: Bindings) -> dict[str, Any]:
    """Return the schemas of the provider and of all types that our files declare."""
    schemas: dict[str, dict[str, Any]] = {"resource": {}, "data": {}}
    for kind, name in used_types():
        module = camel(name) if kind == "resource" else f"DataAzurerm{camel(name)}"
        config = bindings.find(module, "Config")
        schemas[kind][f"azurerm_{name}"] = bindings.block(config)
    provider = bindings.block(f"{bindings.package}.provider.AzurermProviderConfig")
    source = f"{bindings.package} {bindings.version} (npm, MPL-2.0)"
    return {"source": source, "provider": {"azurerm": provider}, **schemas}


def to_text(extracted: dict[str, Any]) -> str:
    """Return JSON with a line for each type: small, and a diff shows what changed."""
    parts = [f'"source": {json.dumps(extracted["source"])}']
    for kind in ("provider", "resource", "data"):
        lines = [
            f"{json.dumps(name)}: {json.dumps(schema, sort_keys=True)}"
            for name, schema in sorted(extracted[kind].items())
        ]
        parts.append(f'"{kind}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Read the bindings named on the command line, and write the extract."""
    description = json.loads(pathlib.Path(sys.argv[1]).read_text())
    OUTPUT.write_text(to_text(extract(Bindings(description))))


if __name__ == "__main__":
    main()
