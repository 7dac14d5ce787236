"""Makes the database's two secrets, with passwords that nobody has seen.

`make cluster-secrets` sends them from here to `kubectl`; they are written nowhere else.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import Any

from components import store_url
from components.errors import FairSiloError

DATABASE = "fairsilo-mysql"
DATABASE_NAMESPACE = "fairsilo"
NAMESPACE = "kubeflow"
_BYTES = 32


def make(password: str, root_password: str) -> list[dict[str, Any]]:
    """Return the secret of the database and that of the pipeline's steps.

    Args:
        password: Of the user `fairsilo`, of letters that a URL may hold.
        root_password: Of the database's root, who logs in inside its pod only.
    """
    host = f"{DATABASE}.{DATABASE_NAMESPACE}.svc.cluster.local"
    url = f"mysql+pymysql://fairsilo:{password}@{host}:3306/fairsilo"
    return [
        _secret(
            DATABASE,
            DATABASE_NAMESPACE,
            {"password": password, "root-password": root_password},
        ),
        _secret(store_url.SECRET, NAMESPACE, {"url": url}),
    ]


def main() -> None:
    """Print them as one JSON list, for a pipe.

    Raises:
        FairSiloError: Standard output is a terminal, which would show them.
    """
    if sys.stdout.isatty():
        raise FairSiloError(
            "standard output: found a terminal, expected a pipe: it would show "
            "passwords",
            "run `make cluster-secrets`",
        )
    items = make(secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES))
    json.dump({"apiVersion": "v1", "kind": "List", "items": items}, sys.stdout)


def _secret(name: str, namespace: str, values: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/part-of": "fairsilo"},
        },
        "type": "Opaque",
        "stringData": values,
    }


if __name__ == "__main__":
    try:
        main()
    except FairSiloError as error:
        sys.exit(f"error: {error}")
