locals {
  shared_account = anytrue([for silo in values(var.silos) : silo.tier == "container"])
}

# Holds a container for each silo of the tier `container`.
module "shared_account" {
  source = "./modules/blob_account"
  count  = local.shared_account ? 1 : 0

  name                = "${var.name}silos${local.unique}"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  redundancy          = var.redundancy
  subnet_id           = azurerm_subnet.endpoints.id
  dns_zone_id         = azurerm_private_dns_zone.storage["blob"].id
  log_workspace_id    = azurerm_log_analytics_workspace.main.id
  tags                = local.tags
}

module "silo" {
  source   = "./modules/silo"
  for_each = var.silos

  slug                = each.key
  silo                = each.value
  name                = var.name
  account_name        = "${var.name}${substr(sha1(each.key), 0, 8)}${local.unique}"
  shared_account      = one(module.shared_account[*].account)
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  redundancy          = var.redundancy
  subnet_id           = azurerm_subnet.endpoints.id
  dns_zone_id         = azurerm_private_dns_zone.storage["blob"].id
  log_workspace_id    = azurerm_log_analytics_workspace.main.id
  oidc_issuer_url     = azurerm_kubernetes_cluster.main.oidc_issuer_url
  tags                = local.tags
}
