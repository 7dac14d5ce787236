"""The client over real HTTP: versions, runs, the way to the server, its errors."""

import socket

import pytest

from components.errors import FairSiloError, SettingsError
from pipelines.kubeflow import client, logs
from pipelines.kubeflow.client import Client, KubeflowError, UnreachableError
from tests.pipelines.kubeflow.conftest import use_kubeconfig
from tests.support.kfp_server import Fault

HTML = ("text/html", b"<html>sign in</html>")


def test_the_same_content_is_no_new_version_and_other_content_is_one(
    kfp, connect, package
):
    first = connect().upload(package)
    assert first["uploaded"]
    assert connect().upload(package) == first | {"uploaded": False}
    package.write_text(package.read_text().replace("abab", "cdcd"))
    assert connect().upload(package)["uploaded"]
    assert len(kfp.versions) == 2
    assert [one.display_name for one in kfp.pipelines.values()] == ["flights"]


def test_a_version_is_found_behind_many_others_of_the_pipeline(kfp, connect, package):
    pipeline_id = connect().upload(package)["pipeline_id"]
    content = package.read_bytes()
    for number in range(120):
        kfp.upload_version({"name": str(number), "pipelineid": pipeline_id}, content)
    assert not connect().upload(package)["uploaded"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("name: flights", "name: census", "found a package of `census`"),
        (
            "schemaVersion: 2.1",
            "schemaVersion: 2.2",
            "in schema 2.2.0, expected one of",
        ),
        ("comp-prepare", "comp-other", "expected one of FairSilo's `flights`"),
        ("components:", "components: [", "found no package: "),
    ],
)
def test_a_package_that_is_not_of_this_use_case_is_refused_before_anything_is_sent(
    kfp, connect, package, old, new, sentence
):
    package.write_text(package.read_text().replace(old, new))
    connected, asked = connect(), len(kfp.requests)
    with pytest.raises(SettingsError, match=sentence):
        connected.upload(package)
    with pytest.raises(SettingsError, match=r"expected a package named \*\.yaml"):
        connected.upload(package.with_suffix(".zip"))
    assert len(kfp.requests) == asked


def test_nothing_is_printed_or_written_by_the_sdk(connect, package, run_id, capfd):
    connect().upload(package)
    assert capfd.readouterr() == ("", "")


def test_without_a_host_the_server_is_reached_through_the_kubeconfigs_proxy(
    kfp, package, monkeypatch, tmp_path
):
    use_kubeconfig(monkeypatch, kfp.kubeconfig(tmp_path / "config"))
    connected = Client("flights", "", "kubeflow")
    assert connected.upload(package)["uploaded"]
    kfp.token = "kubernetes"  # noqa: S105  that of the kubeconfig
    assert not connected.upload(package)["uploaded"]
    prefix = "/api/v1/namespaces/kubeflow/services/ml-pipeline:http/proxy/"
    assert [path for _, path in kfp.requests if not path.startswith(prefix)] == []


def test_without_host_and_kubeconfig_it_says_where_to_give_one():
    with pytest.raises(SettingsError, match="found no address") as caught:
        Client("flights", "", "kubeflow")
    assert "FAIRSILO_KFP_HOST" in caught.value.hint


@pytest.mark.parametrize("host", ["kfp:8888", "http://me:secret@kfp", "http://kfp?a=b"])
def test_an_address_that_is_none_is_refused_without_its_password(host):
    with pytest.raises(SettingsError, match="the plain address of the API") as caught:
        Client("flights", host, "kubeflow")
    assert "secret" not in str(caught.value)


def test_the_token_of_the_environment_is_sent_and_never_told(kfp, connect, monkeypatch):
    kfp.token = "t0ken"  # noqa: S105
    with pytest.raises(KubeflowError, match="found no token that") as caught:
        connect().newest_runs()
    assert "FAIRSILO_KFP_TOKEN" in caught.value.hint
    monkeypatch.setenv("FAIRSILO_KFP_TOKEN", "wrong")
    with pytest.raises(KubeflowError, match="found no token that") as caught:
        connect().newest_runs()
    assert "wrong" not in str(caught.value)
    monkeypatch.setenv("FAIRSILO_KFP_TOKEN", kfp.token)
    assert connect().newest_runs() == []


def test_a_pods_projected_token_is_read_anew_for_each_request(
    kfp, connect, monkeypatch, tmp_path
):
    file = tmp_path / "token"
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(file))
    for kfp.token in ("one", "two"):
        file.write_text(kfp.token)
        assert connect().newest_runs() == []


def test_a_token_of_entra_id_is_sent_and_its_refusal_is_a_sentence(
    kfp, connect, monkeypatch
):
    import azure.identity
    from azure.core.exceptions import ClientAuthenticationError

    def provider(_, scope):
        assert scope == "api://x/.default"

        def token():
            if kfp.token:
                return kfp.token
            raise ClientAuthenticationError("please sign in")

        return token

    monkeypatch.setattr(azure.identity, "get_bearer_token_provider", provider)
    monkeypatch.setenv("FAIRSILO_KFP_ENTRA_SCOPE", "api://x/.default")
    kfp.token = "entra"  # noqa: S105
    assert connect().newest_runs() == []
    kfp.token = ""
    with pytest.raises(KubeflowError, match="gives no token: please sign in") as caught:
        connect().newest_runs()
    assert "az login" in caught.value.hint


