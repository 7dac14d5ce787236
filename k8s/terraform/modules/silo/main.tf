# What a silo has in Azure: a container, an identity that may read that container and
# nothing else, and the one service account that may become this identity. With inference
# on blobs, another container for its predictions.
locals {
  account = var.silo.tier == "account" ? module.account[0].account : var.shared_account
  tags    = merge(var.tags, { silo = var.silo.id })
}

module "account" {
  source = "../blob_account"
  count  = var.silo.tier == "account" ? 1 : 0

  name                = var.account_name
  location            = var.location
  resource_group_name = var.resource_group_name
  redundancy          = var.redundancy
  subnet_id           = var.subnet_id
  dns_zone_id         = var.dns_zone_id
  log_workspace_id    = var.log_workspace_id
  tags                = local.tags
}

resource "azurerm_storage_container" "input" {
  name                  = "silo-${var.slug}"
  storage_account_id    = local.account.id
  container_access_type = "private"
}

resource "azurerm_user_assigned_identity" "silo" {
  name                = "${var.name}-silo-${var.slug}"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = local.tags
}

resource "azurerm_federated_identity_credential" "worker" {
  name                      = "worker"
  user_assigned_identity_id = azurerm_user_assigned_identity.silo.id
  issuer                    = var.oidc_issuer_url
  subject                   = "system:serviceaccount:fairsilo-silo-${var.slug}:silo-worker"
  audience                  = ["api://AzureADTokenExchange"]
}

# Not on the account: in the shared one, others' containers lie beside this.
resource "azurerm_role_assignment" "reads_input" {
  scope                = "${local.account.id}/blobServices/default/containers/${azurerm_storage_container.input.name}"
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azurerm_user_assigned_identity.silo.principal_id
  principal_type       = "ServicePrincipal"
}
