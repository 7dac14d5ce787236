"""The Job that `pods.run` makes; tests/cluster/test_pods.py runs it."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import time

import kubernetes_validate
import pytest

from components.batch_inferrer import pods
from components.batch_inferrer.pods import PodTemplate
from components.errors import SettingsError
from tests.k8s import chart

TEMPLATE = PodTemplate(
    image=f"registry.example/fairsilo@sha256:{64 * '1'}",
    namespace="kubeflow",
    mounts={"fairsilo-root": "/mnt/fairsilo", "rows": "/mnt/silos"},
    cpu="500m",
    parallelism=3,
    retries=4,
    stall_minutes=7,
)
COMMAND = ["python", "-m", "shard", 'a "folder": $HOME, ü']


def manifest(count=10, template=TEMPLATE, owner_run="run-1", command=COMMAND):
    return pods._manifest(command, count, template, owner_run)


@pytest.fixture
def job():
    return manifest()


@pytest.fixture
def container(job):
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return container


def test_kubernetes_schemas_take_the_job_and_pod_security_its_pods(job):
    kubernetes_validate.validate(job, "1.33", strict=True)
    chart.assert_restricted(job["spec"]["template"])
    bad = copy.deepcopy(job)
    bad["spec"]["backoffLimitPerIndexes"] = 1
    with pytest.raises(kubernetes_validate.ValidationError, match="PerIndexes"):
        kubernetes_validate.validate(bad, "1.33", strict=True)


def test_what_the_template_says_stands_in_the_job(job, container):
    spec = job["spec"]
    assert (spec["completions"], spec["parallelism"]) == (10, 3)
    assert spec["backoffLimitPerIndex"] == 4
    assert container["image"] == TEMPLATE.image
    assert container["command"] == COMMAND
    assert container["resources"]["requests"] == {"cpu": "500m", "memory": "4Gi"}
    assert container["resources"]["requests"] == container["resources"]["limits"]
    pod = spec["template"]["spec"]
    claims = {
        one["name"]: one["persistentVolumeClaim"]["claimName"]
        for one in pod["volumes"]
        if "persistentVolumeClaim" in one
    }
    mounted = {
        claims[one["name"]]: one["mountPath"]
        for one in container["volumeMounts"]
        if one["name"] in claims
    }
    assert mounted == TEMPLATE.mounts
    assert pod["serviceAccountName"] == "fairsilo-shard"


def test_failures_are_treated_by_their_kind(job):
    systemic, disrupted = job["spec"]["podFailurePolicy"]["rules"]
    assert systemic["action"] == "FailJob"
    assert systemic["onExitCodes"]["values"] == [pods.SYSTEMIC]
    assert disrupted["action"] == "Ignore"
    assert "maxFailedIndexes" not in job["spec"]


def test_equal_work_of_a_run_has_one_name_and_other_work_another(job):
    others = [
        manifest(owner_run="run-2"),
        manifest(count=11),
        manifest(command=["other"]),
    ]
    names = {one["metadata"]["name"] for one in others}
    assert len(names) == 3
    assert job["metadata"]["name"] not in names
    assert job["metadata"]["name"] == manifest()["metadata"]["name"]
    # Pods add an index and five letters, and a host's name has 63 at most.
    assert len(job["metadata"]["name"]) < 63 - len("-100000-abcde")


def test_shards_are_no_coordinators_and_get_an_identity_where_asked(job):
    label = "azure.workload.identity/use"
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels["fairsilo.io/role"] == "shard"
    assert labels[label] == "false"
    given = json.loads(json.dumps({**vars(TEMPLATE), "azure_identity": True}))
    pod = manifest(template=PodTemplate(**given))["spec"]["template"]
    assert pod["metadata"]["labels"][label] == "true"


def test_the_probe_passes_while_the_file_is_touched(container, tmp_path):
    probe = container["livenessProbe"]
    assert (probe["periodSeconds"], probe["failureThreshold"]) == (60, 7)
    alive = tmp_path / "alive"
    command = [
        word.replace(pods.ALIVE, str(alive)) for word in probe["exec"]["command"]
    ]
    assert command != probe["exec"]["command"]

    def passes():
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    assert not passes()
    alive.touch()
    assert passes()
    before = time.time() - 300
    os.utime(alive, (before, before))
    assert not passes()


def test_outside_of_a_cluster_it_is_refused(monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(SettingsError, match="engine `pods`: expected a step") as error:
        pods.run(COMMAND, 1, TEMPLATE, "run-1", lambda: None)
    assert error.value.hint == "use engine `local` here"
