"""A stand-in for Terraform's provider azurerm, which can't be downloaded everywhere.

It speaks as much of Terraform's plugin protocol (tfplugin5) as `terraform validate`
and `terraform test` with a mocked provider need: it tells the schema that
`k8s/terraform/schema/azurerm.json` holds, and agrees to everything else. Arguments,
types, references, conditions and loops are then checked by Terraform itself. What the
real provider checks beyond its schema (allowed values, Azure's answers) is not.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
from concurrent import futures
from typing import Any

import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "k8s/terraform/schema/azurerm.json").read_text())
ADDRESS = "registry.terraform.io/hashicorp/azurerm"
LIST = 2  # NestedBlock.NestingMode.LIST

# What our files read although they don't set it. The bindings don't tell what Azure
# fills where it is left out; anything else stays null, so that tests see it missing.
FILLED_BY_AZURE = {"id", "kubelet_identity", "node_resource_group"}


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, value: bytes | str | int) -> bytes:
    """Return one field of a protobuf message."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _type(kind: str) -> Any:
    """Return Terraform's JSON form of a type, such as `["list","string"]`."""
    outer, _, inner = kind.partition("(")
    return [outer, _type(inner.removesuffix(")"))] if inner else outer


def _attribute(name: str, kind: Any, flag: str) -> bytes:
    flags = {"required": 4, "optional": 5, "computed": 6}
    message = _field(1, name) + _field(2, json.dumps(kind)) + _field(flags[flag], 1)
    if flag == "optional" and name in FILLED_BY_AZURE:
        message += _field(flags["computed"], 1)
    if name.endswith("_wo"):  # write-only: never in the state
        message += _field(10, 1)
    return message


def _filled(name: str, block: dict[str, Any]) -> bytes:
    kinds = {key: _type(kind) for key, kind in block["arguments"].items()}
    return _attribute(name, ["list", ["object", kinds]], "optional")


def _block(schema: dict[str, Any]) -> bytes:
    required = schema["required"]
    message = b""
    for name, kind in schema["arguments"].items():
        flag = "required" if name in required else "optional"
        message += _field(2, _attribute(name, _type(kind), flag))
    for name, kind in schema["computed"].items():
        message += _field(2, _attribute(name, _type(kind), "computed"))
    for name, block in schema["blocks"].items():
        if name in FILLED_BY_AZURE:
            message += _field(2, _filled(name, block))
            continue
        nested = _field(1, name) + _field(2, _block(block)) + _field(3, LIST)
        nested += _field(4, 1) if name in required else b""
        nested += _field(5, 1) if name in schema["single"] else b""
        message += _field(3, nested)
    return message


def _schema(schema: dict[str, Any]) -> bytes:
    return _field(2, _block(schema))


@functools.cache
def _provider_schema() -> bytes:
    message = _field(1, _schema(SCHEMA["provider"]["azurerm"]))
    for number, kind in ((2, "resource"), (3, "data")):
        for name, schema in SCHEMA[kind].items():
            message += _field(number, _field(1, name) + _field(2, _schema(schema)))
    return message


# What Terraform asks while it validates and while mocks stand for the resources.
ANSWERS = {
    "GetSchema": lambda _request, _context: _provider_schema(),
    # The prepared configuration is the configuration.
    "PrepareProviderConfig": lambda request, _context: request,
    "ValidateResourceTypeConfig": lambda _request, _context: b"",
    "ValidateDataSourceConfig": lambda _request, _context: b"",
    "Stop": lambda _request, _context: b"",
}


class ProviderStub:
    """The provider, listening on loopback while the context lasts."""

    def __enter__(self) -> ProviderStub:
        pool = futures.ThreadPoolExecutor(max_workers=4)
        self._server = grpc.server(pool, options=[("grpc.max_send_message_length", -1)])
        methods = {
            name: grpc.unary_unary_rpc_method_handler(answer)
            for name, answer in ANSWERS.items()
        }
        self._server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("tfplugin5.Provider", methods)]
        )
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(grace=None)

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which Terraform attaches itself, instead of downloading."""
        attach = {
            "Protocol": "grpc",
            "ProtocolVersion": 5,
            "Pid": os.getpid(),
            "Test": True,  # so that Terraform doesn't end this process
            "Addr": {"Network": "tcp", "String": f"127.0.0.1:{self._port}"},
        }
        return {
            "TF_REATTACH_PROVIDERS": json.dumps({ADDRESS: attach}),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
        }
