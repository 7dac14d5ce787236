# What inference may do with a silo, where it has an identity: read its rows, and write its
# predictions to a container of their own.
resource "azurerm_storage_container" "predictions" {
  count = var.inference == null ? 0 : 1

  name                  = "silo-${var.slug}-predictions"
  storage_account_id    = local.account.id
  container_access_type = "private"
}

resource "azurerm_role_assignment" "inference_reads" {
  count = var.inference == null ? 0 : 1

  scope                = "${local.account.id}/blobServices/default/containers/${azurerm_storage_container.input.name}"
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = var.inference.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "inference_writes" {
  count = var.inference == null ? 0 : 1

  scope                = "${local.account.id}/blobServices/default/containers/${azurerm_storage_container.predictions[0].name}"
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = var.inference.principal_id
  principal_type       = "ServicePrincipal"
}
