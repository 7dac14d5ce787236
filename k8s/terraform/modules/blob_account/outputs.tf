output "account" {
  description = "The account: id, name, and the private address that it is reached by."
  value = {
    id          = azurerm_storage_account.this.id
    name        = azurerm_storage_account.this.name
    endpoint_ip = azurerm_private_endpoint.blob.private_service_connection[0].private_ip_address
  }
}
