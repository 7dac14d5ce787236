output "host" {
  description = "Name by which the server is reached inside the VNet."
  value       = azurerm_mysql_flexible_server.this.fqdn
}
