"""The compiled package obeys what real back ends were seen to demand.

The golden file shows what a change does to the package. To accept one:
`fairsilo compile flights --image ... -o tests/pipelines/runners/golden/flights.yaml`.
"""

import json
import pathlib

import pytest
from google.protobuf import json_format
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2

from components.errors import SettingsError
from pipelines import use_case
from pipelines.runners import kubeflow, steps
from pipelines.runners.steps import STEPS
from tests.support import kfp_local

GOLDEN = pathlib.Path(__file__).with_name("golden") / "flights.yaml"
IMAGE = "registry.example/fairsilo-pipeline@sha256:" + "ab" * 32
MAX_ARGUMENT_BYTES = 60 * 1024


def compiled(path: pathlib.Path, *overrides: str) -> pathlib.Path:
    chosen = use_case.find("flights", [f"kubeflow.image={IMAGE}", *overrides])
    kubeflow.compile_package(chosen, path)
    return path


def executors(document: dict) -> dict:
    return document["platforms"]["kubernetes"]["deploymentSpec"]["executors"]


def tasks_of(spec: dict) -> dict:
    chain = spec["components"]["comp-exit-handler-1"]["dag"]["tasks"]
    return {**chain, **spec["root"]["dag"]["tasks"]}


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> pathlib.Path:
    return compiled(tmp_path_factory.mktemp("package") / "flights.yaml")


@pytest.fixture(scope="module")
def spec(package) -> dict:
    return kfp_local.read(package)[0]


@pytest.fixture(scope="module")
def platforms(package) -> dict:
    return executors(kfp_local.read(package)[1])


@pytest.fixture(scope="module")
def containers(spec) -> dict:
    found = spec["deploymentSpec"]["executors"]
    return {name: executor["container"] for name, executor in found.items()}


@pytest.fixture(scope="module")
def tasks(spec) -> dict:
    return tasks_of(spec)


def test_the_package_is_the_golden_file_in_each_compilation(package, tmp_path):
    assert package.read_text() == GOLDEN.read_text()
    assert compiled(tmp_path / "again.yaml").read_bytes() == package.read_bytes()


def test_there_is_one_container_a_step_and_its_name_is_readable(containers, tasks):
    assert {one["args"][0] for one in containers.values()} == set(STEPS)
    names = {task["taskInfo"]["name"] for task in tasks.values()}
    assert names == {"chain", *(step.title for step in STEPS.values())}
    assert all(len(name) <= 121 for name in tasks)
    for text in ("predict-and-report", "Predict and report", "Dashboard"):
        assert steps.find(text) is steps.REPORT


def test_containers_are_unlike_each_other_pinned_and_short(containers):
    texts = [json.dumps(one, sort_keys=True) for one in containers.values()]
    assert len(set(texts)) == len(texts)
    assert max(len(text.encode()) for text in texts) < MAX_ARGUMENT_BYTES / 10
    assert {one["image"] for one in containers.values()} == {IMAGE}
    arguments = [item for one in containers.values() for item in one["args"]]
    assert all(isinstance(item, str) for item in arguments)
    assert not any("Concat" in item or "IfPresent" in item for item in arguments)


def test_labels_are_equal_on_all_steps(platforms):
    labels = [
        json.dumps(one["podMetadata"], sort_keys=True) for one in platforms.values()
    ]
    assert len(platforms) == len(STEPS)
    assert len(set(labels)) == 1
    assert "fairsilo.io/role" in labels[0]


def test_steps_get_a_token_of_azures_where_the_settings_ask_for_it(platforms, tmp_path):
    asked = "inference.pod.azure_identity=true"
    _, document = kfp_local.read(compiled(tmp_path / "package.yaml", asked))
    label = {"azure.workload.identity/use": "true"}
    for name, one in executors(document).items():
        before = platforms[name]["podMetadata"]["labels"]
        assert one["podMetadata"]["labels"] == before | label


def test_both_documents_parse_strictly(spec, platforms):
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    for one in platforms.values():
        message = kubernetes_executor_config_pb2.KubernetesExecutorConfig()
        json_format.ParseDict(one, message)
    with pytest.raises(json_format.ParseError):
        json_format.ParseDict({**platforms["exec-train"], "tolerence": []}, message)


def test_kfps_cache_is_off_for_every_step(tasks):
    for name, task in tasks.items():
        if name != "exit-handler-1":
            assert not task["cachingOptions"].get("enableCache", False)


