"""What Terraform would make, by Terraform itself with a stand-in for the provider."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from components.batch_inferrer.pods import PodTemplate
from pipelines.kubeflow.settings import KubeflowSettings
from tests.k8s.chart import IDS, K8S, SILOS, slug_of
from tests.k8s.provider_stub import SCHEMA, ProviderStub

TERRAFORM = K8S / "terraform"
PLAN = pathlib.Path(__file__).with_name("plan.tftest.hcl")
TWO_TIERS = [
    {"id": "North 1", "tier": "account"},
    {"id": "South", "slug": "south-2"},
    *({"id": one, "tier": "account"} for one in IDS),
]

pytestmark = pytest.mark.skipif(
    not shutil.which("terraform"), reason="terraform is not installed"
)


@contextlib.contextmanager
def terraform(folder):
    """Give a function that runs Terraform on a copy of our files."""
    copy = folder / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=shutil.ignore_patterns(".terraform*"))
    shutil.copy(K8S / "silos.yaml", folder)
    (copy / "tests").mkdir()
    with ProviderStub() as stub:

        def run(*arguments):
            return subprocess.run(
                ["terraform", f"-chdir={copy}", *arguments],
                env=os.environ | stub.environment,
                capture_output=True,
                text=True,
                check=False,
            )

        begun = run("init", "-backend=false")
        assert begun.returncode == 0, begun.stderr
        yield run, copy


def messages(done, kind):
    """Return what `terraform test -json` said, of one kind."""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [message for message in found if message["type"] == kind]


def resources_of(module):
    """Yield the resources of a state's module and of those inside it."""
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources_of(child)


def of_type(state, type_):
    """Return the values of all resources of a type by their addresses."""
    return {
        resource["address"]: resource["values"]
        for resource in resources_of(state["root_module"])
        if resource["type"] == type_
    }


def one(state, type_):
    (found,) = of_type(state, type_).values()
    return found


