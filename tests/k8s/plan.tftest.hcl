# Run by test_terraform.py with terraform.tfvars.example; it looks at what comes out.
mock_provider "azurerm" {
  mock_resource "azurerm_kubernetes_cluster" {
    defaults = {
      kubelet_identity = [{ object_id = "kubelet" }]
    }
  }
}

variables {
  mysql_admin_password = "a-password-that-must-be-in-no-state"
}

run "defaults" {}

run "two_tiers" {
  variables {
    silos_file = "tests/two_tiers.yaml"
    mysql      = "flexible"
  }
}

run "inference" {
  variables {
    silos_file         = "tests/two_tiers.yaml"
    inference_on_blobs = true
  }
}
