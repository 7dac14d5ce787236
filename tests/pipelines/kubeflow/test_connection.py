"""The way to the server: tokens, retries, timeouts, and answers that are none."""

import datetime
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.errors import SettingsError
from pipelines.kubeflow import experiments, runs, versions
from pipelines.kubeflow.connection import Server
from pipelines.kubeflow.errors import (
    KubeflowError,
    NotFoundError,
    ServerFaultError,
    UnreachableError,
)
from tests.support.kfp_server import Fault, Kfp


def test_a_token_goes_with_each_request(kfp, connect):
    kfp.token = "t0ken"  # noqa: S105
    experiments.ensure(connect(kfp.token), "flights")
    assert {one.token for one in kfp.requests} == {"Bearer t0ken"}


def test_a_wrong_token_is_refused_and_not_shown(kfp, connect):
    kfp.token = "right"  # noqa: S105
    connection = connect("wr0ng")
    with pytest.raises(KubeflowError, match="refused the token") as caught:
        experiments.find(connection, "flights")
    assert (
        "wr0ng" not in f"{caught.value}{connection.server!r}{caught.value.__context__}"
    )


def test_no_token_is_told_as_none(kfp, connection):
    kfp.token = "right"  # noqa: S105
    with pytest.raises(KubeflowError, match="no token was sent"):
        experiments.find(connection, "flights")


def test_a_namespace_without_rights_is_named(kfp, connect):
    kfp.forbidden = {"list experiments"}
    with pytest.raises(KubeflowError, match="not allowed in namespace `team-a`"):
        experiments.find(connect(namespace="team-a"), "flights")


def test_reads_are_tried_again_while_the_server_is_unwell(kfp, connection):
    kfp.faults = [Fault(503, times=2), Fault(500)]
    assert experiments.find(connection, "flights") is None
    assert len(kfp.requests) == 4


def test_reads_are_not_tried_for_ever(kfp, connection):
    kfp.faults = [Fault(503, times=99)]
    with pytest.raises(ServerFaultError, match="status 503"):
        experiments.find(connection, "flights")
    assert len(kfp.requests) == 4


def test_writes_are_never_tried_again(kfp, connection):
    kfp.faults = [Fault(503, method="POST", times=9)]
    with pytest.raises(ServerFaultError, match="create experiments"):
        experiments.ensure(connection, "flights")
    assert len(kfp.asked("POST")) == 1


def test_what_there_is_not_is_told(connection):
    with pytest.raises(NotFoundError, match="Run nobody not found"):
        runs.get(connection, "nobody")


def test_a_slow_answer_ends_the_wait(kfp, connect):
    kfp.delay_s = 1.5
    with pytest.raises(UnreachableError, match="no answer in time"):
        experiments.find(connect(timeout_s=0.1), "flights")


def test_a_closed_port_and_an_unknown_name_are_told_apart(connect):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="refused: nothing listens"):
            experiments.find(connect(host=address), "flights")
    with pytest.raises(UnreachableError, match=r"\(DNS\)") as caught:
        experiments.find(connect(host="http://kfp.invalid"), "flights")
    assert "--port-forward" in caught.value.hint


def test_https_to_a_server_without_it_is_told(kfp, connect):
    address = kfp.host.replace("http:", "https:")
    with pytest.raises(UnreachableError, match="speaks no TLS"):
        experiments.find(connect(host=address), "flights")


def test_a_connection_that_is_cut_off_is_tried_once_more_and_told(connect):
    with socket.create_server(("127.0.0.1", 0)) as server:
        hung_up = []

        def hang_up():
            for _ in range(2):
                accepted, _ = server.accept()
                accepted.recv(100)
                accepted.close()
                hung_up.append(1)

        thread = threading.Thread(target=hang_up)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="found no answer"):
            experiments.find(connect(host=address), "flights")
        thread.join()
    assert len(hung_up) == 2


def test_a_login_page_is_not_taken_for_the_api(kfp, connection):
    kfp.faults = [Fault(302, body=("text/html", b"<html>to /login</html>"))]
    with pytest.raises(KubeflowError, match="most likely its login"):
        experiments.find(connection, "flights")
    kfp.faults = [Fault(200, body=("text/html", b"<html>the UI</html>"))]
    with pytest.raises(KubeflowError, match="an answer of type text/html"):
        experiments.find(connection, "flights")


def test_a_refusal_in_another_encoding_is_told_as_well(kfp, connection):
    page = "Zugriff verwehrt: für".encode("latin-1")
    kfp.faults = [Fault(403, body=("text/html", page))]
    with pytest.raises(KubeflowError, match="not allowed in namespace"):
        experiments.find(connection, "flights")


def test_a_health_page_of_another_program_is_told(kfp, connection, package_file):
    for body in (b"ok", b"[]"):
        kfp.faults = [Fault(200, where="healthz", body=("application/json", body))]
        with pytest.raises(KubeflowError, match="not the API of Kubeflow Pipelines"):
            versions.ensure(connection, "flights", package_file)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("localhost:8888", "expected an address such as"),
        ("ftp://kfp", "expected an address such as"),
        ("http://", "expected an address such as"),
        ("http://ann:secret@kfp", "found a password"),
        ("http://kfp/?next=x", "found a password, query"),
    ],
)
def test_an_address_that_is_none_is_refused(host, found):
    with pytest.raises(SettingsError, match=found) as caught:
        Server(host, "kubeflow")
    assert "secret" not in str(caught.value)


def test_an_own_authority_is_trusted_when_named(connect, monkeypatch, tmp_path):
    certificate = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Kfp(context).serving() as kfp:
        with pytest.raises(UnreachableError, match="certificate can't be trusted"):
            experiments.find(connect(host=kfp.host), "flights")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert experiments.find(connect(host=kfp.host), "flights") is None


def _self_signed(folder):
    """Write a certificate of 127.0.0.1 with its key, and return the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kfp")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(encoding) + secret)
    return path
