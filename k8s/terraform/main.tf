locals {
  # Names of accounts, vaults and registries are shared by all of Azure.
  unique = substr(sha1(var.subscription_id), 0, 6)
  tags   = merge({ application = "fairsilo" }, var.tags)
}

data "azurerm_client_config" "current" {}

resource "azurerm_resource_group" "main" {
  name     = var.name
  location = var.location
  tags     = local.tags
}

resource "azurerm_log_analytics_workspace" "main" {
  name                         = "${var.name}-logs"
  location                     = azurerm_resource_group.main.location
  resource_group_name          = azurerm_resource_group.main.name
  sku                          = "PerGB2018"
  retention_in_days            = var.log_retention_days
  local_authentication_enabled = false
  tags                         = local.tags
}
