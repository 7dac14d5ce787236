resource "azurerm_subnet" "mysql" {
  name                 = "mysql"
  resource_group_name  = var.resource_group_name
  virtual_network_name = var.virtual_network_name
  address_prefixes     = [var.subnet_cidr]

  delegation {
    name = "mysql"

    service_delegation {
      name    = "Microsoft.DBforMySQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_private_dns_zone" "mysql" {
  name                = "${var.name}.private.mysql.database.azure.com"
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "mysql" {
  name                  = var.name
  resource_group_name   = var.resource_group_name
  private_dns_zone_name = azurerm_private_dns_zone.mysql.name
  virtual_network_id    = var.virtual_network_id
  tags                  = var.tags
}

resource "azurerm_mysql_flexible_server" "this" {
  name                              = var.name
  location                          = var.location
  resource_group_name               = var.resource_group_name
  version                           = "8.0.21"
  sku_name                          = "GP_Standard_D2ds_v4"
  administrator_login               = "fairsilo"
  administrator_password_wo         = var.admin_password
  administrator_password_wo_version = var.admin_password_version
  delegated_subnet_id               = azurerm_subnet.mysql.id
  private_dns_zone_id               = azurerm_private_dns_zone.mysql.id
  public_network_access             = "Disabled"
  backup_retention_days             = 14
  tags                              = var.tags

  depends_on = [azurerm_private_dns_zone_virtual_network_link.mysql]
}

resource "azurerm_mysql_flexible_database" "fairsilo" {
  name                = "fairsilo"
  resource_group_name = var.resource_group_name
  server_name         = azurerm_mysql_flexible_server.this.name
  charset             = "utf8mb4"
  collation           = "utf8mb4_0900_ai_ci"
}

# ML Metadata's client offers no TLS here; the server has no address outside the VNet.
resource "azurerm_mysql_flexible_server_configuration" "no_tls" {
  name                = "require_secure_transport"
  resource_group_name = var.resource_group_name
  server_name         = azurerm_mysql_flexible_server.this.name
  value               = "OFF"
}