def test_every_step_declares_a_page_and_metrics_and_is_told_where(spec, containers):
    for name, one in containers.items():
        component = spec["components"][name.replace("exec-", "comp-")]
        artifacts = component["outputDefinitions"]["artifacts"]
        titles = {
            key: item["artifactType"]["schemaTitle"] for key, item in artifacts.items()
        }
        assert titles == {"page": "system.HTML", "metrics": "system.Metrics"}
        assert "{{$}}" in one["args"]
        assert "{{$.outputs.artifacts['page'].path}}" in one["args"]


def test_every_step_mounts_the_root_and_gets_the_store_from_the_secret(platforms):
    mounts = {}
    for name, one in platforms.items():
        assert [item["mountPath"] for item in one["pvcMount"]] == ["/mnt/fairsilo"]
        (secret,) = one["secretAsEnv"]
        assert secret["secretName"] == "fairsilo-store"
        assert secret["keyToEnv"] == [{"secretKey": "url", "envVar": "FAIRSILO_STORE"}]
        assert one["activeDeadlineSeconds"] == "21600"
        if "configMapAsVolume" in one:
            mounts[name] = [item["mountPath"] for item in one["configMapAsVolume"]]
    assert mounts == {
        "exec-prepare": [kubeflow.SETTINGS_FOLDER],
        "exec-train": [kubeflow.SILOS_FOLDER],
    }


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


@pytest.mark.parametrize(("minutes", "retries"), [(360, 2), (1, 1), (10_080, 10)])
def test_a_step_that_runs_to_its_time_out_each_time_gets_all_its_attempts(
    tmp_path, minutes, retries
):
    path = compiled(
        tmp_path / "package.yaml",
        f"kubeflow.timeout_minutes={minutes}",
        f"kubeflow.retries={retries}",
    )
    spec, document = kfp_local.read(path)
    again = {name: one for name, one in tasks_of(spec).items() if "retryPolicy" in one}
    assert again.keys() == STEPS.keys()
    for name, task in again.items():
        policy = task["retryPolicy"]
        assert policy["maxRetryCount"] == retries
        needed, pause = 0, seconds(policy["backoffDuration"])
        for _ in range(retries):
            limit = executors(document)[f"exec-{name}"]["activeDeadlineSeconds"]
            needed += int(limit) + pause
            pause *= int(policy["backoffFactor"])
        assert seconds(policy["backoffMaxDuration"]) > needed
    json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())


def test_each_step_waits_for_the_one_before_and_the_last_runs_whatever_came(tasks):
    before = {name: tasks[name].get("dependentTasks") for name in STEPS}
    assert before == {
        "prepare": None,
        "train": ["prepare"],
        "evaluate": ["train"],
        "predict-and-report": ["evaluate"],
        "close-run": ["exit-handler-1"],
    }
    last = tasks["close-run"]
    assert last["triggerPolicy"]["strategy"] == "ALL_UPSTREAM_TASKS_COMPLETED"


def test_the_form_has_types_defaults_and_descriptions(spec):
    fields = spec["root"]["inputDefinitions"]["parameters"]
    kinds = {name: field["parameterType"] for name, field in fields.items()}
    assert kinds["span"] == kinds["algorithm"] == kinds["rounds"] == "STRING"
    assert kinds["force"] == kinds["skip_gate_silo_gap"] == "BOOLEAN"
    assert fields["span"]["defaultValue"] == "latest"
    assert fields["rounds"]["defaultValue"] == "as in settings"
    assert fields["skip_gate_silo_gap"]["defaultValue"] is False
    assert all(field["description"] for field in fields.values())


def test_settings_give_a_step_resources_and_the_silos_input_a_claim(tmp_path):
    resources = "{evaluate: {cpu: 500m, memory: 6Gi}, train: {cpu: 16}}"
    spec, document = kfp_local.read(
        compiled(
            tmp_path / "package.yaml",
            f"kubeflow.resources={resources}",
            "kubeflow.data_claim=fairsilo-silos",
        )
    )
    found = spec["deploymentSpec"]["executors"]
    evaluator = found["exec-evaluate"]["container"]["resources"]
    assert evaluator["resourceMemoryLimit"] == "6Gi"
    assert evaluator["resourceCpuRequest"] == "500m"
    trainer = found["exec-train"]["container"]["resources"]
    assert trainer["resourceCpuLimit"] == "16"
    assert trainer["resourceMemoryLimit"] == "8Gi"  # its default
    mounts = executors(document)["exec-evaluate"]["pvcMount"]
    assert [one["mountPath"] for one in mounts] == ["/mnt/fairsilo", "/mnt/silos"]


def test_resources_of_an_unknown_step_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="found Trainer, expected names of steps"):
        compiled(tmp_path / "package.yaml", "kubeflow.resources={Trainer: {cpu: 2}}")
