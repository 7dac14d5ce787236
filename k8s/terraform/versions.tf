# 1.11: ephemeral variables and write-only arguments keep passwords out of the state.
terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.73"
    }
  }

  # Where the state lies is said at `init` (docs/azure.md, step 2):
  # -backend-config=state.tfbackend
  backend "azurerm" {
    use_azuread_auth = true
  }
}

provider "azurerm" {
  subscription_id     = var.subscription_id
  storage_use_azuread = true

  features {
    # The accounts can't be reached from where Terraform runs, only from the VNet.
    storage {
      data_plane_available = false
    }

    # Purge protection is on: a vault can't be purged, only recovered.
    key_vault {
      purge_soft_delete_on_destroy    = false
      recover_soft_deleted_key_vaults = true
    }
  }
}