def azure(state):
    """Return what the chart is given."""
    return state["outputs"]["values"]["value"]["azure"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the state and the outputs of each run in `plan.tftest.hcl`."""
    with terraform(tmp_path_factory.mktemp("plan")) as (run, copy):
        shutil.copy(PLAN, copy / "tests")
        (copy / "tests/two_tiers.yaml").write_text(yaml.safe_dump({"silos": TWO_TIERS}))
        variables = "-var-file=terraform.tfvars.example"
        done = run("test", "-json", "-verbose", variables)
    assert done.returncode == 0, done.stdout
    assert not messages(done, "diagnostic"), "the example sets an unknown variable"
    assert "must-be-in-no-state" not in done.stdout
    return {
        message["@testrun"]: message["test_state"]
        for message in messages(done, "test_state")
    }


@pytest.fixture(params=["defaults", "two_tiers", "inference"])
def state(made, request):
    return made[request.param]


def test_terraform_takes_the_files_and_refuses_an_unknown_argument(tmp_path):
    with terraform(tmp_path) as (run, copy):
        for command in (("fmt", "-check", "-recursive", "-diff"), ("validate",)):
            done = run(*command)
            assert done.returncode == 0, done.stdout + done.stderr
        with (copy / "modules/silo/main.tf").open("a") as file:
            file.write('resource "azurerm_storage_container" "b" {\n public = 1\n}\n')
        done = run("validate", "-no-color")
    assert 'An argument named "public" is not expected here' in done.stderr
    assert 'The argument "name" is required' in done.stderr


def test_the_schema_is_of_the_provider_that_is_asked_for():
    assert 'version = "~> 4.73"' in (TERRAFORM / "versions.tf").read_text()
    assert "@cdktn/provider-azurerm 16.1.0" in SCHEMA["source"]  # is provider 4.73.0


def test_silos_are_named_as_in_the_chart(made):
    assert [*azure(made["defaults"])["silos"]] == sorted(
        slug_of(silo["id"]) for silo in SILOS["silos"]
    )
    slugs = {"south-2", *map(slug_of, ["North 1", *IDS])}
    assert {*azure(made["two_tiers"])["silos"]} == slugs


def test_a_silos_account_has_an_identity_that_reads_its_container_only(state):
    credentials = of_type(state, "azurerm_federated_identity_credential")
    identities = of_type(state, "azurerm_user_assigned_identity")
    roles = of_type(state, "azurerm_role_assignment").values()
    accounts = of_type(state, "azurerm_storage_account").values()
    ids = {account["name"]: account["id"] for account in accounts}
    issuer = one(state, "azurerm_kubernetes_cluster")["oidc_issuer_url"]
    silos = azure(state)["silos"]
    known, scopes = set(), set()
    for slug, silo in silos.items():
        module = f'module.silo["{slug}"].'
        credential = credentials[
            module + "azurerm_federated_identity_credential.worker"
        ]
        account = f"fairsilo-silo-{slug}:silo-worker"
        assert credential["subject"] == f"system:serviceaccount:{account}"
        assert credential["audience"] == ["api://AzureADTokenExchange"]
        assert credential["issuer"] == issuer
        identity = identities[module + "azurerm_user_assigned_identity.silo"]
        assert credential["user_assigned_identity_id"] == identity["id"]
        (role,) = [r for r in roles if r["principal_id"] == identity["principal_id"]]
        container = f"blobServices/default/containers/{silo['container']}"
        assert role["scope"] == f"{ids[silo['account']]}/{container}"
        assert role["role_definition_name"] == "Storage Blob Data Reader"
        known.add(identity["id"])
        scopes.add(role["scope"])
    assert len(known) == len(scopes) == len(silos)


def test_inference_has_an_identity_only_where_it_is_asked_for(made):
    assert made["defaults"]["outputs"]["values"]["value"]["inference"] == {
        "client_id": ""
    }
    containers = of_type(made["defaults"], "azurerm_storage_container").values()
    assert not any("predictions" in one["name"] for one in containers)
    identities = of_type(made["inference"], "azurerm_user_assigned_identity")
    identity = identities["azurerm_user_assigned_identity.inference[0]"]
    told = made["inference"]["outputs"]["values"]["value"]["inference"]
    assert told == {"client_id": identity["client_id"]}


def test_steps_and_shards_read_inputs_write_predictions_and_hold_no_other_role(made):
    state = made["inference"]
    (identity,) = (
        one
        for address, one in of_type(state, "azurerm_user_assigned_identity").items()
        if address == "azurerm_user_assigned_identity.inference[0]"
    )
    subjects = {
        one["subject"]
        for one in of_type(state, "azurerm_federated_identity_credential").values()
        if one["user_assigned_identity_id"] == identity["id"]
    }
    account = PodTemplate("", "", {}).service_account
    assert subjects == {
        f"system:serviceaccount:kubeflow:{name}"
        for name in (account, KubeflowSettings().service_account)
    }
    credentials = of_type(state, "azurerm_federated_identity_credential")
    assert len(credentials) == len(azure(state)["silos"]) + len(subjects)
    accounts = of_type(state, "azurerm_storage_account").values()
    ids = {one["name"]: one["id"] for one in accounts}
    wanted = set()
    for slug, silo in azure(state)["silos"].items():
        place = f"{ids[silo['account']]}/blobServices/default/containers/silo-{slug}"
        wanted |= {
            (place, "Storage Blob Data Reader"),
            (f"{place}-predictions", "Storage Blob Data Contributor"),
        }
    assert {
        (one["scope"], one["role_definition_name"])
        for one in of_type(state, "azurerm_role_assignment").values()
        if one["principal_id"] == identity["principal_id"]
    } == wanted
    containers = of_type(state, "azurerm_storage_container").values()
    assert {one["name"] for one in containers} == {
        scope.rpartition("/")[2] for scope, _ in wanted
    }
    # As Azure allows, for the longest slug, too.
    assert len("silo--predictions") + 40 <= 63
    assert {one["container_access_type"] for one in containers} == {"private"}


def test_other_roles_are_few_and_none_may_grant_others_or_list_keys(made):
    assert {
        role["role_definition_name"]
        for role in of_type(made["defaults"], "azurerm_role_assignment").values()
    } == {
        "Azure Kubernetes Service RBAC Cluster Admin",
        "AcrPush",
        "Key Vault Secrets Officer",
        "Network Contributor",
        "Azure Kubernetes Service Cluster User Role",
        "AcrPull",
        "Storage Blob Data Reader",
    }


def test_no_password_is_made_and_no_subject_audience_or_scope_holds_a_wildcard(state):
    for resource in resources_of(state["root_module"]):
        assert resource["type"] not in {"azurerm_key_vault_secret", "random_password"}
        for name in ("subject", "audience", "scope", "issuer"):
            assert "*" not in str(resource["values"].get(name)), resource["address"]


def test_the_tier_decides_whether_a_silo_gets_an_account_of_its_own(made):
    silos = azure(made["two_tiers"])["silos"]
    accounts = [silo["account"] for silo in silos.values()]
    assert len({*accounts}) == len(TWO_TIERS)
    assert silos["south-2"]["account"].startswith("fairsilosilos")
    assert len({silo["endpoint_ip"] for silo in silos.values()}) == len(TWO_TIERS)
    assert len({s["account"] for s in azure(made["defaults"])["silos"].values()}) == 1


def test_every_account_has_an_endpoint_in_the_private_zone_and_blobs_a_log(state):
    accounts = of_type(state, "azurerm_storage_account")
    endpoints = of_type(state, "azurerm_private_endpoint").values()
    linked = {
        connection["private_connection_resource_id"]
        for endpoint in endpoints
        for connection in endpoint["private_service_connection"]
    }
    assert linked == {account["id"] for account in accounts.values()}
    zones = of_type(state, "azurerm_private_dns_zone")
    ids = {zone["id"] for zone in zones.values()}
    for endpoint in endpoints:
        (group,) = endpoint["private_dns_zone_group"]
        assert {*group["private_dns_zone_ids"]} <= ids
    logged = {
        setting["target_resource_id"]
        for setting in of_type(state, "azurerm_monitor_diagnostic_setting").values()
    }
    for address, account in accounts.items():
        blobs = f"{account['id']}/blobServices/default"
        assert (blobs in logged) == ("root" not in address), address


# What keeps people and pods out, in each resource of a type.
SET: dict[str, dict[str, Any]] = {
    "azurerm_storage_account": {
        "shared_access_key_enabled": False,
        "public_network_access_enabled": False,
        "allow_nested_items_to_be_public": False,
        "local_user_enabled": False,
        "cross_tenant_replication_enabled": False,
        "default_to_oauth_authentication": True,
        "min_tls_version": "TLS1_2",
        "network_rules.0.default_action": "Deny",
        "network_rules.0.bypass": ["None"],
    },
    "azurerm_kubernetes_cluster": {
        "local_account_disabled": True,
        "oidc_issuer_enabled": True,
        "workload_identity_enabled": True,
        "azure_active_directory_role_based_access_control.0.azure_rbac_enabled": True,
        "api_server_access_profile.0.authorized_ip_ranges": ["203.0.113.7/32"],
        "network_profile.0.network_plugin_mode": "overlay",
        "network_profile.0.network_data_plane": "cilium",
        "network_profile.0.network_policy": "cilium",
        "network_profile.0.dns_service_ip": "10.245.0.10",
        "storage_profile.0.blob_driver_enabled": True,
    },
    "azurerm_kubernetes_cluster_node_pool": {
        "auto_scaling_enabled": True,
        "node_taints": None,
    },
    "azurerm_key_vault": {
        "rbac_authorization_enabled": True,
        "purge_protection_enabled": True,
        "network_acls.0.default_action": "Deny",
        "network_acls.0.bypass": "None",
    },
}


@pytest.mark.parametrize("type_", SET)
def test_resources_are_closed(state, type_):
    found = of_type(state, type_)
    assert found
    for address, resource in found.items():
        for path, expected in SET[type_].items():
            value = resource
            for part in path.split("."):
                value = value[int(part) if part.isdigit() else part]
            assert value == expected, f"{address}: {path}"
        if "https_traffic_only_enabled" in resource:
            # NFS 4.1, which the root speaks, isn't HTTPS.
            assert resource["https_traffic_only_enabled"] is ("root" not in address)


def test_subnets_lie_in_the_network_and_do_not_overlap(made):
    subnets = of_type(made["two_tiers"], "azurerm_subnet").values()
    prefixes = sorted(subnet["address_prefixes"][0] for subnet in subnets)
    assert prefixes == ["10.40.0.0/18", "10.40.128.0/18", "10.40.64.0/18"]


def test_the_budget_sees_the_nodes_too(made):
    budget = one(made["defaults"], "azurerm_consumption_budget_subscription")
    cluster = one(made["defaults"], "azurerm_kubernetes_cluster")
    ((dimension,),) = [part["dimension"] for part in budget["filter"]]
    assert dimension["values"] == ["fairsilo", cluster["node_resource_group"]]
    assert budget["time_period"][0]["start_date"].endswith("-01T00:00:00Z")


def test_the_chart_learns_where_the_root_share_and_the_store_are(made):
    defaults, other = made["defaults"], made["two_tiers"]
    share = one(defaults, "azurerm_storage_share")
    root = azure(defaults)["root"]
    assert share["enabled_protocol"] == "NFS"
    assert root["share"] == share["name"] == "root"
    assert root["account"].startswith("fairsiloroot")
    assert root["size_gib"] == 100
    assert azure(defaults)["store"] == {"host": None}
    assert not of_type(defaults, "azurerm_mysql_flexible_server")
    server = one(other, "azurerm_mysql_flexible_server")
    assert azure(other)["store"] == {"host": server["fqdn"]}
    assert server["public_network_access"] == "Disabled"
    assert server["administrator_password_wo"] is None


# Values that are refused, and the sentence that says so.
TOO_SMALL = {"vm_size": "x", "min_count": 3, "max_count": 2}
NO_WORKER = {"vm_size": "x", "min_count": 0, "max_count": 2}
REFUSED: list[tuple[str, Any, str]] = [
    ("subscription_id", "mine", "expected a GUID in small letters"),
    ("location", "West Europe", "expected a region's short name"),
    ("name", "Fair-Silo", "expected 3 to 10 small letters and digits"),
    ("admin_group_id", "admins", "expected a GUID"),
    ("member_group_ids", ["operators"], "expected GUIDs"),
    ("allowed_ip_ranges", [], "found none, expected at least one"),
    ("monthly_budget", 0, "expected an amount above 0"),
    ("budget_emails", ["nobody"], "expected at least one mail address"),
    ("redundancy", "GRS", "expected LRS or ZRS"),
    ("root_share_gib", 50, "expected 100 to 102400"),
    ("log_retention_days", 7, "expected 30 to 730"),
    ("kubernetes_version", "1.33.2", "expected a minor version"),
    ("vnet_cidr", "10.40.0.0/24", "expected a range of /20 or wider"),
    ("pod_cidr", "10.244.0.0", "expected a range"),
    ("system_pool", TOO_SMALL, "expected 1 <= min_count <= max_count"),
    ("worker_pool", NO_WORKER, "silo workers run all the time"),
    ("mysql", "single", "expected in-cluster or flexible"),
    ("silos_file", "tests/empty.yaml", "a list `silos` of at least one silo"),
]
# In a run of their own, since one run names all that it refuses.
ALSO_REFUSED: list[tuple[str, Any, str]] = [
    ("allowed_ip_ranges", ["0.0.0.0/0"], "none wider than /16"),
    ("service_cidr", "10.0.0.0/8", "expected a range smaller than /12"),
    ("service_cidr", "10.0.0.0/8", "found ranges that overlap"),
    ("mysql", "flexible", "expected at least 24 characters"),
]
BAD_SILOS = [
    ([{"id": "a", "slug": "a--b"}], "slug: expected at most 40 small letters"),
    ([{"id": "b", "tier": "pool"}], "silo: expected the tier account or container"),
    ([{"id": "C"}, {"id": "c"}], 'Two different items produced the key "c"'),
]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """Return all that Terraform says in each run."""
    runs = [
        {name: value for name, value, _ in rows} for rows in (REFUSED, ALSO_REFUSED)
    ]
    runs += [{"silos_file": f"tests/{i}.yaml"} for i in range(len(BAD_SILOS))]
    with terraform(tmp_path_factory.mktemp("refusals")) as (run, copy):
        (copy / "tests/empty.yaml").write_text("silos: []\n")
        for number, (silos, _) in enumerate(BAD_SILOS):
            path = copy / f"tests/{number}.yaml"
            path.write_text(yaml.safe_dump({"silos": silos}))
        begin = PLAN.read_text().split("variables {")[0]
        for number, given in enumerate(runs):
            lines = "\n".join(f"{name} = {json.dumps(v)}" for name, v in given.items())
            text = f'{begin}run "bad" {{\nvariables {{\n{lines}\n}}\n}}'
            (copy / f"tests/{number}.tftest.hcl").write_text(text)
        done = run("test", "-json", "-var-file=terraform.tfvars.example")
    said: list[list[str]] = [[] for _ in runs]
    for message in messages(done, "diagnostic"):
        number = int(pathlib.Path(message["@testfile"]).name.split(".")[0])
        said[number].append(message["diagnostic"]["detail"])
    return said


def test_bad_values_and_silos_are_refused_with_a_sentence(refusals):
    for said, rows in zip(refusals, (REFUSED, ALSO_REFUSED), strict=False):
        for name, _, sentence in rows:
            assert any(
                sentence in text and name in text.partition(":")[0] for text in said
            ), (name, sentence, said)
    for said, (_, sentence) in zip(refusals[2:], BAD_SILOS, strict=True):
        assert sentence in "\n".join(said)
