"""The session cluster of Flink: off, and as it is rendered when it is switched on."""

import copy
import re

import kubernetes_validate
import pytest
from apache_beam.options.pipeline_options import FlinkRunnerOptions

from components.batch_inferrer.settings import FlinkSettings
from pipelines.kubeflow.settings import KubeflowSettings
from tests.k8s import chart
from tests.k8s.test_chart import COORDINATOR, KUBERNETES, ports

IMAGE = f"docker.io/library/flink@sha256:{64 * 'f'}"
NAME = {"app.kubernetes.io/name": "fairsilo-flink"}
OURS = [{"podSelector": {"matchLabels": NAME}}]
OPERATOR = {"app.kubernetes.io/name": "flink-kubernetes-operator"}


def given(platform, **flink):
    found = chart.values(platform)
    images = found.get("images", {}) | {"flink": IMAGE}
    return found | {"images": images, "flink": {"enabled": True, **flink}}


@pytest.fixture(scope="module", params=chart.PLATFORMS)
def added(request):
    there = {chart.key(one) for one in chart.rendered(request.param)}
    objects = chart.render(request.param, given(request.param))
    return [one for one in objects if chart.key(one) not in there]


def test_it_adds_a_cluster_and_its_policies_beside_the_steps(added):
    kinds = ["FlinkDeployment", "NetworkPolicy", "NetworkPolicy"]
    assert sorted(one["kind"] for one in added) == kinds
    assert {one["metadata"]["namespace"] for one in added} == {"kubeflow"}
    for found in added:
        assert found["metadata"]["labels"]["app.kubernetes.io/part-of"] == "fairsilo"
        if found["kind"] != "FlinkDeployment":
            kubernetes_validate.validate(found, KUBERNETES, strict=True)


def test_its_version_is_one_that_our_beam_publishes_a_job_server_for(added):
    (found,) = chart.of_kind(added, "FlinkDeployment")
    version = re.fullmatch(r"v(\d+)_(\d+)", found["spec"]["flinkVersion"]).groups()
    assert ".".join(version) == FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS[-1]
    said = chart.refusal(given("local", version="1.20"))
    for one in FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS:
        assert f'"{one}"' in said


def test_steps_find_it_where_the_settings_say_and_it_finds_its_workers(added):
    (found,) = chart.of_kind(added, "FlinkDeployment")
    settings = FlinkSettings()
    assert settings.master == f"{found['metadata']['name']}-rest:8081"
    worker = pod(found)["spec"]["containers"][1]
    host, port = settings.workers.split(":")
    assert (host, worker["args"]) == ("localhost", [f"--service_port={port}"])
    probes = [one for name, one in worker.items() if name.endswith("Probe")]
    assert [one["tcpSocket"]["port"] for one in probes] == 3 * [int(port)]


def test_its_pods_are_restricted_and_its_workers_are_the_steps_and_see_their_files(
    added,
):
    (found,) = chart.of_kind(added, "FlinkDeployment")
    assert (found["spec"]["mode"], found["spec"]["image"]) == ("standalone", IMAGE)
    merged = pod(found)
    main, worker = merged["spec"]["containers"]
    # The operator gives Flink's own container its image and resources.
    main["resources"] = {"limits": {"cpu": "1", "memory": "1Gi"}}
    user = worker["securityContext"].pop("runAsUser")
    assert (user, worker["securityContext"].pop("runAsGroup")) == (10001, 10001)
    chart.assert_restricted(merged)
    (root,) = [one for one in worker["volumeMounts"] if one["name"] == "root"]
    settings = KubeflowSettings()
    volumes = {one["name"]: one for one in merged["spec"]["volumes"]}
    claim = volumes["root"]["persistentVolumeClaim"]["claimName"]
    assert claim == settings.root_claim
    assert root["mountPath"] == "/mnt/fairsilo"
    mounted = {one["name"] for c in (main, worker) for one in c["volumeMounts"]}
    assert mounted == {*volumes}


def test_workers_have_the_account_the_identity_and_the_ways_of_shards(added):
    (found,) = chart.of_kind(added, "FlinkDeployment")
    use = "azure.workload.identity/use"
    assert found["spec"]["serviceAccount"] == "fairsilo-shard"
    assert pod(found)["metadata"]["labels"] == {
        **NAME,
        "app.kubernetes.io/part-of": "fairsilo",
        "fairsilo.io/role": "shard",
    }
    client_id = "12345678-9abc-def0-1234-000000000000"
    inference = {"inference": {"client_id": client_id, "egress": []}}
    (found,) = chart.of_kind(
        chart.render("aks", given("aks") | inference), "FlinkDeployment"
    )
    assert pod(found)["metadata"]["labels"][use] == "true"
    assert "metadata" not in found["spec"]["jobManager"].get("podTemplate", {})


def pod(deployment):
    """Return a task manager's pod as the operator merges it: lists by position."""
    spec = copy.deepcopy(deployment["spec"])
    return merge(spec["podTemplate"], spec["taskManager"]["podTemplate"])


def merge(base, more):
    if isinstance(base, dict):
        same = {key: merge(base[key], more[key]) for key in base.keys() & more}
        return {**base, **more, **same}
    if isinstance(base, list):
        pairs = zip(base, more, strict=False)
        return [merge(*pair) for pair in pairs] + more[len(base) :]
    assert base == more
    return base


def test_it_is_reached_by_steps_and_its_operator_alone_and_reaches_names_alone(added):
    found = chart.of_kind(added, "NetworkPolicy")
    policies = {one["metadata"]["name"]: one["spec"] for one in found}
    own = policies["fairsilo-flink"]
    assert own["podSelector"]["matchLabels"] == NAME
    assert own["policyTypes"] == ["Ingress", "Egress"]
    inside, rest = own["ingress"]
    assert inside == {"from": OURS}
    assert rest["ports"] == ports(("TCP", 8081))
    assert rest["from"] == [
        {"podSelector": {"matchLabels": COORDINATOR}},
        {"namespaceSelector": {}, "podSelector": {"matchLabels": OPERATOR}},
    ]
    among, names = own["egress"]
    assert among == {"to": OURS}
    assert names["ports"] == ports(("UDP", 53), ("TCP", 53))
    steps = policies["fairsilo-coordinator-flink"]
    assert steps["podSelector"]["matchLabels"] == COORDINATOR
    assert steps["egress"] == [{"to": OURS, "ports": ports(("TCP", 8081))}]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"images": {}}, "images.flink: found none, expected the digest of Flink's"),
        ({"flink": {"enabled": "yes"}}, "flink.enabled: Invalid type"),
        ({"flink": {"enabled": True, "taskManagers": 0}}, "flink.taskManagers: Must"),
        ({"flink": {"enabled": True, "memory": "4"}}, "flink.memory: Does not match"),
    ],
)
def test_values_that_cannot_be_used_are_refused(values, sentence):
    assert sentence in chart.refusal(given("local") | values)
