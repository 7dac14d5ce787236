"""What Terraform would make, by Terraform itself with a stand-in for the provider."""

import json
import shutil

import pytest

from pipelines.cluster import azure, names
from tests.k8s.terraform_files import TERRAFORM
from tests.k8s.terraform_runs import (
    NEEDS_TERRAFORM,
    PLAN,
    messages,
    of_type,
    resources_of,
    terraform,
)

pytestmark = NEEDS_TERRAFORM

SILOS = json.loads((TERRAFORM / "silos.auto.tfvars.json").read_text())["silos"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return the state and the outputs of each run in `plan.tftest.hcl`."""
    with terraform(tmp_path_factory.mktemp("plan")) as (run, copy):
        (copy / "tests").mkdir()
        shutil.copy(PLAN, copy / "tests")
        done = run("test", "-json", "-verbose")
    assert done.returncode == 0, done.stdout
    assert "must-be-in-no-state" not in done.stdout
    return {
        message["@testrun"]: message["test_state"]
        for message in messages(done, "test_state")
    }


def overlay(state):
    return state["outputs"]["overlay"]["value"]


def test_terraform_finds_the_configuration_valid(tmp_path):
    with terraform(tmp_path) as (run, _):
        done = run("validate", "-no-color")
        assert done.returncode == 0, done.stdout + done.stderr


def test_terraform_refuses_an_argument_that_the_provider_does_not_know(tmp_path):
    with terraform(tmp_path) as (run, copy):
        with (copy / "modules/silo/main.tf").open("a") as file:
            file.write('resource "azurerm_storage_container" "b" {\n public = 1\n}\n')
        done = run("validate", "-no-color")
    assert 'An argument named "public" is not expected here' in done.stderr
    assert 'The argument "name" is required' in done.stderr


def test_the_overlay_is_told_just_what_its_manifests_ask_for(made):
    for state in made.values():
        told = overlay(state)
        assert {*told} == {*azure.Azure.model_fields}
        assert {*told["root"]} == {*azure.Root.model_fields}
        assert {*told["store"]} == {*azure.Store.model_fields}
        for silo in told["silos"].values():
            assert {*silo} == {*azure.SiloInAzure.model_fields}


def test_each_silo_has_one_identity_and_one_credential_for_its_own_account(made):
    credentials = of_type(made["defaults"], "azurerm_federated_identity_credential")
    assert len(credentials) == len(SILOS) == 16
    for slug in SILOS:
        address = f'module.silo["{slug}"].'
        credential = credentials[
            address + "azurerm_federated_identity_credential.worker"
        ]
        account = f"{names.namespace(slug)}:{names.SERVICE_ACCOUNT}"
        assert credential["subject"] == f"system:serviceaccount:{account}"
        assert credential["audience"] == ["api://AzureADTokenExchange"]
        identities = of_type(made["defaults"], "azurerm_user_assigned_identity")
        identity = identities[address + "azurerm_user_assigned_identity.silo"]
        assert credential["user_assigned_identity_id"] == identity["id"]
    assert len({c["user_assigned_identity_id"] for c in credentials.values()}) == 16
    (cluster,) = of_type(made["defaults"], "azurerm_kubernetes_cluster").values()
    assert {c["issuer"] for c in credentials.values()} == {cluster["oidc_issuer_url"]}


@pytest.mark.parametrize("run", ["defaults", "two_tiers"])
def test_a_silos_identity_may_read_its_own_container_and_nothing_else(made, run):
    accounts = of_type(made[run], "azurerm_storage_account")
    ids = {account["name"]: account["id"] for account in accounts.values()}
    roles = of_type(made[run], "azurerm_role_assignment")
    identities = of_type(made[run], "azurerm_user_assigned_identity")
    scopes = set()
    for slug, silo in overlay(made[run])["silos"].items():
        address = f'module.silo["{slug}"].azurerm_user_assigned_identity.silo'
        principal = identities[address]["principal_id"]
        (role,) = [r for r in roles.values() if r["principal_id"] == principal]
        container = f"blobServices/default/containers/{silo['container']}"
        assert role["scope"] == f"{ids[silo['account']]}/{container}"
        assert role["role_definition_name"] == "Storage Blob Data Reader"
        scopes.add(role["scope"])
    assert len(scopes) == len(overlay(made[run])["silos"])


def test_no_subject_audience_or_scope_holds_a_wildcard(made):
    for state in made.values():
        for resource in resources_of(state["root_module"]):
            for name in ("subject", "audience", "scope", "issuer"):
                assert "*" not in str(resource["values"].get(name)), resource["address"]


def test_the_tier_decides_whether_a_silo_gets_an_account_of_its_own(made):
    silos = overlay(made["two_tiers"])["silos"]
    accounts = {silo["account"] for silo in silos.values()}
    assert len(accounts) == 3  # north-1's, west's and the shared one
    assert silos["south"]["account"].startswith("fairsilosilos")
    addresses = {silo["endpoint_ip"] for silo in silos.values()}
    assert len(addresses) == 3
    assert len({s["account"] for s in overlay(made["defaults"])["silos"].values()}) == 1


def test_every_account_has_an_endpoint_in_the_private_zone_and_blobs_a_log(made):
    for state in made.values():
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


def test_the_cluster_isolates_and_lets_people_in_by_entra_only(made):
    (cluster,) = of_type(made["defaults"], "azurerm_kubernetes_cluster").values()
    assert cluster["local_account_disabled"] is True
    assert cluster["oidc_issuer_enabled"] is True
    assert cluster["workload_identity_enabled"] is True
    (access,) = cluster["azure_active_directory_role_based_access_control"]
    assert access["azure_rbac_enabled"] is True
    (api,) = cluster["api_server_access_profile"]
    assert api["authorized_ip_ranges"] == ["203.0.113.7/32"]
    (network,) = cluster["network_profile"]
    assert network["network_plugin_mode"] == "overlay"
    assert network["network_data_plane"] == network["network_policy"] == "cilium"
    assert network["dns_service_ip"] == "10.245.0.10"
    (storage,) = cluster["storage_profile"]
    assert storage["blob_driver_enabled"] is True


def test_the_one_pool_beside_the_systems_grows_and_takes_all_pods(made):
    for plan in made.values():
        (pool,) = of_type(plan, "azurerm_kubernetes_cluster_node_pool").values()
        assert pool["auto_scaling_enabled"] is True
        assert pool["node_taints"] is None


def test_the_vault_is_closed_and_keeps_what_was_deleted(made):
    (vault,) = of_type(made["defaults"], "azurerm_key_vault").values()
    assert vault["rbac_authorization_enabled"] is True
    assert vault["purge_protection_enabled"] is True
    (acls,) = vault["network_acls"]
    assert (acls["default_action"], acls["bypass"]) == ("Deny", "None")


def test_subnets_lie_in_the_network_and_apart(made):
    subnets = of_type(made["two_tiers"], "azurerm_subnet").values()
    prefixes = sorted(subnet["address_prefixes"][0] for subnet in subnets)
    assert prefixes == ["10.40.0.0/18", "10.40.128.0/18", "10.40.64.0/18"]


def test_the_budget_sees_the_nodes_too(made):
    (budget,) = of_type(
        made["defaults"], "azurerm_consumption_budget_subscription"
    ).values()
    (cluster,) = of_type(made["defaults"], "azurerm_kubernetes_cluster").values()
    ((dimension,),) = [part["dimension"] for part in budget["filter"]]
    assert dimension["values"] == ["fairsilo", cluster["node_resource_group"]]
    start = budget["time_period"][0]["start_date"]
    assert start.endswith("-01T00:00:00Z")


def test_the_root_share_is_nfs_and_its_place_is_told_to_the_overlay(made):
    (share,) = of_type(made["defaults"], "azurerm_storage_share").values()
    root = overlay(made["defaults"])["root"]
    assert share["enabled_protocol"] == "NFS"
    assert root["share"] == share["name"] == "root"
    assert root["account"].startswith("fairsiloroot")
    assert root["size_gib"] == 100


def test_the_store_is_in_the_cluster_unless_said_otherwise(made):
    assert overlay(made["defaults"])["store"] == {"host": None}
    assert not of_type(made["defaults"], "azurerm_mysql_flexible_server")
    (server,) = of_type(made["two_tiers"], "azurerm_mysql_flexible_server").values()
    assert overlay(made["two_tiers"])["store"] == {"host": server["fqdn"]}
    assert server["public_network_access"] == "Disabled"
    assert server["administrator_password_wo"] is None
