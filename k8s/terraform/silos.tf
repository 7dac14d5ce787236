locals {
  # A silo's name in Kubernetes and Azure: its id in small letters where that can be one,
  # else what is readable of it and a digest. k8s/chart/templates/_helpers.tpl has the same
  # rule.
  listed = [for silo in yamldecode(file(var.silos_file)).silos : {
    id   = silo.id
    tier = try(silo.tier, "container")
    slug = try(silo.slug, can(regex("^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$", silo.id)) && length(silo.id) <= 40
      ? lower(silo.id)
      : "${coalesce(trim(substr(trim(replace(lower(silo.id), "/[^a-z0-9]+/", "-"), "-"), 0, 31), "-"), "silo")}-${substr(sha256(silo.id), 0, 8)}"
    )
  }]
  silos          = { for silo in local.listed : silo.slug => silo }
  shared_account = anytrue([for silo in local.listed : silo.tier == "container"])
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
  for_each = local.silos

  slug                = each.key
  silo                = each.value
  name                = var.name
  account_name        = "${var.name}${substr(sha1(each.key), 0, 8)}${local.unique}"
  shared_account      = one(module.shared_account[*].account)
  inference           = one(azurerm_user_assigned_identity.inference)
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  redundancy          = var.redundancy
  subnet_id           = azurerm_subnet.endpoints.id
  dns_zone_id         = azurerm_private_dns_zone.storage["blob"].id
  log_workspace_id    = azurerm_log_analytics_workspace.main.id
  oidc_issuer_url     = azurerm_kubernetes_cluster.main.oidc_issuer_url
  tags                = local.tags
}
