"""What the API server trusts: one administrator, and keys made for one test run."""

from __future__ import annotations

import json
import pathlib
import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def write_signing_key(path: pathlib.Path) -> None:
    """Write the key that the server signs service accounts' tokens with."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    _write(
        path,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def write_administrator(path: pathlib.Path) -> str:
    """Write the server's token file, and return the administrator's token."""
    token = secrets.token_urlsafe(32)
    _write(path, f'{token},admin,admin,"system:masters"\n'.encode())
    return token


def write_kubeconfig(
    path: pathlib.Path, server: str, authority: pathlib.Path, token: str
) -> None:
    """Write kubectl's settings; JSON is YAML too."""
    settings = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "test",
                "cluster": {"server": server, "certificate-authority": str(authority)},
            }
        ],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
        "current-context": "test",
    }
    _write(path, json.dumps(settings).encode())


def _write(path: pathlib.Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
