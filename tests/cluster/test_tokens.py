"""Which subject Azure sees in a silo's token, by the server that signs it."""

import base64
import json

import pytest

from tests.cluster.control_plane import ISSUER

pytestmark = pytest.mark.cluster

AUDIENCE = "api://AzureADTokenExchange"


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_each_silos_token_names_its_own_account(cluster):
    for silo in cluster.silos:
        made = cluster.kubectl(
            "create", "token", "silo-worker", "-n", silo, f"--audience={AUDIENCE}"
        )
        assert made.ok, made.err
        said = claims(made.out)
        assert said["sub"] == f"system:serviceaccount:{silo}:silo-worker"
        assert said["aud"] == [AUDIENCE]
        assert said["iss"] == ISSUER
