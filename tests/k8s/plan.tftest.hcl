# Run by test_terraform_plan.py, which looks at the resources that come out.
mock_provider "azurerm" {
  mock_resource "azurerm_kubernetes_cluster" {
    defaults = {
      kubelet_identity = [{ object_id = "kubelet" }]
    }
  }
}

variables {
  subscription_id   = "00000000-0000-0000-0000-000000000001"
  admin_group_id    = "00000000-0000-0000-0000-000000000002"
  allowed_ip_ranges = ["203.0.113.7/32"]
  monthly_budget    = 1000
  budget_emails     = ["operator@example.org"]

  mysql_admin_password = "a-password-that-must-be-in-no-state"
}

run "defaults" {}

run "two_tiers" {
  variables {
    silos = {
      north-1 = { id = "North 1", namespace = "fairsilo-silo-north-1", service_account = "silo-worker", tier = "account" }
      south   = { id = "South", namespace = "fairsilo-silo-south", service_account = "silo-worker", tier = "container" }
      west    = { id = "West", namespace = "fairsilo-silo-west", service_account = "silo-worker", tier = "account" }
    }
    mysql = "flexible"
  }
}
