"""Terraform's files keep what the documentation promises."""

import re
import shutil
import subprocess

import pytest

from pipelines.cluster import manifests, silos
from tests.k8s.terraform_files import TERRAFORM, modules, resources

ALL = list(resources())


def of_type(type_):
    return {where: body for kind, where, body in ALL if kind == type_}


def text_of(module):
    folder = TERRAFORM / "modules" / module if module else TERRAFORM
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.tf")))


@pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed")
def test_files_are_formatted():
    command = ["terraform", "fmt", "-check", "-recursive", "-diff", str(TERRAFORM)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", sorted(modules()))
def test_every_variable_is_typed_described_and_used(module):
    blocks, text = modules()[module], text_of(module)
    for declared in blocks.get("variable", []):
        for name, body in declared.items():
            assert body.get("type"), f"{module}: {name} has no type"
            assert body.get("description"), f"{module}: {name} has no description"
            elsewhere = re.sub(rf'variable "{name}" {{.*?\n}}', "", text, flags=re.S)
            assert re.search(rf"\bvar\.{name}\b", elsewhere), (
                f"{module}: {name}: unused"
            )


@pytest.mark.parametrize("module", sorted(modules()))
def test_every_output_is_described(module):
    for declared in modules()[module].get("output", []):
        for name, body in declared.items():
            assert body.get("description"), f"{module}: {name} has no description"


def test_storage_accounts_take_no_keys_and_nobody_from_outside():
    accounts = of_type("azurerm_storage_account")
    assert len(accounts) == 2  # the root's, and the module's for blobs
    for where, body in accounts.items():
        assert body["shared_access_key_enabled"] is False, where
        assert body["public_network_access_enabled"] is False, where
        assert body["allow_nested_items_to_be_public"] is False, where
        assert body["local_user_enabled"] is False, where
        assert body["cross_tenant_replication_enabled"] is False, where
        assert body["default_to_oauth_authentication"] is True, where
        assert body["min_tls_version"] == "TLS1_2", where
        (rules,) = body["network_rules"]
        assert rules == {"default_action": "Deny", "bypass": ["None"]}, where
    assert accounts["blob_account:azurerm_storage_account.this"][
        "https_traffic_only_enabled"
    ]


def test_passwords_are_neither_made_nor_kept_by_terraform():
    assert not {type_ for type_, _, _ in ALL} & {
        "azurerm_key_vault_secret",
        "random_password",
    }
    for module, blocks in modules().items():
        for declared in blocks.get("variable", []):
            for name, body in declared.items():
                if name.endswith("password"):
                    assert body["ephemeral"] is True, f"{module}: {name}"
                    assert body["sensitive"] is True, f"{module}: {name}"


def test_roles_are_named_one_by_one_and_none_may_grant_others_or_list_keys():
    roles = {
        where.split(".")[1]: body["role_definition_name"]
        for where, body in of_type("azurerm_role_assignment").items()
    }
    assert roles == {
        "admins": "Azure Kubernetes Service RBAC Cluster Admin",
        "admins_push": "AcrPush",
        "admins_secrets": "Key Vault Secrets Officer",
        "cluster_joins_nodes": "Network Contributor",
        "logins": "Azure Kubernetes Service Cluster User Role",
        "nodes_pull": "AcrPull",
        "reads_input": "Storage Blob Data Reader",
    }


def test_the_list_of_silos_is_what_the_package_makes_of_silos_yaml():
    listed = silos.read(TERRAFORM.parent / manifests.SILOS_FILE)
    made = (TERRAFORM.parent / manifests.TERRAFORM_FILE).read_text()
    assert made == manifests.terraform(listed), "run `make manifests`"
