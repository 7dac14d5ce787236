"""Looks, from inside a silo's namespace, at what a silo may reach and read.

Runs in pods that `verify.py` makes: `network` with the labels of the silo's worker, and
so under its network policies, `identity` with its service account and a way out.
Standard library only, so any image with Python will do. Prints a line for each check;
exit status 1 if one failed. No token is printed.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import pathlib
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

PATIENCE_S = 5.0
STORAGE_VERSION = "2024-11-04"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Outcome = tuple[bool, str]


def check_name(host: str, expected: str) -> Outcome:
    """Check that a storage account's name leads to its private endpoint."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, 443)}
    except OSError as error:
        return False, f"{host}: found no address ({error.strerror})"
    private = all(ipaddress.ip_address(address).is_private for address in found)
    said = f"{host}: found {', '.join(sorted(found))}, expected {expected}"
    return private and found == {expected}, said


def token() -> str:
    """Return a token for storage, had for the pod's service account token.

    Raises:
        OSError: Entra ID can't be reached, or refuses.
    """
    assertion = pathlib.Path(os.environ["AZURE_FEDERATED_TOKEN_FILE"]).read_text()
    form = {
        "grant_type": "client_credentials",
        "client_id": os.environ["AZURE_CLIENT_ID"],
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion,
        "scope": "https://storage.azure.com/.default",
    }
    authority = os.environ["AZURE_AUTHORITY_HOST"].rstrip("/")
    request = urllib.request.Request(  # noqa: S310  the webhook's own https address
        f"{authority}/{os.environ['AZURE_TENANT_ID']}/oauth2/v2.0/token",
        data=urllib.parse.urlencode(form).encode(),
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
        return str(json.load(answer)["access_token"])


def status_of_list(container: str, bearer: str) -> tuple[int, str]:
    """Return the status and Azure's error code of listing a container.

    Raises:
        OSError: The account can't be reached.
    """
    request = urllib.request.Request(  # noqa: S310  an address of our own manifest
        f"{container}?restype=container&comp=list&maxresults=1",
        headers={"Authorization": f"Bearer {bearer}", "x-ms-version": STORAGE_VERSION},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("x-ms-error-code", "")


def check_own(container: str, bearer: str) -> Outcome:
    """Check that the silo reads its own container."""
    try:
        status, code = status_of_list(container, bearer)
    except OSError as error:
        return False, f"own container: not reached ({error}), expected 200"
    return status == 200, f"own container: found {status} {code}, expected 200"


def check_other(container: str, bearer: str) -> Outcome:
    """Check that the silo does not read another's container."""
    try:
        status, code = status_of_list(container, bearer)
    except OSError as error:
        return False, f"other container: not reached ({error}), expected 403"
    return status == 403, f"other container: found {status} {code}, expected 403"


def check_closed(address: str) -> Outcome:
    """Check that nothing answers at HOST:PORT; a refusal would be an answer."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), PATIENCE_S).close()
    except ConnectionRefusedError:
        return False, f"{address}: found an answer (refused), expected none"
    except OSError:
        return True, f"{address}: no answer, as expected"
    return False, f"{address}: found a connection, expected none"


def network(options: argparse.Namespace) -> Iterator[Outcome]:
    """Yield what the worker's network policies and names come to."""
    yield check_name(options.host, options.address)
    for address in options.closed:
        yield check_closed(address)


def identity(options: argparse.Namespace) -> Iterator[Outcome]:
    """Yield what the silo's identity may read."""
    try:
        bearer = token()
    except (KeyError, OSError) as error:
        yield False, f"token: found none ({error!r}), expected one from Entra ID"
        return
    yield check_own(options.own, bearer)
    yield check_other(options.other, bearer)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("network")
    part.set_defaults(outcomes=network)
    part.add_argument("--host", required=True, help="name of the storage account")
    part.add_argument("--address", required=True, help="its private address")
    part.add_argument("--closed", nargs="+", required=True, metavar="HOST:PORT")
    part = parts.add_parser("identity")
    part.set_defaults(outcomes=identity)
    part.add_argument("--own", required=True, help="URL of the silo's container")
    part.add_argument("--other", required=True, help="URL of another's container")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run the checks; return the exit status."""
    options = parse(arguments)
    failed = False
    for passed, said in options.outcomes(options):
        print("ok    " if passed else "FAILED", said, flush=True)
        failed = failed or not passed
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
