output "values" {
  description = "What the silo's Kubernetes objects must know."
  value = {
    client_id      = azurerm_user_assigned_identity.silo.client_id
    resource_group = var.resource_group_name
    account        = local.account.name
    container      = azurerm_storage_container.input.name
    endpoint_ip    = local.account.endpoint_ip
  }
}