def test_a_server_before_2_5_is_refused_and_later_ones_are_not(kfp, connect):
    for kfp.tag in ("2.5.0", "v2.15.0", "unknown"):
        connect()
    kfp.tag = "2.4.1"
    with pytest.raises(KubeflowError, match=r"found Kubeflow Pipelines 2\.4\.1"):
        connect()


@pytest.mark.parametrize(
    ("fault", "sentence", "hint"),
    [
        (Fault(403), "not allowed in namespace `kubeflow`: as told", "services/proxy"),
        (Fault(404), "refused with status 404: as told", "--namespace"),
        (Fault(302, body=HTML), "another page, its login", "FAIRSILO_KFP_TOKEN"),
        (Fault(400, body=("text/plain", b"permission denied")), "not allowed", "role"),
        (Fault(500), "unwell, status 500: as told", "deploy/ml-pipeline"),
        (Fault(503, body=HTML), "unwell, status 503\n", "try again"),
        (
            Fault(403, body=("text/plain", b"bad Bearer abc.def" + b"x" * 900)),
            r"bad Bearer \*\*\*",
            "role",
        ),
    ],
)
def test_a_refusal_is_a_sentence_with_a_hint(kfp, connect, fault, sentence, hint):
    connected = connect()
    kfp.faults = [fault]
    with pytest.raises(KubeflowError, match=sentence) as caught:
        connected.newest_runs()
    assert caught.value.message.startswith(f"{kfp.host}: GET experiments: ")
    assert hint in caught.value.hint
    assert len(caught.value.message) < 800


def test_what_is_no_api_of_kubeflow_is_said(kfp, connect):
    kfp.faults = [Fault(200, body=HTML)]
    with pytest.raises(KubeflowError, match="found no Kubeflow Pipelines there"):
        connect()


@pytest.mark.parametrize(
    ("host", "reason"),
    [("http://127.0.0.1:1", "refused"), ("http://nowhere.invalid", "resolve")],
)
def test_a_server_that_does_not_answer_is_said_at_once(connect, host, reason):
    with pytest.raises(UnreachableError, match=f"found no answer: .*{reason}"):
        connect(host)


def test_a_server_that_hangs_is_given_up(connect, monkeypatch):
    monkeypatch.setattr(client, "_TIMEOUTS_S", (0.2, 0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(UnreachableError, match="timed out"):
            connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(UnreachableError, match="found no answer"):
            connect(f"https://127.0.0.1:{silent.getsockname()[1]}")


def test_waiting_outlives_a_server_that_is_away(kfp, connect, run_id):
    seen = []

    def on_change(run):
        seen.append(run.state)
        kfp.runs[run_id].state = "SUCCEEDED"

    connected = connect()
    kfp.faults = [Fault(503, times=3)]
    assert connected.wait(run_id, on_change).state == "SUCCEEDED"
    assert seen == ["PENDING", "SUCCEEDED"]


def test_waiting_ends_where_the_server_stays_away_or_refuses(
    kfp, connect, run_id, monkeypatch
):
    connected = connect()
    kfp.token = "new"  # noqa: S105
    with pytest.raises(KubeflowError, match="found no token that"):
        connected.wait(run_id, print)
    monkeypatch.setattr(client, "PATIENCE_S", 0.0)
    kfp.faults = [Fault(503, times=99)]
    with pytest.raises(UnreachableError):
        connected.wait(run_id, print)


def test_the_newest_run_is_found_and_none_before_the_first(kfp, connect, run_id):
    assert connect().find_run().run_id == run_id
    with pytest.raises(KubeflowError, match="found no run of `census` yet") as caught:
        Client("census", kfp.host, "kubeflow").find_run()
    assert "fairsilo kubeflow run census" in caught.value.hint


@pytest.fixture
def cluster(kfp, monkeypatch, tmp_path):
    """Lets a pod of a run's step be there, with a log."""
    use_kubeconfig(monkeypatch, kfp.kubeconfig(tmp_path / "config"))

    def add(run_id, step, log, hour=12, role="coordinator"):
        name = str(len(kfp.pods))
        command = ["/launch", "--", "python", "-m", "pipelines.runners.step"]
        main = {"name": "main", "command": command, "args": [step, "--use-case", "x"]}
        metadata = {
            "name": name,
            "labels": {"pipeline/runid": run_id, "fairsilo.io/role": role},
            "creationTimestamp": f"2026-11-23T{hour}:00:00Z",
        }
        spec = {"containers": [{"name": "wait"}, main]}
        kfp.pods.append({"metadata": metadata, "spec": spec})
        kfp.logs[name] = log

    return add


def test_the_log_is_that_of_the_last_attempts_pod_of_the_step(cluster):
    cluster("run-1", "train", b"first")
    cluster("run-1", "train", b"l\xc3\xa4uft\xff\n", 13)
    cluster("run-1", "prepare", b"other step", 14)
    cluster("run-2", "train", b"other run", 14)
    cluster("run-1", "train", b"driver", 14, role="driver")
    assert b"".join(logs.read("run-1", "train", "kubeflow")) == b"l\xc3\xa4uft\xff\n"


def test_a_log_that_is_not_there_or_not_allowed_is_a_sentence(kfp, cluster):
    cluster("run-1", "train", b"")
    with pytest.raises(FairSiloError, match="found no pod of it") as caught:
        list(logs.read("run-1", "evaluate", "kubeflow"))
    assert "Argo archives" in caught.value.hint
    kfp.faults = [Fault(403, where="/pods")]
    with pytest.raises(FairSiloError, match="can't read the log of step") as caught:
        list(logs.read("run-1", "train", "kubeflow"))
    assert "kubeconfig" in caught.value.hint
