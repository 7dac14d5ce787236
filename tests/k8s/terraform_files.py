"""Our Terraform files, read by python-hcl2, and their check against the schema.

Terraform isn't needed for it, so this much is checked wherever the tests run;
`provider_stub.py` lets Terraform itself check more.
"""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Iterator
from typing import Any

import hcl2

TERRAFORM = pathlib.Path(__file__).resolve().parents[2] / "k8s" / "terraform"
SCHEMA = json.loads((TERRAFORM / "schema" / "azurerm.json").read_text())
# Terraform's own, in every block of a resource.
META = {"count", "depends_on", "dynamic", "for_each", "lifecycle", "provider"}

Block = dict[str, Any]


def plain(value: object) -> object:
    """Return a parsed value without the quotes that python-hcl2 leaves on."""
    if isinstance(value, str):
        return value.removeprefix('"').removesuffix('"')
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {
            str(plain(key)): plain(item)
            for key, item in value.items()
            if not key.startswith("__")
        }
    return value


def parse(text: str) -> Block:
    """Return a file's blocks by their kind."""
    parsed = plain(hcl2.loads(text))
    assert isinstance(parsed, dict)
    return parsed


@functools.cache
def modules() -> dict[str, Block]:
    """Return the blocks of each module: `""` is the root, `silo`, ..."""
    found: dict[str, Block] = {}
    for path in sorted(TERRAFORM.rglob("*.tf")):
        name = "" if path.parent == TERRAFORM else path.parent.name
        for kind, blocks in parse(path.read_text()).items():
            found.setdefault(name, {}).setdefault(kind, []).extend(blocks)
    return found


def resources(kind: str = "resource") -> Iterator[tuple[str, str, Block]]:
    """Yield type, address and arguments of all resources, or `data` sources."""
    for module, blocks in modules().items():
        for declared in blocks.get(kind, []):
            for type_, named in declared.items():
                for name, body in named.items():
                    yield type_, f"{module}:{type_}.{name}", body


def complaints(where: str, body: Block, schema: Block) -> Iterator[str]:
    """Yield what a block has that its schema doesn't know, and what it lacks."""
    dynamic = {name for block in body.get("dynamic", []) for name in block}
    given = {*body, *dynamic} - META
    known = {*schema["arguments"], *schema["blocks"]}
    for name in sorted(given - known):
        yield f"{where}: found the unknown argument `{name}`"
    for name in sorted({*schema["required"]} - given):
        yield f"{where}: found no `{name}`, which is required"
    for name in sorted(given & {*schema["blocks"]} - dynamic):
        for block in body[name]:
            yield from complaints(f"{where}.{name}", block, schema["blocks"][name])


def complaints_of(text: str) -> list[str]:
    """Return the complaints about the resources of one file."""
    return [
        complaint
        for declared in parse(text).get("resource", [])
        for type_, named in declared.items()
        for name, body in named.items()
        for complaint in complaints(f"{type_}.{name}", body, SCHEMA["resource"][type_])
    ]
